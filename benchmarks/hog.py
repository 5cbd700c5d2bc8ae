"""A busy machine is not a slow server: `python benchmarks/hog.py [--runs N] [--hogs N] [--seconds N] [--json FILE]`.

The same run against nginx with fixed answers, in turn with nothing beside it and with processes that compute without
end on the tester's own processor (nginx has the other one). Without them the service level holds; with them whatever
is seen is the tester's doing, so every such run has to be INVALID, and none may blame the target. Prints how many runs
were what, and why.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from fixed_target import PREFIX, FixedTarget, small_case
from measuring import CORES, on, percentile

from harness.load.launch import Fleet
from harness.load.plan.load_plan import Connections, LoadPlan, ServiceLevel
from harness.load.plan.schedule import poisson

RATE = 1000.0
LEVEL = ServiceLevel(latency_s=0.02)


@dataclass(frozen=True)
class Run:
    """One run: whether hogs were beside it, what it came to, and the p99 of the tester's own lag in ms."""

    hogs: int
    verdict: str
    invalid: tuple[str, ...]
    lag_ms: float | None


@contextlib.contextmanager
def hogs(number: int) -> Iterator[None]:
    """So many processes that compute without end, where this one runs."""
    beside = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for each in beside:
            each.kill()
            each.wait()


def run(fleet: Fleet, port: int, seed: int, number: int, seconds: float) -> Run:
    """One run of ours beside so many hogs."""
    plan = LoadPlan(
        host="127.0.0.1",
        port=port,
        cases=(small_case(with_id=True),),
        schedule=poisson(RATE, seconds),
        seed=seed,
        prefix=PREFIX,
        level=LEVEL,
        connections=Connections(cap=256, preconnect=16),
    )
    with hogs(number), tempfile.TemporaryDirectory() as folder:
        found = fleet.run(plan, Path(folder))
    lag = percentile(found.summary.own_lag, 0.99)
    reasons = tuple(each.code for each in found.outcome.invalid)
    return Run(number, str(found.outcome.verdict), reasons, None if lag is None else lag * 1e3)


def main() -> None:
    """Measure and print; exit code 1 where a run blamed the target."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--runs", type=int, default=20, help="with hogs, and as many without")
    parser.add_argument("--hogs", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    parser.add_argument("--json", type=Path, help="file for all of it")
    asked = parser.parse_args()
    seen: list[Run] = []
    with FixedTarget(CORES[-1]) as target, on(CORES[:1]), Fleet() as fleet:
        fleet.start()
        for seed in range(asked.runs):
            for number in (0, asked.hogs):
                seen.append(run(fleet, target.http, seed, number, asked.seconds))
                sys.stderr.write(f"{seed}: {seen[-1]}\n")
    if asked.json:
        asked.json.write_text(json.dumps([asdict(each) for each in seen], indent=1))
    for number in (0, asked.hogs):
        own = [each for each in seen if each.hogs == number]
        verdicts = Counter("INVALID" if each.invalid else each.verdict for each in own)
        why = Counter(code for each in own for code in each.invalid)
        sys.stdout.write(f"{number} hogs beside: {dict(verdicts)} of {len(own)} {dict(why) or ''}\n")
    raise SystemExit(any(each.verdict == "fail" for each in seen))


if __name__ == "__main__":
    main()
