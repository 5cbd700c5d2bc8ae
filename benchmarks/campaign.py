"""How fast a property campaign is: `python benchmarks/campaign.py [CASES] [--profile] [--awake] [--unseen]`.

Drawn inputs (Hypothesis), each sent twice to an echo model of the embedded server on the same machine, recorded,
stored and journaled as in a run, and the two answers compared: two requests a case. Prints requests a second, cases a
second, and of the probing process the processor time and the largest resident set. Beside it, what the parts can do
alone: drawing without sending, and sending the same bytes with httpx without recording. Aim on 2 cores, the server
included: 500 requests a second, better 1,000.

Client and server wait for each other in turn. A virtual processor that waits is halted, and may come back late and
with cold caches: that alone can halve the figures. `--awake` keeps every processor busy meanwhile with work that gives
way to all other (SCHED_IDLE, Linux), so that what is measured is the work and not the waking. `--unseen` leaves out the
look at every answer that a run takes.
"""

from __future__ import annotations

import contextlib
import cProfile
import json
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from harness.budget import Budget
from harness.bundle.journal import Journal
from harness.generate.campaign import search
from harness.generate.values import element_lists
from harness.judging.passive.sightings import Sightings
from harness.record.redact import Redactor
from harness.record.store import ExchangeStore, Recorder
from harness.run.embedded import EmbeddedServer
from harness.wire.access import Access
from harness.wire.rest import RestClient, json_of

MODEL = "echo-fp32"
SEED = 15
BATCH = 500  # cases of one search: Hypothesis keeps a record of every example, and a run has many small searches
# Until its parent is gone.
SPIN = """
import os, sys
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
os.sched_setaffinity(0, {int(sys.argv[2])})
while os.getppid() == int(sys.argv[1]):
    for _ in range(10_000_000):
        pass
"""
TOKEN = "benchmark-token"  # with a secret, as in a run against a real endpoint: redaction has something to look for


def body_of(values: tuple[object, ...], request_id: str) -> bytes:
    """A request with one tensor of shape [n]."""
    tensor = {"name": "x", "datatype": "FP32", "shape": [len(values)], "data": values}
    return json.dumps({"id": request_id, "inputs": [tensor]}).encode()


def campaign(cases: int, holds: Callable[[tuple[object, ...]], bool]) -> tuple[int, float]:
    """Draw that many cases in batches; cases carried out, and seconds."""
    done = 0

    def counted(values: tuple[object, ...]) -> bool:
        nonlocal done
        done += 1
        return holds(values)

    begin = time.monotonic()
    for batch in range(-(-cases // BATCH)):
        search(element_lists("FP32"), counted, examples=min(BATCH, cases), seed=SEED + batch)
    return done, time.monotonic() - begin


def recorded(url: str, folder: Path, cases: int) -> tuple[int, int, float]:
    """The campaign as a run makes it: cases, requests, seconds."""
    journal = Journal(folder / "journal.jsonl", "0" * 64)

    def announce(event: dict[str, Any]) -> None:
        journal.append("exchange", event)

    redactor = Redactor([TOKEN])
    recorder = Recorder(ExchangeStore(folder), redactor, announce)
    if "--unseen" not in sys.argv:
        recorder.observe(Sightings(redactor, ["127.0.0.1"]).look)
    with RestClient(Access(url, token=TOKEN), recorder, Budget()) as client:

        def holds(values: tuple[object, ...]) -> bool:
            answers = [client.infer(MODEL, body_of(values, request_id)) for request_id in ("first", "second")]
            first, second = (json_of(answer).value for answer in answers)
            if not all(answer.ok for answer in answers):
                sys.exit(f"the embedded server refused: {answers[0].response_body[:200]!r}")
            return bool(first["outputs"] == second["outputs"])

        done, seconds = campaign(cases, holds)
    journal.close()
    return done, recorder.totals.requests, seconds


def alone(url: str, cases: int) -> None:
    """What drawing alone, and sending alone, can do here."""
    done, seconds = campaign(cases, lambda _: True)
    sys.stdout.write(f"drawing alone: {done / seconds:.0f} cases/s\n")
    body = body_of((1.0, 2.5, -3.0), "alone")
    with httpx.Client() as client:
        begin = time.monotonic()
        for _ in range(cases):
            client.post(f"{url}/v2/models/{MODEL}/infer", content=body)
        sys.stdout.write(f"httpx alone, nothing recorded: {cases / (time.monotonic() - begin):.0f} requests/s\n")


@contextlib.contextmanager
def awake() -> Iterator[None]:
    """Keep every processor from halting."""
    commands = [[sys.executable, "-c", SPIN, str(os.getpid()), str(cpu)] for cpu in os.sched_getaffinity(0)]
    spinning = [subprocess.Popen(command) for command in commands]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def main() -> None:
    """Measure, once warm."""
    with awake() if "--awake" in sys.argv else contextlib.nullcontext():
        measure()


def measure() -> None:
    """The campaign, then its parts alone."""
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    cases = numbers[0] if numbers else 2000
    with EmbeddedServer(["--models", MODEL]) as server, tempfile.TemporaryDirectory() as folder:
        for name in ("warm", "measured"):
            (Path(folder) / name).mkdir()
        recorded(server.url, Path(folder) / "warm", 50)
        profile = cProfile.Profile() if "--profile" in sys.argv else None
        if profile:
            profile.enable()
        busy = time.process_time()
        done, requests, seconds = recorded(server.url, Path(folder) / "measured", cases)
        busy = time.process_time() - busy
        if profile:
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        sys.stdout.write(
            f"campaign: {requests / seconds:.0f} requests/s, {done / seconds:.0f} cases/s, "
            f"{requests} requests in {seconds:.1f} s, {1000 * busy / requests:.2f} ms of processor time each, "
            f"peak memory {peak:.0f} MB\n"
        )
        alone(server.url, cases)


if __name__ == "__main__":
    main()
