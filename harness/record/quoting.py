"""Foreign words, shortened for people: redacted first, then cut. A token that is cut first is not known any more."""

from __future__ import annotations

from harness.record.redact import foreign

# So much more than is shown is looked at: a secret that is in part in what is shown is whole, or a piece that is known.
_AHEAD = 4096


def clip(text: str, limit: int) -> str:
    """The beginning of what somebody else wrote, without secrets."""
    return foreign(text[: limit + _AHEAD])[:limit]


def clip_end(text: str, limit: int) -> str:
    """The end of what somebody else wrote, without secrets."""
    return foreign(text[-limit - _AHEAD :])[-limit:]


def clip_bytes(data: bytes, limit: int) -> str:
    """The same of bytes, as text."""
    return clip(data[: 4 * limit + _AHEAD].decode("utf-8", "replace"), limit)
