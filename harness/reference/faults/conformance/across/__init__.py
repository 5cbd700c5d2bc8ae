"""Seeded faults for the checks of ``suites/conformance/across``, one file for each of theirs."""
