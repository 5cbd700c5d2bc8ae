"""Faults that can be caused, a file for each family."""
