"""Is p99 true: `python benchmarks/truth.py [--runs N] [--seconds N] [--rate N] [--quick] [--json FILE]`.

The target (`stalling.py`) stands still for 0.5 s every 5 s, so 10 % of all requests wait, and the true p99, counted
from the moment a request was meant for, is 450 ms. Our open loop is run N times with evenly spaced and N times with
Poisson arrivals, a seed each, and its p99 is held against the truth of the very arrivals that were planned; beside it,
against the formula. Floor: within 3 % in every run; aim: within 1.5 %. Then, for the same target, what other tools say,
and what our own records look like to a tool that counts from the sending. Tools that are not installed are `not run`.

Every run lasts a whole number of periods. Tester and target are kept on processors of their own where there are two.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from measuring import CORES, on, percentile
from others import FAST, K6, PERF_ANALYZER, WRK, WRK2, Said, Tool, Work
from stalling import EVERY_S, quantile, responses, scatter, served

from harness.load.analysis.load_run import LoadRun
from harness.load.analysis.summary import Clock
from harness.load.launch import Fleet
from harness.load.plan.load_plan import ClosedLoop, Connections, LoadCase, LoadPlan, ServiceLevel
from harness.load.plan.schedule import Schedule, constant, poisson
from harness.statistics.order import place

P = 0.99
FLOOR, AIM = 0.03, 0.015
AT_ONCE = 10
TENSOR = b'"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1.0,2.0,3.0,4.0]}]}'
CASE = LoadCase(name="small", path="/v2/models/m/infer", before=b'{"id":"', after=b'",' + TENSOR)
KINDS = {"constant": constant, "Poisson": poisson}


@dataclass(frozen=True)
class Run:
    """One run of ours: p99 in ms, as seen and as the formula has it for its own arrivals.

    ``invalid`` are the reasons for which the run would not count; ``alone`` and ``from_send`` are the p99 that a closed
    loop and a tool that counts from the sending would print.
    """

    arrivals: str
    seed: int
    requests: int
    p99: float
    truth: float
    alone: float | None
    from_send: float | None
    invalid: tuple[str, ...]

    @property
    def error(self) -> float:
        """Relative, against the truth of its arrivals."""
        return self.p99 / self.truth - 1


@dataclass(frozen=True)
class Other:
    """What one tool said; None: it is not installed."""

    tool: str
    said: Said | None


def plan_for(port: int, schedule: Schedule, seed: int, number: int) -> LoadPlan:
    """Enough connections for all that comes while the target stands still, open before it does."""
    waiting = round(schedule.peak_rate) + AT_ONCE
    return LoadPlan(
        host="127.0.0.1",
        port=port,
        cases=(CASE,),
        schedule=schedule,
        seed=seed,
        prefix=f"tru{number:05d}",
        level=ServiceLevel(latency_s=0.1),
        connections=Connections(cap=2 * waiting, preconnect=waiting),
    )


def milliseconds(clock: Clock, p: float) -> float | None:
    """A percentile."""
    found = percentile(clock, p)
    return None if found is None else found * 1e3


def truth_of(run: LoadRun) -> float:
    """The p99 in ms that follows from the planned arrivals and the clock, by the rank rule of ours."""
    assert run.start_ns is not None, "the workers did not say when they began"
    times = (run.plan.workload()[0] + run.start_ns).astype(np.float64) * 1e-9
    return float(np.sort(responses(times))[place(len(times), P)]) * 1e3


def ours(port: int, runs: int, rate: float, seconds: float, fleet: Fleet) -> Iterator[Run]:
    """Runs of ours, both kinds of arrivals in turn."""
    for seed in range(runs):
        for number, (kind, schedule) in enumerate(KINDS.items()):
            plan = plan_for(port, schedule(rate, seconds), seed, len(KINDS) * seed + number)
            with tempfile.TemporaryDirectory() as folder:
                run = fleet.run(plan, Path(folder))
            summary, seen = run.summary, run.summary.other_tools
            p99 = milliseconds(summary.response, P)
            if p99 is None or summary.ok < summary.planned:
                sys.exit(f"{summary.ok} of {summary.planned} requests are answered: {summary.errors}")
            alone, from_send = (milliseconds(clock, P) for clock in (seen.alone, seen.from_send))
            reasons = tuple(each.sentence for each in run.outcome.invalid)
            made = Run(kind, seed, summary.ok, p99, truth_of(run), alone, from_send, reasons)
            sys.stderr.write(f"{kind} {seed}: p99 {p99:.1f} ms, true {made.truth:.1f} ms {'; '.join(reasons)}\n")
            yield made


def our_closed_loop(port: int, seconds: float, fleet: Fleet) -> Said:
    """Ten connections that wait for their answers, as most tools do."""
    plan = plan_for(port, constant(1, 1), 0, 99999)
    closed = ClosedLoop(concurrency=AT_ONCE, seconds=seconds)
    many = Connections(cap=AT_ONCE, preconnect=AT_ONCE)
    looped = msgspec.structs.replace(plan, schedule=None, closed_loop=closed, connections=many)
    with tempfile.TemporaryDirectory() as folder:
        run = fleet.run(looped, Path(folder))
    service = run.summary.service
    return Said(
        service.count,
        milliseconds(service, 0.5),
        milliseconds(service, P),
        None if service.worst is None else service.worst * 1e3,
    )


def tools(rate: float) -> Iterable[tuple[Tool, float, int]]:
    """Tools, rate and how many at once; a rate of 0 is a closed loop."""
    many = round(rate)
    return (
        (replace(FAST, name=f"locust FastHttpUser, {AT_ONCE} users"), 0, AT_ONCE),
        (replace(WRK, name=f"wrk, {AT_ONCE} connections"), 0, AT_ONCE),
        (replace(K6, name=f"k6 constant-vus, {AT_ONCE}"), 0, AT_ONCE),
        (replace(PERF_ANALYZER, name=f"perf_analyzer, concurrency {AT_ONCE}"), 0, AT_ONCE),
        (replace(PERF_ANALYZER, name="perf_analyzer, request rate"), rate, AT_ONCE),
        (replace(WRK2, name="wrk2, at the rate"), rate, AT_ONCE),
        (replace(K6, name="k6 constant-arrival-rate"), rate, many),
    )


def others(port: int, rate: float, seconds: float) -> Iterator[Other]:
    """Each tool in turn."""
    for tool, at, many in tools(rate):
        if not tool.there:
            yield Other(tool.name, None)
            continue
        sys.stderr.write(f"{tool.name}\n")
        with tempfile.TemporaryDirectory() as folder:
            yield Other(tool.name, tool.say(Work(Path(folder), CASE, port, many, seconds, at)))


def printed(runs: Sequence[Run], table: Sequence[Other]) -> str:
    """Both tables."""
    truth = quantile(P) * 1e3
    lines = [f"p99 of the formula: {truth:.1f} ms"]
    lines.append(
        f"{'arrivals':10}{'runs':>5}{'valid':>6}{'p99 min':>10}{'median':>9}{'max ms':>9}"
        f"{'worst error':>13}{'within 3 %':>12}{'1.5 %':>7}{'of formula':>12}"
    )
    for kind in KINDS:
        own = [run for run in runs if run.arrivals == kind]
        seen = [run.p99 for run in own]
        off = [abs(run.error) for run in own]
        formula = max(abs(each / truth - 1) for each in seen)
        lines.append(
            f"{kind:10}{len(own):>5}{sum(not run.invalid for run in own):>6}{min(seen):>10.1f}"
            f"{statistics.median(seen):>9.1f}{max(seen):>9.1f}{max(off):>13.2%}"
            f"{sum(each <= FLOOR for each in off):>12}{sum(each <= AIM for each in off):>7}{formula:>12.2%}"
        )
    requests = statistics.median(run.requests for run in runs)
    lines.append(f"(the p99 of {requests:.0f} Poisson arrivals scatters by {scatter(P, int(requests)) * 1e3:.1f} ms)")
    lines += [
        "",
        f"{'what is said of the same target':44}{'requests':>10}{'p50':>9}{'p99':>9}{'max ms':>9}{'p99 / true':>12}",
    ]
    return "\n".join([*lines, *(_line(each, truth) for each in table)])


def _line(row: Other, truth: float) -> str:
    said = row.said
    if said is None:
        return f"{row.tool:44}{'not run':>10}"
    times = "".join(f"{'-' if each is None else f'{each:.2f}':>9}" for each in (said.p50, said.p99, said.worst))
    ratio = "-" if said.p99 is None else f"{said.p99 / truth:.3f}"
    return f"{row.tool:44}{said.requests or '-':>10}{times}{ratio:>12}"


def views(runs: Sequence[Run]) -> Iterator[Other]:
    """Ours in the same table: the truth, and what the records look like to others."""
    own = [run for run in runs if run.arrivals == "constant"]
    requests = int(statistics.median(run.requests for run in own))
    for name, field in (
        ("art15, open loop, from the intended time", "p99"),
        ("its records as a closed loop sees them", "alone"),
        ("its records counted from the sending", "from_send"),
    ):
        seen = [each for run in own if (each := getattr(run, field)) is not None]
        yield Other(name, Said(requests, None, statistics.median(seen) if seen else None, None))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--runs", type=int, default=10, help="of ours, for each kind of arrivals")
    parser.add_argument("--seconds", type=int, default=20, help="of each run, rounded up to whole periods")
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--quick", action="store_true", help="one run of each kind, one period each")
    parser.add_argument("--json", type=Path, help="file for all of it")
    asked = parser.parse_args()
    runs, least = (1, 1) if asked.quick else (asked.runs, asked.seconds)
    seconds = -(-least // EVERY_S) * EVERY_S
    with on(CORES[-1:]), served() as port, on(CORES[:1]), Fleet() as fleet:
        own = list(ours(port, runs, asked.rate, seconds, fleet))
        table = [*views(own), Other(f"art15, closed loop, {AT_ONCE} at once", our_closed_loop(port, seconds, fleet))]
        table += others(port, asked.rate, seconds)
    if asked.json:
        made = {"runs": [{**asdict(run), "error": run.error} for run in own], "said": [asdict(each) for each in table]}
        asked.json.write_text(
            json.dumps({"seconds": seconds, "rate": asked.rate, "truth_ms": quantile(P) * 1e3, **made}, indent=1)
        )
    sys.stdout.write(printed(own, table) + "\n")


if __name__ == "__main__":
    main()
