"""One way to the exchanges and bodies of a bundle, whoever reads them and however they lie."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from harness.bundle.folder import FolderReader
from harness.bundle.places import EXCHANGES, PACK, Suffix
from harness.bundle.unpack import PackReader


class Store(Protocol):
    """Content by its SHA-256."""

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
    """The exchanges of a bundle: its pack, or the files that runs left before there was one."""
    if (folder / PACK).exists() or not (folder / EXCHANGES).is_dir():
        return PackReader(folder)
    return FolderReader(folder)
