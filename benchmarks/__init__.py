"""Benchmarks: skill against peers, speed against a baseline in the same run."""
