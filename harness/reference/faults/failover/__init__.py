"""Seeded faults for the checks of ``suites/failover``, one file for each of theirs."""
