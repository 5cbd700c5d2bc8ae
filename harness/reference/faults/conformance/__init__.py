"""Seeded faults for the checks of ``suites/conformance``, one file for each of theirs."""
