"""A bundle from runs of load that somebody started with locust: their records, merged, judged and recorded.

No check was carried out, and the page says so: what it shows is what was sent, what came back, and when. Records of
workers on other machines count as soon as they lie in the same folder.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harness.bundle.events import Closed, DeviationSeen, Opened
from harness.bundle.journal import Journal
from harness.clauses import Catalogue, load
from harness.criteria import sentences
from harness.load.analysis.load_run import LoadRun, read_run
from harness.load.plan.load_plan import LoadPlan, read_plan
from harness.load.records.rows import RecordsError
from harness.probing.load.records import load_series
from harness.record.clock import now
from harness.run.events import storable
from harness.run.planning.plan import DECISION_RULE
from harness.run.snapshot import snapshot
from harness.run.tester import tester
from harness.wire.address import Address, joined
from reports.bundle import others
from reports.evidence import SCHEMA_VERSION, Plan, encode

if TYPE_CHECKING:
    from harness.record.exchange import Transport

NOTE = "made from the records of runs of load that were started with locust; no check was carried out"


class NoRuns(Exception):
    """The folder holds no run of load that can be read; says why."""


def is_series(folder: Path) -> bool:
    """Whether locust left records in the folder, and no probing run did."""
    return not (folder / "plan.json").exists() and any(folder.glob("plan-*.json"))


def bundle_of(folder: Path) -> Path:
    """The bundle of all runs in the folder, inside it; made once, since a journal is never written anew.

    Raises:
        NoRuns: there is nothing to show.
    """
    runs = list(_runs(folder))
    if not runs:
        raise NoRuns(f"{folder}: no plan-*.json with records that belong to it")
    name = hashlib.sha256(" ".join(run.plan.digest for run in runs).encode()).hexdigest()[:12]
    bundle = folder / f"evidence-{name}"
    if not bundle.exists():
        # Whole or not at all: a bundle that was begun could not be continued.
        with tempfile.TemporaryDirectory(dir=folder, prefix=".art15-") as begun:
            made = Path(begun) / "bundle"
            _write(made, f"load-{name}", runs)
            made.rename(bundle)
    return bundle


def _runs(folder: Path) -> Iterator[LoadRun]:
    for path in sorted(folder.glob("plan-*.json"), key=lambda each: (each.stat().st_mtime_ns, each.name)):
        try:
            yield read_run(read_plan(path), folder)
        except (msgspec.DecodeError, RecordsError, ValueError) as error:
            raise NoRuns(f"{path.name}: {error}") from error


def _write(bundle: Path, run_id: str, runs: Sequence[LoadRun]) -> None:
    catalogue, first = load(), runs[0].plan
    (bundle / "series").mkdir(parents=True, exist_ok=True)
    for run in runs:
        for path in run.files:
            shutil.copyfile(path, bundle / "series" / path.name)
    plan = encode(_plan(run_id, first, catalogue))
    (bundle / "plan.json").write_bytes(plan)
    opened = Opened(
        run_id=run_id,
        endpoint=_endpoint(first),
        authority=first.authority or first.host,
        tester=tester(),
        transports=sorted({_transport(run.plan) for run in runs}),
    )
    with closing(Journal(bundle / "journal.jsonl", hashlib.sha256(plan).hexdigest())) as journal:
        journal.append(opened.kind_of_line, storable(msgspec.to_builtins(opened)))
        for event in (snapshot(catalogue, ()), DeviationSeen(text=NOTE)):
            journal.append(event.kind_of_line, event)
        for number, run in enumerate(runs, 1):
            cases = sorted({case.name for case in run.plan.cases})
            series = load_series(run, f"locust, run {number}", _transport(run.plan), ", ".join(cases))
            journal.append(series.kind_of_line, storable(msgspec.to_builtins(series)))
        journal.append(Closed.kind_of_line, Closed(files=others(bundle)))


def _plan(run_id: str, first: LoadPlan, catalogue: Catalogue) -> Plan:
    return Plan(
        schema_version=SCHEMA_VERSION,
        run_id=run_id,
        sealed_at=now(),
        endpoint=_endpoint(first),
        profile="locust",
        seed=first.seed,
        suites=[],
        models=[],
        selection="",
        allow=["load"],
        budget={"rate_per_s": first.max_rate},
        decision_rule=DECISION_RULE,
        criteria=sentences(),
        policy={},
        policy_sha256=None,
        catalogue_digest=catalogue.digest,
        checks=[],
    )


def _transport(plan: LoadPlan) -> Transport:
    return "rest" if plan.transport == "http" else "grpc"


def _endpoint(plan: LoadPlan) -> str:
    address = Address(plan.host, plan.port, plan.tls, joined(plan.host, plan.port))
    return address.url if _transport(plan) == "rest" else address.grpc_url
