"""Real servers under load: `python benchmarks/servers.py [NAME...] [--rounds N] [--seconds N] [--write]`.

For each server and transport, `iris` with one row: most answers a second in a closed loop with 8 requests under way,
ours (every answer checked) and a C tool's in turn, round by round (wrk over REST, h2load over gRPC; neither looks at an
answer); then the suite's own search for the capacity, with the service level below, its knee, and the tail of the
fastest rate that passed. Prints a section of `docs/servers.md`; `--write` puts it there, by way of
`tests/servers/load.md`.

Tester and server share the machine, so a ratio says more than a rate. gRPC has one connection with 8 streams.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from others import H2LOAD, WRK, Tool, Work  # noqa: E402 -- found beside this file; what follows, by the line above

from harness.load.launch import Fleet  # noqa: E402
from harness.load.plan.cases import GRPC_PATH  # noqa: E402
from harness.load.plan.load_plan import ClosedLoop, Connections, LoadCase, LoadPlan, ServiceLevel  # noqa: E402
from harness.wire.messages import InferRequest  # noqa: E402
from harness.wire.protobuf import infer_message  # noqa: E402
from harness.wire.tensor import Tensor  # noqa: E402
from tests.endtoend.running import probe  # noqa: E402
from tests.servers.install import NAMES  # noqa: E402
from tests.servers.matrix import LOAD, title  # noqa: E402
from tests.servers.servers import Endpoint, serve  # noqa: E402

AT_ONCE = 8
LEVEL = ServiceLevel(latency_s=0.05)
FLOWER = (5.1, 3.5, 1.4, 0.2)
POLICY = f"[load]\nlatency = {LEVEL.latency_s}\npercentile = {LEVEL.percentile}\n"
CAPACITY = re.compile(r"capacity|passes|knee")


@dataclass(frozen=True)
class Row:
    """One server over one transport; answers a second by round, and what the search for the capacity said."""

    server: str
    transport: str
    tool: str
    ours: Sequence[float]
    theirs: Sequence[float]
    said: str
    tail: str

    @property
    def ratio(self) -> tuple[float, float, float]:
        """Ours to theirs: least, median, most of the rounds."""
        found = [mine / other for mine, other in zip(self.ours, self.theirs, strict=True)]
        return min(found), statistics.median(found), max(found)


def cases(endpoint: Endpoint) -> Iterator[tuple[str, LoadCase, int, Tool]]:
    """One request over each transport, its port, and the tool to compare with."""
    listed = httpx.get(f"{endpoint.url}/v2/models/iris").json()["inputs"][0]
    tensor = Tensor(listed["name"], listed["datatype"], (1, len(FLOWER)), FLOWER)
    request = InferRequest((tensor,), id="load0000ffffffff")
    body = request.to_bytes()
    rest = LoadCase(name="iris", path="/v2/models/iris/infer", before=body, has_id=False)
    yield "REST", rest, int(endpoint.url.rpartition(":")[2]), WRK
    message = infer_message("iris", None, request, "raw").SerializeToString()
    grpc = LoadCase(name="iris", path=GRPC_PATH, before=message, has_id=False, content_type="")
    yield "gRPC", grpc, int(endpoint.grpc.rpartition(":")[2]), H2LOAD


def ours(fleet: Fleet, case: LoadCase, port: int, seconds: float) -> float:
    """Answers a second in a closed loop of ours."""
    rest = bool(case.content_type)
    plan = LoadPlan(
        transport="http" if rest else "grpc",
        host="127.0.0.1",
        port=port,
        cases=(case,),
        schedule=None,
        closed_loop=ClosedLoop(concurrency=AT_ONCE, seconds=seconds),
        connections=Connections(cap=AT_ONCE, preconnect=AT_ONCE)
        if rest
        else Connections(cap=1, preconnect=1, streams=AT_ONCE),
        level=LEVEL,
    )
    with tempfile.TemporaryDirectory() as folder:
        summary = fleet.run(plan, Path(folder)).summary
    if summary.ok < summary.tried:
        raise RuntimeError(f"{summary.tried - summary.ok} of {summary.tried} failed: {summary.errors}")
    return summary.ok_rate


def theirs(tool: Tool, case: LoadCase, port: int, seconds: float) -> float:
    """Answers a second of another tool."""
    with tempfile.TemporaryDirectory() as folder:
        said = tool.say(Work(Path(folder), case, port, AT_ONCE, seconds))
    if said.requests is None:
        raise RuntimeError(f"{tool.name} does not say how many requests it sent")
    return said.requests / seconds


def searched(endpoint: Endpoint, folder: Path) -> dict[str, tuple[str, str]]:
    """What the suite says of the capacity over each transport, and the tail of the fastest rate that passed."""
    policy = folder / "policy.toml"
    policy.write_text(POLICY)
    ran = probe(endpoint.url, folder / "evidence", "--oip-grpc", endpoint.grpc, "--oip-model=iris", "--oip-suite=load",
                "--oip-allow=load", "--oip-policy", str(policy), "-k", "capacity")  # fmt: skip
    found = {}
    for slug, transport in (("load-capacity", "rest"), ("load-grpc-capacity", "grpc")):
        check: Any = next(each for each in ran.evidence["checks"] if each["slug"] == slug)
        said = [each["text"] for each in check["observations"] if CAPACITY.search(each["text"])]
        good = [
            each for each in ran.evidence["series"]
            if each["transport"] == transport and each["loop"] == "open" and each["verdict"] == "pass"
        ]  # fmt: skip
        best = max(good, key=lambda each: float(each["rates"]["planned"]), default=None)
        found[transport] = (said[-1] if said else check["reason"], _tail(best))
    return found


def _tail(series: Any) -> str:  # noqa: ANN401 -- a run as the evidence holds it
    if series is None:
        return "no rate passed"
    middle, last = (
        next(each for each in series["response"]["percentiles"] if each["p"] == percentile)
        for percentile in (0.5, 0.99)
    )
    upper = "unknown" if last["upper"] is None else f"{last['upper'] * 1e3:.1f}"
    return (
        f"at {series['rates']['planned']:.0f}/s p50 {middle['value'] * 1e3:.1f} ms, p99 {last['value'] * 1e3:.1f} ms "
        f"(at most {upper}), {series['tried'] - series['ok']} of {series['tried']} failed"
    )


def rows(name: str, rounds: int, seconds: float, say: Callable[[str], object]) -> Iterator[Row]:
    """Both transports of one server."""
    with serve(name) as endpoint, Fleet() as fleet, tempfile.TemporaryDirectory() as folder:
        measured = []
        for transport, case, port, tool in cases(endpoint):
            own, other = [], []
            for number in range(rounds):
                own.append(ours(fleet, case, port, seconds))
                other.append(theirs(tool, case, port, seconds))
                say(f"{name} {transport} {number + 1}: ours {own[-1]:.0f}/s, {tool.name} {other[-1]:.0f}/s\n")
            measured.append((transport, tool.name, own, other))
        fleet.stop()
        said = searched(endpoint, Path(folder))
        for transport, tool_name, own, other in measured:
            yield Row(title(name), transport, tool_name, own, other, *said[transport.lower()])


def section(found: Sequence[Row], rounds: int, seconds: float) -> str:
    """Markdown."""
    made, level = datetime.now(UTC).date(), f"p{LEVEL.percentile * 100:g} within {LEVEL.latency_s * 1e3:g} ms"
    head = (
        f"`iris`, one row, {AT_ONCE} requests under way: answers a second of our closed loop, each answer checked, "
        f"as a ratio to a C tool that looks at none, {rounds} rounds of {seconds:g} s in turn (median, least to most). "
        f"Then the search for the capacity: {level} of the intended time, Poisson arrivals. Tester and server shared "
        f"two processors, so the rates are of that machine. Made by `python benchmarks/servers.py --write`, {made}."
    )
    lines = [
        "## Under load",
        "",
        *textwrap.wrap(head, 120, break_on_hyphens=False),
        "",
        "| server | transport | ratio to | answers/s | ratio | capacity | tail there |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in found:
        low, middle, high = row.ratio
        lines.append(
            f"| {row.server} | {row.transport} | {row.tool} | {statistics.median(row.ours):.0f} | "
            f"{middle:.2f} ({low:.2f} to {high:.2f}) | {row.said} | {row.tail} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, and write where it was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], default=list(NAMES), help="servers; all of them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each round and tool")
    parser.add_argument("--write", action="store_true", help=f"to {LOAD.relative_to(ROOT)}")
    asked = parser.parse_args()
    found = [row for name in asked.names for row in rows(name, asked.rounds, asked.seconds, sys.stderr.write)]
    text = section(found, asked.rounds, asked.seconds)
    sys.stdout.write(text)
    if asked.write:
        LOAD.write_text(text)


if __name__ == "__main__":
    main()
