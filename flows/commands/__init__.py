"""Commands that drive flows."""
