"""Sources, one adapter file each."""
