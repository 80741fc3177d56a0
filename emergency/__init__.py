"""What is decided, and the proof."""
