"""A region of shared memory, made by this process, known to the server for a while, and gone afterwards."""

from __future__ import annotations

import contextlib
import ipaddress
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.shared_memory import SharedMemory
from typing import Any

from harness.budget import BudgetExhausted
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.wire.raw import to_raw
from harness.wire.tensor import Tensor

STATUS = "/v2/systemsharedmemory/status"
# Not at the beginning, so that an offset that is ignored shows; a multiple of every alignment.
FIRST = 64


def on_this_host(probe: Probe) -> bool:
    """Whether the endpoint has a loopback address, so that its memory may be ours."""
    host = probe.client.access.address.host
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@dataclass(slots=True)
class Region:
    """Shared memory with the tensors of one request in it, and room behind them.

    Attributes:
        name: what the server calls the region.
        places: parameters of each tensor put in, by name.
        end: where the room behind them begins.
    """

    probe: Probe
    name: str
    memory: SharedMemory
    places: dict[str, dict[str, Any]] = field(default_factory=dict)
    end: int = FIRST

    def put(self, tensor: Tensor) -> dict[str, Any]:
        """Write a tensor behind the others; the parameters that point to it."""
        data = to_raw(tensor.datatype, tensor.elements)
        place = self.room(len(data))
        self.write(place, data)
        self.places[tensor.name] = place
        return place

    def write(self, place: Mapping[str, Any], data: bytes) -> None:
        """Put bytes at a place."""
        begin = place["shared_memory_offset"]
        assert self.memory.buf is not None
        self.memory.buf[begin : begin + len(data)] = data

    def room(self, size: int) -> dict[str, Any]:
        """Parameters that point to ``size`` bytes nobody else uses."""
        begin = self.end
        self.end += _room(size)
        return {"shared_memory_region": self.name, "shared_memory_offset": begin, "shared_memory_byte_size": size}

    def bytes_at(self, place: Mapping[str, Any]) -> bytes:
        """What stands at a place now."""
        begin = place["shared_memory_offset"]
        assert self.memory.buf is not None
        return bytes(self.memory.buf[begin : begin + place["shared_memory_byte_size"]])

    def register(self) -> Exchange:
        """Tell the server of the whole region."""
        key = self.memory.name if self.memory.name.startswith("/") else f"/{self.memory.name}"
        body = json.dumps({"key": key, "offset": 0, "byte_size": self.memory.size}).encode()
        return self.probe.answered(self.probe.client.send("POST", region_path(self.name, "register"), body))

    def unregister(self) -> Exchange:
        """Have the server forget it."""
        return self.probe.client.send("POST", region_path(self.name, "unregister"), b"{}")


def region_path(name: str, verb: str) -> str:
    """Path of one region; the name needs no encoding."""
    return f"/v2/systemsharedmemory/region/{name}/{verb}"


def size_for(tensors: Iterable[Tensor]) -> int:
    """Bytes that hold all tensors with their distances."""
    sizes = [len(to_raw(tensor.datatype, tensor.elements)) for tensor in tensors]
    return FIRST + sum(_room(size) for size in sizes)


def _room(size: int) -> int:
    # Tensors keep a distance, so that one written too far back or on is seen.
    return -(-size // FIRST) * FIRST + FIRST


@contextlib.contextmanager
def shared(probe: Probe, name: str, size: int) -> Iterator[Region]:
    """Make shared memory for the block; afterwards it is unregistered and unlinked, whatever happened."""
    memory = SharedMemory(create=True, size=size)
    region = Region(probe, name, memory)
    try:
        yield region
    finally:
        try:
            with contextlib.suppress(BudgetExhausted):
                region.unregister()
        finally:
            memory.close()
            memory.unlink()
