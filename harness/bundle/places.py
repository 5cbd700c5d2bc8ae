"""Where exchange records and bodies lie within a bundle; nothing else spells their paths."""

from __future__ import annotations

import re
from typing import Literal

from harness.foreign import MEBIBYTE

Suffix = Literal["json", "body"]
EXCHANGES = "exchanges"
PACK = "exchanges.warc.gz"
RECORD: Literal["json"] = "json"
BODY: Literal["body"] = "body"
# What is read of one, at most: far more than a run leaves.
LIMITS = {RECORD: 32 * MEBIBYTE, BODY: 256 * MEBIBYTE}
# Of a pack, as it lies and unpacked.
MAX_PACK, MOST_OF_ALL = 2048 * MEBIBYTE, 4096 * MEBIBYTE

# Beside the manifest, which they sign or mark: it cannot list them.
ATTESTATION, TEST_RESULT, MARKS = "attestation.dsse.json", "test-result.dsse.json", "marks"

_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = re.compile(r"exchanges/([0-9a-f]{2})/\.\1[0-9a-f]{62}\.[0-9]{1,10}\.[0-9]{1,10}")
_PLACE = re.compile(r"exchanges/([0-9a-f]{2})/(\1[0-9a-f]{62})\.(json|body)")


def is_sha256(text: str) -> bool:
    """Whether a text is a SHA-256 as it is written here: lower-case hex."""
    return _SHA256.fullmatch(text) is not None


def place(digest: str, suffix: Suffix) -> str:
    """Path of a record or a body, relative to the bundle.

    Raises:
        ValueError: not a lower-case hex SHA-256, so nothing that may become part of a path.
    """
    if not is_sha256(digest):
        raise ValueError(f"{digest!r} is not a SHA-256")
    return f"{EXCHANGES}/{digest[:2]}/{digest}.{suffix}"


def named(digest: str, suffix: Suffix) -> str:
    """The same for people: a bundle may call anything a digest, and it is only shown."""
    try:
        return place(digest, suffix)
    except ValueError:
        return f"{EXCHANGES}/{digest[:80]!r}"


def address(name: str) -> tuple[str, Suffix] | None:
    """Digest and suffix of what a path promises; None where it is no place of a record or a body."""
    match = _PLACE.fullmatch(name)
    if match is None:
        return None
    return match[2], RECORD if match[3] == RECORD else BODY


def unfinished(name: str) -> bool:
    """Whether a path is that of content whose writing was cut off, as by a run that is killed."""
    return _UNFINISHED.fullmatch(name) is not None


def among_exchanges(name: str) -> bool:
    """Whether a path belongs to the exchanges, rightly or not."""
    return name.startswith(f"{EXCHANGES}/")


def beside_manifest(name: str) -> bool:
    """Whether a path is that of a signature or of a mark, which are made when the manifest is there."""
    return name in (ATTESTATION, TEST_RESULT) or name.startswith(f"{MARKS}/")
