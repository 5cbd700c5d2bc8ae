"""Which balancer, in which configuration, loses requests when a replica dies, freezes or is restarted.

    .venv/bin/python -m benchmarks.balancers [--rate 200] [--body 100] [CONFIGURATION:FAULT ...]

Three reference servers behind each configuration of `harness/cluster/balancers/`; an open loop at a constant rate, each
request with an id of its own and no repetition by the client; the fault from the third second to the seventh. Prints a
table in Markdown: what failed for the client, and what the replicas say they executed (their id log). A request fails
unless it is answered within three seconds with 200 and its own id.

`none` is the control: whatever fails there is the machine's doing, and the other rows of that run say nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from harness.cluster.balancer import CONFIGURATIONS, Balancer
from harness.cluster.cluster import Cluster

BEFORE_S, HELD_S, AFTER_S = 3.0, 4.0, 5.0
TIMEOUT_S = 3.0
SLOW_S = 0.1
SETTLED_S = 1.0
COLUMNS = (
    "configuration", "fault", "sent", "failed", "executed twice", "executed, failed for the client", "over 100 ms",
    "worst success", "last failure after",
)  # fmt: skip


@dataclass
class Load:
    """An open loop over connections that are kept.

    Attributes:
        outcomes: by id: when it was due, seconds that it took from then, and what went wrong (empty: nothing).
    """

    place: tuple[str, int]
    rate: float
    elements: int
    outcomes: dict[str, tuple[float, float, str]] = field(default_factory=dict)
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def run(self, seconds: float, begin: float) -> None:
        """Send for so many seconds from ``begin``, and wait for every answer."""
        async with asyncio.TaskGroup() as group:
            for number in range(int(seconds * self.rate)):
                due = begin + number / self.rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                group.create_task(self._one(f"b{number}", due))
        for _, writer in self.idle:
            writer.close()

    async def _one(self, identity: str, due: float) -> None:
        try:
            problem = await asyncio.wait_for(self._asked(identity), TIMEOUT_S)
        except TimeoutError:
            problem = "timeout"
        except (OSError, EOFError, ValueError) as error:
            problem = type(error).__name__
        self.outcomes[identity] = (due, time.monotonic() - due, problem)

    async def _asked(self, identity: str) -> str:
        kept = self.idle.pop() if self.idle else None
        reader, writer = kept or await asyncio.open_connection(*self.place)
        keep = False
        try:
            writer.write(self._request(identity))
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]) if b"content-length:" in head else 0
            body = await reader.readexactly(length)
            keep = b"connection: close" not in head
        finally:
            if keep:
                self.idle.append((reader, writer))
            else:
                writer.close()
        status = head.split(b" ", 2)[1].decode()
        if status != "200":
            return status
        return "" if json.loads(body).get("id") == identity else "wrong id"

    def _request(self, identity: str) -> bytes:
        inputs = [
            {"name": name, "datatype": datatype, "shape": [self.elements], "data": [1] * self.elements}
            for name, datatype in (("a", "FP32"), ("b", "INT32"))
        ]
        body = json.dumps({"id": identity, "inputs": inputs}).encode()
        head = "POST /v2/models/pair/infer HTTP/1.1\r\nHost: balancer\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def none(cluster: Cluster) -> None:
    """No fault."""


async def kill(cluster: Cluster) -> None:
    """One replica dies, and is started again."""
    member = cluster.member("r2")
    member.signal(signal.SIGKILL)
    await asyncio.sleep(HELD_S)
    await asyncio.to_thread(member.start)


async def stop(cluster: Cluster) -> None:
    """One replica freezes: its kernel still takes connections."""
    member = cluster.member("r2")
    member.signal(signal.SIGSTOP)
    await asyncio.sleep(HELD_S)
    member.signal(signal.SIGCONT)


async def roll(cluster: Cluster) -> None:
    """Each replica is ended with SIGTERM and started again, one after the other."""
    for member in cluster.members:
        await asyncio.to_thread(member.restart)
        await asyncio.sleep(SETTLED_S)


FAULTS: dict[str, Callable[[Cluster], Awaitable[None]]] = {"none": none, "kill": kill, "stop": stop, "roll": roll}


async def drilled(cluster: Cluster, fault: str, rate: float, elements: int) -> tuple[Load, float]:
    """The load, and the moment of the fault."""
    load, begin = Load(("127.0.0.1", cluster.place.port), rate, elements), time.monotonic() + 0.5

    async def caused() -> None:
        await asyncio.sleep(begin + BEFORE_S - time.monotonic())
        await FAULTS[fault](cluster)

    seconds = BEFORE_S + HELD_S + AFTER_S
    await asyncio.gather(load.run(seconds, begin), caused())
    return load, begin + BEFORE_S


def cells(configuration: str, fault: str, rate: float, elements: int) -> list[str]:
    """What came of one drill, by column."""
    with Cluster(Balancer(configuration), arguments=("--models", "pair")) as cluster:
        load, moment = asyncio.run(drilled(cluster, fault, rate, elements))
        time.sleep(SETTLED_S)
        executed = cluster.executed()
    failed = {name: each for name, each in load.outcomes.items() if each[2]}
    good = [each[1] for each in load.outcomes.values() if not each[2]]
    kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(each[2] for each in failed.values()).most_common())
    last = max((due + took for due, took, _ in failed.values()), default=None)
    return [
        configuration, fault, str(len(load.outcomes)), f"{len(failed)}{f' ({kinds})' if kinds else ''}",
        str(sum(count > 1 for count in executed.values())), str(sum(name in executed for name in failed)),
        str(sum(took > SLOW_S for took in good)), f"{max(good) * 1000:.0f} ms",
        "-" if last is None else f"{last - moment:.2f} s",
    ]  # fmt: skip


def main() -> None:
    """Every configuration with every fault, or those that were named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", nargs="*", metavar="CONFIGURATION:FAULT")
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--body", type=int, default=1, metavar="N", help="elements of each of two inputs")
    asked = parser.parse_args()
    which = asked.which or [f"{configuration}:{fault}" for configuration in CONFIGURATIONS for fault in FAULTS]
    say(f"{asked.rate:g} requests a second, {asked.body} elements an input, load average {os.getloadavg()[0]:.0f}\n")
    say(line(COLUMNS))
    say(line("---" for _ in COLUMNS))
    for each in which:
        configuration, _, fault = each.partition(":")
        say(line(cells(configuration, fault, asked.rate, asked.body)))


def line(found: Iterable[str]) -> str:
    """A line of the table."""
    return f"| {' | '.join(found)} |"


def say(text: str) -> None:
    """Print at once: a row takes a quarter of a minute."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
