"""Helpers that faults of several files share. They register no fault."""
