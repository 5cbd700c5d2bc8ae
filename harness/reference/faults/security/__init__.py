"""Seeded faults for the checks of ``suites/security``, one file for each of theirs."""
