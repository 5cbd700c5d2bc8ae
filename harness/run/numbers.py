"""Numbers of the command line: read, and held against the same bounds as those of the policy.

A limit that is not understood stops the run before the first request: 0, a negative number, NaN and infinity are never
taken for "no limit".
"""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from harness.declared.table import NO_LIMIT, Count, Rate, Seconds, Seed, Timeout, Wait
from harness.run.options import UsageError

Given = str | float | None


def rate_of(given: Given, option: str = "--oip-max-rate") -> float | None:
    """Requests a second; None where nothing was given.

    Raises:
        UsageError: it is no such number (as for all of these).
    """
    return None if given is None else float(_number(given, option, float, Rate))


def count_of(given: Given, option: str = "--oip-max-requests") -> int | None:
    """Requests in all; None where nothing was given."""
    return None if given is None else int(_number(given, option, int, Count))


def seconds_of(given: Given, option: str = "--oip-time-budget") -> float | str | None:
    """Seconds of the whole run, or the word for no limit; None where nothing was given."""
    if given is None or given == NO_LIMIT:
        return given
    return float(_number(given, option, float, Seconds, f", or the word {NO_LIMIT}"))


def timeout_of(given: Given, option: str = "--oip-timeout") -> float | None:
    """Seconds for one request; None where nothing was given."""
    return None if given is None else float(_number(given, option, float, Timeout))


def wait_of(given: Given, option: str = "--oip-wait-ready") -> float:
    """Seconds to wait until the endpoint is ready; 0 where nothing was given."""
    return 0.0 if given is None else float(_number(given, option, float, Wait))


def seed_of(given: Given, option: str = "--oip-seed") -> int | None:
    """A seed; None where nothing was given."""
    return None if given is None else int(_number(given, option, int, Seed))


def _number(given: str | float, option: str, read: type[int] | type[float], kind: Any, or_else: str = "") -> Any:  # noqa: ANN401
    try:
        # "1_0" is a number to Python and a typing error to everybody else.
        value = read(given) if not isinstance(given, str) or "_" not in given else None
        return msgspec.convert(value, kind)
    except (ValueError, OverflowError, msgspec.ValidationError):
        meta = get_args(kind)[1]
        low = f"above {meta.gt:g}" if meta.gt is not None else f"from {meta.ge}"
        what = "a whole number" if read is int else "a number"
        shown = str(given)[:40]
        raise UsageError(f"{option} {shown}: give {what} {low} to {meta.le}{or_else}, or leave it out") from None
