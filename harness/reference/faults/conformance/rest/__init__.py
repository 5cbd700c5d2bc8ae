"""Seeded faults for the checks of ``suites/conformance/rest``, one file for each of theirs."""
