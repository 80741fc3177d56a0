"""Pages of the enterprises."""
