"""Exchanges and bodies as files named by their content, below ``exchanges/``, of bundles without a pack."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from harness.bundle.places import LIMITS, Suffix, address, place
from harness.foreign import read_inside, walk

_MOST = 1_000_000


class Altered(ValueError):
    """What lies under a digest does not have it, or what should hold it is damaged."""


class FolderReader:
    """Files named by their SHA-256 below ``root/exchanges``; see :class:`harness.bundle.store.Store`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def get(self, digest: str, suffix: Suffix) -> bytes:
        """The content of a digest; a stranger's folder is read as such."""
        data = read_inside(self.root, place(digest, suffix), LIMITS[suffix])
        if hashlib.sha256(data).hexdigest() != digest:
            raise Altered(f"{place(digest, suffix)} does not have the content that its name promises")
        return data

    def __iter__(self) -> Iterator[tuple[str, Suffix]]:
        """What has the name of a record or a body."""
        for found in walk(self.root, _MOST):
            addressed = address(found.name) if found.kind == "file" else None
            if addressed is not None:
                yield addressed
