"""Exchanges and bodies as files named by their content, below ``exchanges/``, each written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from harness.bundle.places import EXCHANGES, LIMITS, Suffix, address, place
from harness.foreign import read_inside, walk

# Names remembered so as not to write the same content again; forgetting one costs a write, never a wrong file.
REMEMBERED = 100_000
_MOST = 1_000_000


class Altered(ValueError):
    """What lies under a digest does not have it."""


class FolderStore:
    """Files named by their SHA-256 below ``root/exchanges``; see :class:`harness.bundle.store.Store`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.written = 0
        self._folder = str(root)
        self._known: set[str] = set()
        self._folders: set[str] = set()
        self._numbers = itertools.count(1)

    def put(self, data: bytes, suffix: Suffix) -> str:
        """Keep ``data`` as ``exchanges/<first 2>/<sha256>.<suffix>`` and give the digest."""
        digest = hashlib.sha256(data).hexdigest()
        name = place(digest, suffix)
        if name in self._known:
            return digest
        # Thousands of small files: calls of the system alone take half the time that those of pathlib do.
        path = f"{self._folder}/{name}"
        temporary = f"{os.path.dirname(path)}/.{digest}.{os.getpid()}.{next(self._numbers)}"  # noqa: PTH120
        try:
            _write(temporary, data)
        except FileNotFoundError:
            self._make_folder(os.path.dirname(path))  # noqa: PTH120
            _write(temporary, data)
        try:
            os.replace(temporary, path)  # noqa: PTH105 -- a reader, or a run that is killed, never sees half a file
        except BaseException:
            _remove(temporary)
            raise
        self.written += len(data)
        if len(self._known) >= REMEMBERED:
            self._known = set()
        self._known.add(name)
        return digest

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

    def _make_folder(self, path: str) -> None:
        """Make a folder below ``exchanges`` once; one that was there and is gone took evidence with it."""
        top = f"{self._folder}/{EXCHANGES}"
        if not self._folders:
            os.makedirs(top, exist_ok=True)  # noqa: PTH103
        for each in (top, path):
            if each in self._folders and not os.path.isdir(each):  # noqa: PTH112
                raise FileNotFoundError(errno.ENOENT, "the evidence folder, or a part of it, was removed")
            with contextlib.suppress(FileExistsError):
                os.mkdir(each)  # noqa: PTH102 -- those above are not made a second time
            self._folders.add(each)


def _write(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    except BaseException:
        _remove(path)
        raise
    finally:
        os.close(descriptor)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)  # noqa: PTH108
