"""Seeded faults for the checks of ``suites/conformance/binary``, one file for each of theirs."""
