"""Requests that no client means well: their bodies, heads and names."""
