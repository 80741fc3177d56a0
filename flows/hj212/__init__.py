"""HJ 212: what plants send about their stacks and their treatment facilities."""
