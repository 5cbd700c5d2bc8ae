"""What a service says that it executed: a list of request ids, where it keeps one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import httpx
import msgspec

from harness.foreign import MEBIBYTE, read_given

MOST_BYTES = 256 * MEBIBYTE
_TIMEOUT_S = 30.0


class NoExecutions(Exception):
    """What was executed cannot be read; says why."""


class _Line(msgspec.Struct):
    id: str | None = None


def read_executions(source: str, folder: str = "") -> Counter[str]:
    """How often each request was executed, by its id.

    Args:
        source: a file, seen from ``folder``, or an ``http://`` address. Each line is one execution: a JSON object with
            an ``id``, or words of which the first is the id.

    Raises:
        NoExecutions: it cannot be read.
    """
    try:
        is_remote = source.startswith(("http://", "https://"))
        data = _fetched(source) if is_remote else read_given(Path(folder, source), MOST_BYTES)
    except (OSError, httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoExecutions(f"executions = {source!r} cannot be read: {error}") from None
    return Counter(_ids(data.splitlines()))


def executed_twice(counts: Counter[str]) -> int:
    """How many ids were executed more than once."""
    return sum(count > 1 for count in counts.values())


def _ids(lines: Iterable[bytes]) -> Iterable[str]:
    for line in lines:
        if line.lstrip().startswith(b"{"):
            try:
                found = msgspec.json.decode(line, type=_Line).id
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                # The last one may be half written.
                continue
            if found is not None:
                yield found
        elif words := line.split(maxsplit=1):
            yield words[0].decode("utf-8", "replace")


def _fetched(url: str) -> bytes:
    data = bytearray()
    with httpx.stream("GET", url, timeout=_TIMEOUT_S, trust_env=False) as answer:
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            data += piece
            if len(data) > MOST_BYTES:
                raise NoExecutions(f"executions = {url!r} gives more than {MOST_BYTES // MEBIBYTE} MiB")
    return bytes(data)
