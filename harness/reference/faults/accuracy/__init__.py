"""Seeded faults of the suite accuracy: models worse than what is declared of them, and right by the protocol."""
