"""The one way out for text to a terminal: what a terminal would obey is spelled out, and no secret passes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from harness.record.redact import foreign
from reports.text.markdown import cut
from reports.text.neutralise import plain

_COLOUR = re.compile(r"(\x1b\[[0-9;]{0,12}m)")


# Characters of a line; the longest of ours repeats a request, whose body is then within it.
LONGEST = 40_000


def said(error: BaseException | str) -> str:
    """An error in one line, without secrets."""
    return plain(foreign(str(error)))


def guard(reporter: pytest.TerminalReporter) -> None:
    """Let everything that pytest writes pass through here, node ids, tracebacks and warnings of others included.

    Colours are pytest's own; where it writes none, no escape sequence is its own either.
    """
    writer: Any = reporter._tw  # noqa: SLF001 -- pytest has no hook for what it writes
    writer.code_highlight = False
    writer.write = _guarded(writer.write, colours=writer.hasmarkup, rewinds=bool(reporter.isatty))


def _guarded(write: Callable[..., None], *, colours: bool, rewinds: bool) -> Callable[..., None]:
    def guarded(message: str, *, flush: bool = False, **markup: bool) -> None:
        begin = "\r" if rewinds and message.startswith("\r") else ""
        text = foreign(message.removeprefix("\r"))
        parts = _COLOUR.split(text) if colours else [text]
        write(
            begin + "".join(part if at % 2 else _bounded(part) for at, part in enumerate(parts)), flush=flush, **markup
        )

    return guarded


def _bounded(text: str) -> str:
    return "\n".join(cut(line, LONGEST) for line in text.split("\n"))
