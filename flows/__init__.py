"""Moved by the clock: Prefect flows and the adapters they use."""
