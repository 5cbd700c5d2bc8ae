"""What locust's processes log is shown by a terminal, and not obeyed."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from harness.load.locust.console import console, guard_logs


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the handler of locust's tables writes."""
    stream = io.StringIO()
    handler, before = logging.StreamHandler(stream), (console.level, console.propagate)
    handler.setFormatter(logging.Formatter("%(message)s"))
    console.addHandler(handler)
    console.setLevel(logging.INFO)
    console.propagate = False
    others = {each: each.formatter for name in ("", "locust") for each in logging.getLogger(name).handlers}
    yield stream
    for each, formatter in others.items():
        each.setFormatter(formatter)
    console.removeHandler(handler)
    console.level, console.propagate = before


def test_names_of_an_endpoint_do_nothing_to_a_terminal(written: io.StringIO) -> None:
    guard_logs()
    guard_logs()
    console.info("POST  %s\n%d", "a\x1b]0;OWNED\x07\u202eb", 5)
    assert written.getvalue() == "POST  a‹U+001B›]0;OWNED‹U+0007›‹U+202E›b\n5\n"
