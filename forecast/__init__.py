"""What the air is and what it will be."""
