"""What a report of very many exchanges takes: `python -m benchmarks.million [EXCHANGES ...] [--page]`.

For each number (10,000, 100,000 and 1,000,000 without any) a bundle is written by what writes one in a run: recorder,
pack, journal, rows of load. It has 500 checks, 200 of which failed with five counterexamples each; no body is there
twice, so nothing is saved by leaving one out. Then it is finished as at the end of a run, and `art15 report` and
`art15 verify` are run on it, each as a process of its own: wall time, and the largest resident set. `--page` also opens
the pages in headless Chromium.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

from harness.load.records.rows import Origin, RecordWriter, Status, records_name
from harness.record.exchange import ConnectionFacts, Exchange
from harness.record.redact import Redactor
from harness.record.store import ExchangeStore, Recorder
from reports.bundle import PAGES, others
from tests.reports import factory
from tests.reports.chromium import opening
from tests.reports.some_load import capacity_search

SIZES = (10_000, 100_000, 1_000_000)
CHECKS, FAILED, SHOWN = 500, 200, 5
SEED = 15
# Of opening a page, in a window of the usual size; every start is that of a new profile.
STARTS = 3
# What pytest's last step does (`OpenRun.finish`), in a process that has loaded what a run has.
ENDING = """
import sys
from pathlib import Path
import harness.prober.prober
from harness.bundle.store import store_of
from harness.run.checks import load_checks
from reports.bundle import EVIDENCE, finish
from reports.document.proof import unproven
from reports.evidence import decode
load_checks()
folder = Path(sys.argv[1])
store = store_of(folder)
finish(folder, store=store)
sys.exit(len(unproven(decode((folder / EVIDENCE).read_bytes()), store)))
"""


def exchange(number: int, drawn: random.Random) -> Exchange:
    """An inference as the REST client records it, of a few hundred bytes each way."""
    values = [drawn.uniform(-10, 10) for _ in range(12)]
    inputs = [{"name": "x", "shape": [3, 4], "datatype": "FP32", "data": values}]
    outputs = [{"name": "y", "shape": [3], "datatype": "FP64", "data": [sum(values[at::3]) for at in range(3)]}]
    answer = {"model_name": "iris", "model_version": "1", "id": f"r-{number}", "outputs": outputs}
    sent, came = (json.dumps(each).encode() for each in ({"id": f"r-{number}", "inputs": inputs}, answer))
    second, micro = divmod(number * 1200, 1_000_000)
    began = 1_000_000_000 + number * 1_200_000
    return Exchange(
        n=number,
        method="POST",
        url="http://127.0.0.1:8080/v2/models/iris/infer",
        http_version="HTTP/1.1",
        request_headers=(
            ("Host", "127.0.0.1:8080"),
            ("Content-Type", "application/json"),
            ("Accept", "*/*"),
            ("Content-Length", str(len(sent))),
        ),
        request_body=sent,
        status=200,
        reason="OK",
        response_http_version="HTTP/1.1",
        response_headers=(
            ("date", "Mon, 30 Nov 2026 10:00:00 GMT"),
            ("server", "uvicorn"),
            ("content-length", str(len(came))),
            ("content-type", "application/json"),
        ),
        response_body=came,
        truncated=False,
        error=None,
        started=f"2026-11-30T10:{second // 60 % 60:02d}:{second % 60:02d}.{micro:06d}Z",
        start_ns=began,
        headers_ns=began + 900_000,
        end_ns=began + 1_000_000,
        connection=ConnectionFacts(id=number // 1000, request_index=number % 1000 + 1, local="a:1", peer="b:2"),
        sent=len(sent) + 150,
        received=len(came) + 140,
    )


def write(folder: Path, count: int) -> None:
    """A run of so many exchanges, as it leaves its folder before the report is made."""
    bundle = factory.start(folder)
    journal, drawn = bundle.journal, random.Random(SEED)
    recorder = Recorder(ExchangeStore(folder), Redactor([]), lambda seen: void(journal.append("exchange", seen)))
    each, number = count // CHECKS, 0
    for check in range(CHECKS):
        recorder.current_check = f"property-{check}-holds[iris]"
        digests = []
        for _ in range(each):
            number += 1
            digests.append(recorder.record(exchange(number, drawn)).ref)
        # Of the failures some lie at the beginning of what the check sent, some in the middle, some at the end.
        bad = digests[:: max(1, each // SHOWN)][:SHOWN] if check < FAILED else []
        found = [factory.counterexample(f"root-{check}", ["REST-HTTP-01"], digest) for digest in bad]
        line = factory.check(
            f"property-{check}-holds",
            "fail" if bad else "pass",
            counterexamples=found,
            exchanges=digests[-20:],
            exchanges_total=each,
            cases=each,
            failures=len(bad),
        )
        journal.append("check", line)
    for run in capacity_search():
        journal.append("series", run)
    load(folder, count)
    recorder.store.close()
    journal.append("close", {"exit_code": 1, "ended": "finished", "files": others(folder)})
    journal.close()


def void(_: str) -> None:
    """Nobody wants the digest."""


def load(folder: Path, count: int) -> None:
    """Rows of a run of load, in the file of one worker."""
    (folder / "series").mkdir()
    with RecordWriter(folder / "series" / records_name("capacity", 0), Origin(0, 1, "0" * 64)) as rows:
        for index in range(count):
            due = index * 1_000_000
            rows.add(index, due, due, due + 1, due + 9, due + 10, 400, 1, 200, 0, 0, int(Status.OK), 0)


def measured(*command: str | Path) -> tuple[float, float, float]:
    """Seconds, those of a processor, and mebibytes at most of a command, as the only child of a process of its own."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(run, command)


def run(*command: str | Path) -> tuple[float, float, float]:
    """See :func:`measured`: the largest resident set is that of all children a process ever had."""
    begin = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    seconds = time.perf_counter() - begin
    if done.returncode:
        sys.stderr.write(f"{done.stdout[-2000:]}{done.stderr[-2000:]}\n")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    """One line a size and command, for `docs/evidence.md`."""
    sizes = [int(each) for each in sys.argv[1:] if each.isdigit()] or SIZES
    for count in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "evidence"
            begin = time.perf_counter()
            write(folder, count)
            took = time.perf_counter() - begin
            size = sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()) / 1e6
            sys.stdout.write(f"{count}: written in {took:.0f} s, {size:.0f} MB\n")
            art15 = Path(sys.executable).with_name("art15")
            commands = {
                "end of pytest": [sys.executable, "-c", ENDING, folder],
                "art15 report": [art15, "report", folder],
                "art15 verify": [art15, "verify", folder],
            }
            for what, command in commands.items():
                seconds, busy, most = measured(*command)
                sys.stdout.write(f"{count}: {what}: {seconds:.1f} s ({busy:.1f} s of a processor), {most:.0f} MiB\n")
                sys.stdout.flush()
            for page in PAGES if "--page" in sys.argv else ():
                seconds = max(opening(folder / page, Path(name)) for _ in range(STARTS))
                size = (folder / page).stat().st_size / 1e6
                sys.stdout.write(f"{count}: {page}: {size:.1f} MB, opened in {seconds:.2f} s at most\n")


if __name__ == "__main__":
    main()
