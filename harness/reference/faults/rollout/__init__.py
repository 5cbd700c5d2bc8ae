"""Seeded faults of the suite rollout: right in themselves, and not what the server beside them does."""
