"""Seeded faults for the checks of ``suites/conformance/grpc``, one file for each of theirs."""
