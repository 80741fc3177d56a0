"""What the rules say: dated, cited, with a digest."""
