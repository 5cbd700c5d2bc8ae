"""A target that stands still by the clock, and what its response times then truly are.

Whenever CLOCK_MONOTONIC modulo T is below d (T = 5 s, d = 0.5 s), the whole server is frozen, as by a garbage collector
or by a model that is loaded; otherwise it answers at once. Every process of the machine knows the freezes without being
told. `python benchmarks/stalling.py` serves on a free port, which it prints, until its standard input ends.

The truth. A request meant for phase f of the period (f = time modulo T) is answered after R(f) = max(0, d - f), counted
from that moment; the service time (some 0.1 ms) is left out. Over whole periods f is uniform on [0, T): for evenly
spaced arrivals up to one gap, for a Poisson process because arrivals, given their number, are independent and uniform.
Hence, for 0 <= r < d,

    P(R > r) = P(f < d - r) = (d - r) / T,    and the quantile of p is    max(0, d - T (1 - p)):

450 ms at p99. The p99 of n Poisson arrivals scatters around that with standard deviation T sqrt(p (1 - p) / n), 7.9 ms
for n = 4,000: more than an error of 1.5 %. So a run is held against R of its own planned arrivals, which is as exact:
the schedule exists before the run, and the clock is the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

EVERY_S, FROZEN_S = 5.0, 0.5
Floats = npt.NDArray[np.float64]
OUTPUT = {"name": "y", "datatype": "FP32", "shape": [1, 4], "data": [1.0, 2.0, 3.0, 4.0]}
TENSORS = {
    side: [{"name": name, "datatype": "FP32", "shape": [-1, 4]}] for side, name in (("inputs", "x"), ("outputs", "y"))
}
PAGES = {
    "/v2": {"name": "stalling", "version": "1", "extensions": []},
    "/v2/models/m": {"name": "m", "versions": ["1"], "platform": "fixed", **TENSORS},
    "/v2/models/m/config": {
        "name": "m",
        "platform": "fixed",
        "max_batch_size": 0,
        "input": [{"name": "x", "data_type": "TYPE_FP32", "dims": [4]}],
        "output": [{"name": "y", "data_type": "TYPE_FP32", "dims": [4]}],
    },
}


def responses(times: Floats, every: float = EVERY_S, frozen: float = FROZEN_S) -> Floats:
    """R of requests meant for these moments of the server's clock; all in seconds."""
    waiting: Floats = np.maximum(0.0, frozen - times % every)
    return waiting


def quantile(p: float, every: float = EVERY_S, frozen: float = FROZEN_S) -> float:
    """The quantile of R in seconds over whole periods, for a fraction ``p``."""
    return max(0.0, frozen - every * (1 - p))


def scatter(p: float, count: int, every: float = EVERY_S) -> float:
    """Standard deviation in seconds of the quantile of so many Poisson arrivals, where R is not 0."""
    return float(every * np.sqrt(p * (1 - p) / count))


class Connection(asyncio.Protocol):
    """HTTP/1.1 as load tools speak it: requests with a Content-Length or without a body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer all requests that are whole."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].decode("latin-1")
            _, found, rest = head.lower().partition("\r\ncontent-length:")
            whole = end + 4 + (int(rest.partition("\r\n")[0]) if found else 0)
            if len(self._buffer) < whole:
                return
            body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
            self._answer(head.split(" ", 2)[1], body)

    def _answer(self, path: str, body: bytes) -> None:
        status, value = "200 OK", PAGES.get(path)
        if path.endswith("/infer"):
            value = {"model_name": "m", "model_version": "1", "id": json.loads(body).get("id", ""), "outputs": [OUTPUT]}
        elif value is None and not path.endswith(("/live", "/ready")):
            status, value = "404 Not Found", {"error": "there is no such page"}
        content = b"" if value is None else json.dumps(value).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        self._transport.write(head.encode() + content)


def _freeze_for_ever(loop: asyncio.AbstractEventLoop) -> None:
    """Sleep through the rest of this freeze, and come back when the next one begins."""
    now = time.monotonic()
    begin = now - now % EVERY_S
    time.sleep(max(0.0, begin + FROZEN_S - now))
    # The loop's clock is the same one; it wakes up to its resolution early.
    loop.call_at(begin + EVERY_S, _freeze_for_ever, loop)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    over = asyncio.Event()
    loop.add_reader(sys.stdin, over.set)
    _freeze_for_ever(loop)
    await over.wait()
    server.close()


@contextlib.contextmanager
def served() -> Iterator[int]:
    """The target as a process of its own; its port."""
    command = [sys.executable, "-P", str(Path(__file__).resolve())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


if __name__ == "__main__":
    asyncio.run(_serve())
