"""Moved by people: web pages and the command line."""
