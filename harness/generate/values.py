"""Strategies for single values of each data type, and for request ids."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from harness.wire.datatypes import DATATYPES

# Control characters have checks of their own; a lone surrogate is no text that UTF-8 could carry.
PLAIN = st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co"))


def request_ids() -> st.SearchStrategy[str]:
    """Non-empty ids of up to 64 characters."""
    return st.text(PLAIN, min_size=1, max_size=64)


def elements(datatype: str) -> st.SearchStrategy[Any]:
    """Values that a data type can hold and JSON can spell: no NaN, no infinity."""
    entry = DATATYPES[datatype]
    if entry.kind == "bool":
        return st.booleans()
    if entry.kind == "bytes":
        return st.text(PLAIN, max_size=20)
    if entry.kind in ("int", "uint"):
        assert entry.minimum is not None
        assert entry.maximum is not None
        return st.integers(int(entry.minimum), int(entry.maximum))
    width = {"FP16": 16, "FP32": 32}.get(datatype, 64)
    return st.floats(allow_nan=False, allow_infinity=False, width=width)  # type: ignore[arg-type]


def element_lists(datatype: str) -> st.SearchStrategy[tuple[Any, ...]]:
    """One to four elements."""
    return st.lists(elements(datatype), min_size=1, max_size=4).map(tuple)


def raw_lists(datatype: str) -> st.SearchStrategy[tuple[Any, ...]]:
    """One to four elements for the forms that are not JSON: elements of BYTES are any bytes at all."""
    if DATATYPES[datatype].kind == "bytes":
        return st.lists(st.binary(max_size=12), min_size=1, max_size=4).map(tuple)
    return element_lists(datatype)
