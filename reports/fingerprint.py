"""Which build of the report code made a bundle: only the same one can make the same bytes again."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from pathlib import Path

from harness.bundle import places

_SOURCES = (".py", ".j2", ".css", ".json", ".toml", ".yaml")


@functools.cache
def fingerprint() -> str:
    """SHA-256 over the sources of ``reports`` and ``harness.bundle``, and the libraries that shape the bytes."""
    digest = hashlib.sha256()
    for library in ("jinja2", "markupsafe", "matplotlib", "msgspec"):
        digest.update(f"{library} {importlib.metadata.version(library)}\n".encode())
    for room in (Path(__file__).parent, Path(places.__file__).parent):
        for path in sorted(room.rglob("*")):
            if path.suffix in _SOURCES and "__pycache__" not in path.parts:
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{path.relative_to(room).as_posix()} {content}\n".encode())
    return digest.hexdigest()
