"""Files that somebody else made: regular ones only, no link followed, and their size known before a byte is read.

A folder from a stranger may hold a pipe that nobody writes to, a device without an end, ten gigabytes of nothing, or a
link to a file of the reader's own. Whatever reads such a folder opens it here.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Literal

MEBIBYTE = 1 << 20
MAX_DEPTH = 8
# O_NONBLOCK: a pipe that took the file's place after it was looked at must not be waited for.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

Kind = Literal["file", "folder", "link", "other"]


class Refused(OSError):
    """Something that is not read; ``strerror`` says why in words."""

    def __init__(self, text: str) -> None:
        super().__init__(errno.EINVAL, text)

    def __str__(self) -> str:
        return str(self.strerror)


@dataclass(frozen=True, slots=True)
class ForeignEntry:
    """One thing in a folder: its path relative to it, with slashes; ``size`` in bytes, of regular files only."""

    name: str
    kind: Kind
    size: int = 0


def open_inside(folder: Path, name: str, limit: int) -> BufferedReader:
    """Open a regular file that lies in a folder, without following a link below the folder.

    Args:
        folder: the user named it, so it may itself be a link.
        name: path relative to it, with slashes.
        limit: the largest size in bytes.

    Raises:
        OSError: not there, no regular file, larger than the limit, or a name that leads out of the folder; see
            :class:`Refused`.
    """
    *parents, last = _parts(name)
    at = os.open(folder, _FOLDER)
    try:
        for parent in parents:
            if _stat(parent, at) != "folder":
                raise Refused(f"lies in {parent}, which is no folder")
            inner = os.open(parent, _FOLDER | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = inner
        # Opening a device may already do something, so it is looked at before, and again once it is open.
        kind = _stat(last, at)
        if kind != "file":
            raise Refused("is a symbolic link" if kind == "link" else "is no regular file")
        return _checked(os.open(last, _FILE, dir_fd=at), limit)
    finally:
        os.close(at)


def read_inside(folder: Path, name: str, limit: int) -> bytes:
    """The content of a regular file that lies in a folder; as :func:`open_inside`."""
    with open_inside(folder, name, limit) as file:
        return _whole(file, limit)


def read_given(path: Path, limit: int) -> bytes:
    """The content of a file that the user named; links are the user's own and are followed.

    Raises:
        OSError: not there, no regular file, or larger than the limit.
    """
    with open_given(path, limit) as file:
        return _whole(file, limit)


def open_given(path: Path, limit: int) -> BufferedReader:
    """Open a regular file that the user named; as :func:`read_given`."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Refused("is no regular file")
        return _checked(os.open(path, _FILE & ~os.O_NOFOLLOW), limit)
    except ValueError as error:
        raise Refused(f"has a name that no file can have: {error}") from error


def walk(folder: Path, most: int) -> Iterator[ForeignEntry]:
    """Everything in a folder but folders themselves, in no order; a link is listed and never entered.

    Raises:
        OSError: the folder cannot be read, holds more than ``most`` things, or is nested too deep.
    """
    budget = [most]
    at = os.open(folder, _FOLDER)
    try:
        yield from _walked(at, "", MAX_DEPTH, budget)
    finally:
        os.close(at)


def _walked(at: int, before: str, depth: int, budget: list[int]) -> Iterator[ForeignEntry]:
    inner = []
    with os.scandir(at) as entries:
        for entry in entries:
            budget[0] -= 1
            if budget[0] < 0:
                raise Refused("holds more files than may be looked at")
            name = before + entry.name
            if entry.is_symlink():
                yield ForeignEntry(name, "link")
            elif entry.is_dir(follow_symlinks=False):
                inner.append(entry.name)
            elif entry.is_file(follow_symlinks=False):
                yield ForeignEntry(name, "file", entry.stat(follow_symlinks=False).st_size)
            else:
                yield ForeignEntry(name, "other")
    if inner and not depth:
        raise Refused(f"is nested deeper than {MAX_DEPTH} folders")
    for name in inner:
        below = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=at)
        try:
            yield from _walked(below, f"{before}{name}/", depth - 1, budget)
        finally:
            os.close(below)


def _parts(name: str) -> list[str]:
    parts = name.split("/")
    if not all(parts) or "." in parts or ".." in parts or len(parts) > MAX_DEPTH + 1:
        raise Refused("is no path inside this folder")
    try:
        if "\0" in name or os.fsencode(name) == b"":
            raise Refused("has a name that no file can have")
    except UnicodeEncodeError as error:
        raise Refused("has a name that no file can have") from error
    return parts


def _stat(name: str, at: int) -> Kind:
    mode = os.stat(name, dir_fd=at, follow_symlinks=False).st_mode
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "other"


def _checked(descriptor: int, limit: int) -> BufferedReader:
    found = os.fstat(descriptor)
    refused = ""
    if not stat.S_ISREG(found.st_mode):
        refused = "is no regular file"
    elif found.st_size > limit:
        refused = f"is larger than the {_octets(limit)} that are read of it"
    if refused:
        os.close(descriptor)
        raise Refused(refused)
    return os.fdopen(descriptor, "rb")


def sha256_of(file: BufferedReader) -> str:
    """SHA-256 of a file; as :func:`digest_of`."""
    return digest_of(file, "sha256")


def digest_of(file: BufferedReader, name: str) -> str:
    """A digest of a file, as large as it was when it was opened; read in pieces.

    Args:
        name: of the hash, as :mod:`hashlib` knows it.

    Raises:
        Refused: it grows meanwhile, perhaps for ever.
    """
    digest, left = hashlib.new(name), os.fstat(file.fileno()).st_size
    while piece := file.read(min(left + 1, MEBIBYTE)):
        left -= len(piece)
        if left < 0:
            raise Refused("grows while it is read")
        digest.update(piece)
    return digest.hexdigest()


def _whole(file: BufferedReader, limit: int) -> bytes:
    """All of it, as large as it was when it was opened: it may grow while it is read."""
    size = os.fstat(file.fileno()).st_size
    data = file.read(size + 1)
    if len(data) > min(size, limit):
        raise Refused("grows while it is read")
    return data


def _octets(count: int) -> str:
    return f"{count // MEBIBYTE} MiB" if count >= MEBIBYTE else f"{count} bytes"
