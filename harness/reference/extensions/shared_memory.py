"""Extension system_shared_memory: tensors in memory that client and server share.

Source: Triton ``extension_shared_memory.md``. A region is named by its POSIX key, which on Linux is a file under
``/dev/shm``.
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.reference.protocol.errors import Refusal

FOLDER = Path("/dev/shm")  # noqa: S108 - POSIX shared memory, no temporary file
# One path segment that is no way up: a key must not lead out of the folder.
_KEY = re.compile(r"/?(?!\.{1,2}$)[^/\0]{1,250}")


@dataclass(frozen=True, slots=True)
class _Region:
    name: str
    key: str
    offset: int
    byte_size: int
    memory: mmap.mmap

    def document(self) -> dict[str, Any]:
        return {"name": self.name, "key": self.key, "offset": self.offset, "byte_size": self.byte_size}


class Regions:
    """The regions that clients have registered."""

    def __init__(self) -> None:
        self._regions: dict[str, _Region] = {}

    def register(self, name: str, wanted: Any) -> None:
        """Map the region that ``wanted`` (key, offset, byte_size) describes under ``name``.

        Raises:
            Refusal: the name is taken, a member is missing or wrong, or there is no such memory.
        """
        if not isinstance(wanted, dict) or not isinstance(wanted.get("key"), str):
            raise Refusal("the request is no object with a string 'key'")
        offset, size = _whole(wanted, "offset", 0), _whole(wanted, "byte_size", None)
        if name in self._regions:
            raise Refusal(f"there is a region {name!r} already")
        memory = _open(wanted["key"])
        if size < 1 or offset + size > len(memory):
            memory.close()
            raise Refusal(f"bytes {offset} to {offset + size} are not all in shared memory {wanted['key']!r}")
        self._regions[name] = _Region(name, wanted["key"], offset, size, memory)

    def unregister(self, name: str | None = None) -> None:
        """Forget one region, or all; one that is not there counts as forgotten."""
        for each in [name] if name is not None else list(self._regions):
            region = self._regions.pop(each, None)
            if region is not None:
                region.memory.close()

    def status(self, name: str | None = None) -> list[dict[str, Any]]:
        """All regions, or the one; raises Refusal if that is not registered."""
        if name is not None and name not in self._regions:
            raise Refusal(f"there is no region {name!r}", kind="name", status=404)
        return [each.document() for each in self._regions.values() if name in (None, each.name)]

    def read(self, parameters: Mapping[str, Any]) -> bytes:
        """The bytes that the parameters of an input point to; raises Refusal if there are none."""
        region, begin, size = self._find(parameters)
        return bytes(region.memory[begin : begin + size])

    def room(self, parameters: Mapping[str, Any]) -> int:
        """How many bytes the parameters of an output make room for; raises Refusal for none."""
        return self._find(parameters)[2]

    def write(self, parameters: Mapping[str, Any], data: bytes) -> None:
        """Put ``data`` where the parameters of an output point to.

        Raises:
            Refusal: there is no such place, or it is too small.
        """
        region, begin, size = self._find(parameters)
        if len(data) > size:
            raise Refusal(f"an output has {len(data)} bytes, its place in shared memory {size}")
        region.memory[begin : begin + len(data)] = data

    def _find(self, parameters: Mapping[str, Any]) -> tuple[_Region, int, int]:
        name = parameters.get("shared_memory_region")
        if not isinstance(name, str) or name not in self._regions:
            raise Refusal(f"there is no shared-memory region {name!r}")
        region = self._regions[name]
        offset = _whole(parameters, "shared_memory_offset", 0)
        size = _whole(parameters, "shared_memory_byte_size", None)
        if offset + size > region.byte_size:
            raise Refusal(f"bytes {offset} to {offset + size} are not all in region {name!r}")
        return region, region.offset + offset, size


def _whole(holder: Mapping[str, Any], name: str, default: int | None) -> int:
    value = holder.get(name, default)
    if type(value) is not int or value < 0:
        raise Refusal(f"{name} is no integer from 0")
    return value


def _open(key: str) -> mmap.mmap:
    if not _KEY.fullmatch(key):
        raise Refusal(f"{key!r} is no key of shared memory")
    try:
        descriptor = os.open(FOLDER / key.lstrip("/"), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise Refusal(f"there is no shared memory {key!r}") from error
    try:
        return mmap.mmap(descriptor, 0)
    except (ValueError, OSError) as error:
        raise Refusal(f"shared memory {key!r} cannot be mapped") from error
    finally:
        os.close(descriptor)
