"""Seeded faults for the checks of ``suites/conformance/extensions``, one file for each of theirs."""
