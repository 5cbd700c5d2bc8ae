"""Content that a service has from outside of what it publishes: files of the host, settings of a model, folders.

BaselineAnswer by what stands in it, never by a name: a server may repeat any text that it was sent.
"""

from __future__ import annotations

import re

from harness.wire import strictjson

SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("lines of a file of accounts", re.compile(r"\broot:[^:\s]*:0:0:[^:\n]*:")),
    (
        "variables of a process",
        re.compile(
            r"(?:^|[\0\n\"])(?:PATH|HOME|HOSTNAME|PWD|SHLVL|LANG|PYTHONPATH)=[^\0\n]{1,1000}(?:\0|\\u0000|\n\w+=)"
        ),
    ),
    (
        "settings of a model",
        re.compile(r'"implementation"\s*:\s*"[\w.]+"|"(?:uri|path)"\s*:\s*"(?:file:/|\.?\.?/)[^"]'),
    ),
    (
        "configuration of a model",
        re.compile(
            r"^[ \t]*(?:(?:platform|backend)\s*:\s*\"|max_batch_size\s*:\s*\d|(?:input|output)\s*\[)", re.MULTILINE
        ),
    ),
    ("the listing of a folder", re.compile(r"(?i)<title>\s*(?:index of|directory listing)|\.\./</a>")),
)
LIMIT = 64 * 1024


def from_outside(text: str, asked: str, harmless: str) -> str | None:
    """What an answer has from outside, in words; None if nothing was recognised.

    Args:
        text: the body of the answer, as it is.
        asked: the name that was asked for, decoded.
        harmless: the body of an answer for a name that nobody has: what stands there, too, is from no file.
    """
    known = next((name for name, sign in SIGNS if sign.search(text[:LIMIT])), None)
    if known is not None:
        return None if text == harmless else known
    plain = text.strip()
    if not plain or plain.startswith("<") or text == harmless or asked in text or _is_json(text):
        return None
    return "a text that is no JSON, as of a file"


def _is_json(text: str) -> bool:
    try:
        strictjson.parse(text.encode("utf-8", "surrogatepass"))
    except strictjson.NotJson:
        return False
    except strictjson.TooMuch:
        # Values as far as it was read: too many of them are no file's text.
        return True
    return True
