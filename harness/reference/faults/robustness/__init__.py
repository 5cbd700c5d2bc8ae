"""Seeded faults that the checks of the suite robustness find."""
