"""Channels, one adapter file each."""
