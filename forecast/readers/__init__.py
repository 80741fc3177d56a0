"""Readers of real files, one format each."""
