"""Helpers for faults of trained models."""
