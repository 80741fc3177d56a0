"""Commands, one file each, found by entry point."""
