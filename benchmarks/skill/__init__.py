"""Skill of the forecast against peers."""
