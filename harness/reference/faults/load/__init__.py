"""Seeded faults for the checks of ``suites/load``, one file for each of theirs."""
