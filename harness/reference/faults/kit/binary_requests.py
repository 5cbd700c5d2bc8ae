"""Helpers for faults of the header of binary requests."""

from __future__ import annotations


def header_number(header: str) -> int | None:
    return int(header) if header.lstrip("-").isdecimal() and len(header) < 18 else None
