"""Models behind one protocol: fit, predict paths, describe."""
