"""One way to the exchanges and bodies of a bundle, whoever writes or reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from harness.bundle.folder import FolderStore
from harness.bundle.places import Suffix


class Store(Protocol):
    """Content by its SHA-256; the same content is kept once.

    Attributes:
        written: bytes of content put so far.
    """

    written: int

    def put(self, data: bytes, suffix: Suffix) -> str:
        """Keep content, whole or not at all, and give its digest.

        Raises:
            OSError: the disk refuses.
        """

    def get(self, digest: str, suffix: Suffix) -> bytes:
        """The content of a digest.

        Raises:
            harness.bundle.folder.Altered: what lies there is something else.
            ValueError: no digest.
            OSError: it is not there, or cannot be read.
        """

    def __iter__(self) -> Iterator[tuple[str, Suffix]]:
        """Digest and suffix of everything there, in no order."""


def store_of(folder: Path) -> Store:
    """The exchanges of a bundle, to be written or read."""
    return FolderStore(folder)
