"""What load costs the tester: `python benchmarks/load.py [--rounds N] [--seconds N] [--quick] [--json FILE]`.

Every tool sends the same request to nginx with fixed answers (`fixed_target.py`) on the same machine, one after the
other, in rounds. Over a window in which the tool is warm, nginx counts the requests and the kernel the processor time
of all processes of the tool, user and system; start and end are left out. Ours runs as in a probing run: a master and
a worker of locust, every request recorded, every answer compared. Then our open loop: the highest rate that is held on
one processor (a valid run with a median send lag of at most 60 us), and what a distributed case takes beyond its
planned seconds, from nothing to the judged result.

Prints the least, median and largest value of each row, floor and aim beside it. `small` is FP32[1,4] as JSON, 16 at
once; `602 kB` is FP32[1,3,224,224] in binary, 4 at once; gRPC has 16 streams on one connection. Tools that are not
installed are `not run`. Tester and nginx have a processor each where there are two.

What this does not show. Anything else that runs on the machine makes the figures worse. wrk and h2load neither look at
answers nor keep records; locust is shown as most people use it, and perf_analyzer makes its own body. An open loop is
dearer for a request than a saturated closed one, which finds several answers whenever it looks.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from fixed_target import PREFIX, FixedTarget, big_case, grpc_case, small_case
from measuring import CORES, cpu_seconds, on, percentile, until
from others import FAST, H2LOAD, K6, PERF_ANALYZER, PLAIN, WRK, Tool, Work, end

from harness.load.analysis.load_run import LoadRun
from harness.load.launch import Fleet, run_load
from harness.load.plan.load_plan import ClosedLoop, Connections, LoadCase, LoadPlan, ServiceLevel
from harness.load.plan.schedule import constant

SMALL, BIG = 16, 4
FLOWING = 300
RATES = (2_500, 5_000, 7_500, 10_000, 12_500, 15_000, 17_500, 20_000, 25_000, 30_000)
MOST_LAG_S = 60e-6
WORKERS, CASE_S, CASE_RATE = 2, 2.0, 100.0
LEVEL = ServiceLevel(latency_s=0.05)


@dataclass(frozen=True)
class Seen:
    """One value of a row; where requests were counted, how many a second and the share of a processor."""

    value: float
    rate: float | None = None
    cores: float | None = None


@dataclass
class Row:
    """A line of the table; ``seen`` has one value a round, and none where the tool was not run."""

    name: str
    unit: str = "us"
    floor: float | None = None
    aim: float | None = None
    seen: list[Seen] = field(default_factory=list)


class LoadRunner:
    """The target, a fleet of ours, and how long to look.

    Args:
        seconds: of each window, and of each run of the open loop.
    """

    def __init__(self, target: FixedTarget, fleet: Fleet, seconds: float) -> None:
        self.target, self.fleet, self.seconds = target, fleet, seconds
        self.warm = min(1.0, seconds)
        self.open_loop: dict[float, LoadRun] = {}

    def plan(self, case: LoadCase, port: int, connections: Connections, seconds: float, rate: float = 0.0) -> LoadPlan:
        """A schedule where there is a rate; otherwise a closed loop with all that the connections hold."""
        at_once = connections.cap if case.content_type else connections.streams
        return LoadPlan(
            transport="http" if case.content_type else "grpc",
            host="127.0.0.1",
            port=port,
            cases=(case,),
            schedule=constant(rate, seconds) if rate else None,
            closed_loop=None if rate else ClosedLoop(concurrency=at_once, seconds=seconds),
            connections=connections,
            level=LEVEL,
            prefix=PREFIX,
        )

    def ours(self, case: LoadCase, port: int, at_once: int) -> Seen:
        """Cost of ours in a closed loop."""
        many = Connections(cap=at_once, preconnect=at_once)
        if not case.content_type:
            many = Connections(cap=1, preconnect=1, streams=at_once)
        plan = self.plan(case, port, many, self.warm + self.seconds + 0.5)
        self.fleet.start()
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
            running = pool.submit(self.fleet.run, plan, Path(folder))
            seen = self.window(self.fleet.pids)
            summary = running.result().summary
        if summary.ok < summary.tried:
            raise RuntimeError(f"{summary.tried - summary.ok} of {summary.tried} failed: {summary.errors}")
        return seen

    def theirs(self, tool: Tool, case: LoadCase, port: int, at_once: int) -> Seen | None:
        """Cost of another tool; None: it is not installed."""
        if not tool.there:
            return None
        with tempfile.TemporaryDirectory() as folder:
            work = Work(Path(folder), case, port, at_once, self.warm + self.seconds + 10)
            process = tool.start(work)
            try:
                seen = self.window((process.pid,))
                if process.poll() is not None:
                    raise RuntimeError(f"{tool.name} ended early: {(work.folder / 'errors').read_text()[-500:]}")
            finally:
                end(process)
        return seen

    def window(self, pids: Sequence[int]) -> Seen:
        """Processor time for a request, in us, while requests flow."""
        begin = self.target.requests()
        until(lambda: self.target.requests() - begin > FLOWING, "sending")
        time.sleep(self.warm)
        requests, busy, start = self.target.requests(), cpu_seconds(pids), time.monotonic()
        time.sleep(self.seconds)
        # The second look is itself counted.
        done = self.target.requests() - requests - 1
        took, busy = time.monotonic() - start, cpu_seconds(pids) - busy
        return Seen(busy / max(done, 1) * 1e6, done / took, busy / took)

    def climb(self) -> Iterator[LoadRun]:
        """Runs of our open loop, faster and faster, up to the first that is not held."""
        many = Connections(cap=256, preconnect=32)
        for rate in RATES:
            with tempfile.TemporaryDirectory() as folder:
                plan = self.plan(small_case(with_id=True), self.target.http, many, self.seconds, rate)
                run = self.fleet.run(plan, Path(folder))
            lag = percentile(run.summary.send_lag, 0.5) or 0.0
            reasons = "; ".join(each.sentence for each in run.outcome.invalid)
            sys.stderr.write(f"open loop {rate}/s: median send lag {lag * 1e6:.0f} us {reasons}\n")
            if run.outcome.invalid or lag > MOST_LAG_S:
                return
            yield run


def costs(bench: LoadRunner) -> Iterator[tuple[Row, Callable[[], Seen | None]]]:
    """Processor time for a request: a row, and what measures it once."""
    small, big, grpc = small_case(with_id=False), big_case(), grpc_case(with_id=False)
    http, fixed, with_ids = bench.target.http, bench.target.grpc, bench.target.grpc_id
    named = small_case(with_id=True), grpc_case(with_id=True)
    yield Row("small: art15, ids checked", floor=25, aim=13), partial(bench.ours, named[0], http, SMALL)
    yield Row("small: art15, fixed answer"), partial(bench.ours, small, http, SMALL)
    for tool in (WRK, H2LOAD, FAST, PLAIN, K6, PERF_ANALYZER):
        yield Row(f"small: {tool.name}"), partial(bench.theirs, tool, small, http, SMALL)
    yield Row("602 kB: art15", floor=200, aim=100), partial(bench.ours, big, http, BIG)
    for tool in (WRK, H2LOAD, FAST, K6):
        yield Row(f"602 kB: {tool.name}"), partial(bench.theirs, tool, big, http, BIG)
    yield Row("gRPC: art15, ids checked", floor=60, aim=30), partial(bench.ours, named[1], with_ids, SMALL)
    yield Row("gRPC: art15, fixed answer"), partial(bench.ours, grpc, fixed, SMALL)
    yield Row("gRPC: h2load"), partial(bench.theirs, H2LOAD, grpc, fixed, SMALL)


def rates(bench: LoadRunner) -> Iterator[tuple[Row, Callable[[], Seen | None]]]:
    """Our open loop: the first row measures, the others look at the same runs."""
    held: list[LoadRun] = []

    def highest() -> Seen:
        held[:] = bench.climb()
        return Seen(held[-1].summary.planned_rate if held else 0.0)

    def lag(place: int) -> Seen | None:
        found = percentile(held[place].summary.send_lag, 0.5) if held else None
        return None if found is None else Seen(found * 1e6, held[place].summary.tried_rate)

    yield Row("open loop: highest rate held", "1/s", 5_000, 20_000), highest
    yield Row("open loop: median send lag there", aim=MOST_LAG_S * 1e6), lambda: lag(-1)
    yield Row(f"open loop: median send lag at {RATES[0]}/s", aim=MOST_LAG_S * 1e6), lambda: lag(0)


def overheads(bench: LoadRunner) -> Iterator[tuple[Row, Callable[[], Seen | None]]]:
    """A distributed case on all processors."""
    few = Connections(cap=64)
    plan = bench.plan(small_case(with_id=True), bench.target.http, few, CASE_S, CASE_RATE)

    def beyond(run: Callable[[Path], LoadRun]) -> Seen:
        with tempfile.TemporaryDirectory() as folder, on(CORES):
            begin = time.monotonic()
            found = run(Path(folder))
            took = time.monotonic() - begin
        if found.summary.ok < found.summary.planned:
            raise RuntimeError(f"a distributed case failed: {found.outcome.reason}")
        return Seen(took - CASE_S)

    name = f"distributed case, {WORKERS} workers: beyond its seconds"
    yield Row(name, "s", 5, 2.5), lambda: beyond(lambda folder: run_load(plan, folder, workers=WORKERS))
    yield Row("next case of running processes", "s"), lambda: beyond(lambda folder: bench.fleet.run(plan, folder))


def printed(rows: Sequence[Row]) -> str:
    """The table."""
    lines = [
        f"{'':50}{'unit':>5}{'least':>9}{'median':>9}{'most':>9}{'floor':>8}{'aim':>8}{'requests/s':>12}{'cores':>7}"
    ]
    for row in rows:
        goals = "".join(f"{'' if each is None else f'{each:g}':>8}" for each in (row.floor, row.aim))
        values = [each.value for each in row.seen]
        if not values:
            lines.append(f"{row.name:50}{row.unit:>5}{'not run':>27}{goals}")
            continue
        shown = "".join(f"{each:>9.1f}" for each in (min(values), statistics.median(values), max(values)))
        rest = [
            f"{statistics.median(found):>{width}.{digits}f}" if found else ""
            for width, digits, found in (
                (12, 0, [each.rate for each in row.seen if each.rate is not None]),
                (7, 2, [each.cores for each in row.seen if each.cores is not None]),
            )
        ]
        lines.append(f"{row.name:50}{row.unit:>5}{shown}{goals}{''.join(rest)}")
    return "\n".join(lines)


def main() -> None:
    """Measure in rounds and print; the file is written again after each round."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="every row is measured once in each")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each window")
    parser.add_argument("--quick", action="store_true", help="one round of half a second: does it run at all")
    parser.add_argument("--json", type=Path, help="file for all of it")
    asked = parser.parse_args()
    rounds, seconds = (1, 0.5) if asked.quick else (asked.rounds, asked.seconds)
    with FixedTarget(CORES[-1]) as target, on(CORES[:1]), Fleet() as fleet:
        bench = LoadRunner(target, fleet, seconds)
        table = [*costs(bench), *rates(bench), *overheads(bench)]
        rows = [row for row, _ in table]
        for number in range(rounds):
            for row, measure in table:
                found = measure()
                row.seen += [] if found is None else [found]
                sys.stderr.write(f"{number + 1}: {row.name}: {'not run' if found is None else f'{found.value:.1f}'}\n")
            if asked.json:
                made = [asdict(row) for row in rows]
                asked.json.write_text(json.dumps({"rounds": number + 1, "seconds": seconds, "rows": made}, indent=1))
    sys.stdout.write(printed(rows) + "\n")


if __name__ == "__main__":
    main()
