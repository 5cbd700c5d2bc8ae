"""Intervals, sequences of them, and the one decision rule: what a number that was sampled may be said to show."""
