"""Exchanges as evidence: what one is, what must not be kept of it, and where it is kept."""
