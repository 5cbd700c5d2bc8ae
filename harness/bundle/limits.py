"""What is read of a bundle, at most: far more than a run leaves, and so little that a hostile one ends in seconds."""

from __future__ import annotations

from harness.foreign import MEBIBYTE, Refused

MAX_FILES = 240_000
MAX_MANIFEST = 56 * MEBIBYTE
MAX_DOCUMENT = 64 * MEBIBYTE
MAX_PAGE = 64 * MEBIBYTE
MAX_SCHEMA = 4 * MEBIBYTE
MAX_PLAN = 16 * MEBIBYTE
MAX_JUNIT = 64 * MEBIBYTE
MAX_JOURNAL = 1024 * MEBIBYTE
MAX_LINE = 16 * MEBIBYTE
# Of a pack; the writer ends there as well.
MOST_EXCHANGES = 2_000_000
# Lines that are kept in memory: results of checks, models, facts, incidents, runs of load.
MAX_KEPT = 50_000
MAX_LINES = MOST_EXCHANGES + MAX_KEPT
# Raw samples of load are the largest files there are; all together:
MAX_FILE = 2048 * MEBIBYTE
MAX_ALL = 4096 * MEBIBYTE
# Values in one JSON text, by its commas and brackets: two bytes of text can be sixty in memory.
MAX_VALUES = 2_000_000


def counted(data: bytes, most: int = MAX_VALUES) -> bytes:
    """The JSON text as it is, where it holds no more values than may be built.

    Raises:
        harness.foreign.Refused: it holds more.
    """
    if len(data) > most and data.count(b",") + data.count(b"[") + data.count(b"{") > most:
        raise Refused(f"holds more than {most} values")
    return data
