"""Runs beside each other: what changed from one to the next, and what all of them show over time."""
