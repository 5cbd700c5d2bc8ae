"""Seeded faults for the checks of ``suites/adversarial``, one file for each of theirs."""
