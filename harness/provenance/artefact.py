"""The artefact of a model as it lies on a disk: what is computed of it, and what of it would execute on loading.

A folder has the digest that an OpenSSF model signature gives it: SHA-256 over the SHA-256 digests of its files, in the
order of their paths (sigstore/model-transparency, ``Payload``).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.foreign import Refused, open_given, open_inside, walk

FILES, LARGEST = 20_000, 1 << 40
# Never part of a signed folder.
IGNORED = (".git", ".gitattributes", ".github", ".gitignore")
ALGORITHMS = ("sha256", "sha384", "sha512")
# What the protocols of pickle begin with; archives of PyTorch hold one under such a name.
_PICKLE, _ZIP, _INSIDE = tuple(b"\x80" + bytes([n]) for n in range(2, 6)), b"PK\x03\x04", b".pkl"
_SUFFIXES = frozenset({".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle"})
_ENDS = 64 * 1024
# The name that a signature gives a model of a single file.
ALONE = "."


@dataclass(frozen=True, slots=True)
class Artefact:
    """What is computed of an artefact.

    Attributes:
        digests: algorithm -> hex digits, of a file; of a folder SHA-256 alone.
        files: path within the folder -> SHA-256 in hex; of a file, ``.`` alone.
        executing: files in a format that executes code when it is loaded; none of them was.
        passed_over: links and other things that are no regular files, which no digest covers.
    """

    digests: dict[str, str]
    files: dict[str, str]
    executing: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()


def computed(path: Path, algorithms: Collection[str] = (), ignored: Collection[str] = ()) -> Artefact:
    """Read an artefact; nothing in it is loaded, and no link in a folder is followed.

    Args:
        path: a file, or a folder.
        algorithms: beside SHA-256, of a file.
        ignored: paths within a folder that are left out, with all that lies below them.

    Raises:
        OSError: it is not there, cannot be read, or is larger than any model.
    """
    if not path.is_dir():
        wanted = dict.fromkeys(["sha256", *(each for each in algorithms if each in ALGORITHMS)])
        digests = {name: _digest(path, name) for name in wanted}
        with open_given(path, LARGEST) as file:
            executing = (path.name,) if executes(path.name, file) else ()
        return Artefact(digests, {ALONE: digests["sha256"]}, executing)
    names, passed_over = _listed(path, ignored)
    files, found = {}, []
    for name in names:
        with open_inside(path, name, LARGEST) as file:
            files[name] = hashlib.file_digest(file, "sha256").hexdigest()
            if executes(name, file):
                found.append(name)
    if not files:
        raise Refused("holds no file")
    return Artefact({"sha256": root_of(files)}, files, tuple(found), tuple(passed_over))


def root_of(files: dict[str, str]) -> str:
    """The digest of a folder from those of its files."""
    ordered = sorted(files.items(), key=lambda pair: PurePosixPath(pair[0]).parts)
    return hashlib.sha256(b"".join(bytes.fromhex(digest) for _, digest in ordered)).hexdigest()


def executes(name: str, file: io.BufferedReader) -> bool:
    """Whether a file is a pickle, or an archive that holds one, by its name and its first and last bytes."""
    file.seek(0)
    head = file.read(_ENDS)
    if PurePosixPath(name).suffix.lower() in _SUFFIXES or head.startswith(_PICKLE):
        return True
    if not head.startswith(_ZIP):
        return False
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _ENDS))
    return _INSIDE in head or _INSIDE in file.read(_ENDS)


def _digest(path: Path, algorithm: str) -> str:
    with open_given(path, LARGEST) as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _listed(folder: Path, ignored: Collection[str]) -> tuple[list[str], list[str]]:
    """The regular files below a folder, and what is none."""
    left_out = [PurePosixPath(each).parts for each in (*IGNORED, *ignored)]
    files: list[str] = []
    others: list[str] = []
    for entry in walk(folder, FILES):
        parts = PurePosixPath(entry.name).parts
        if not any(parts[: len(each)] == each for each in left_out):
            (files if entry.kind == "file" else others).append(entry.name)
    return sorted(files, key=_order), sorted(others)


def _order(name: str) -> tuple[str, ...]:
    return PurePosixPath(name).parts


def differences(found: Artefact, stated: dict[str, str]) -> Iterator[str]:
    """Where files are not those that somebody stated, in words."""
    for name in sorted({*found.files, *stated}):
        if name not in stated:
            yield f"{name!r} is not stated"
        elif name not in found.files:
            yield f"{name!r} is not there"
        elif found.files[name] != stated[name]:
            yield f"{name!r} has another digest"
