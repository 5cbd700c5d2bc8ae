"""Less testing never looks better: whatever is taken away from a real run, no duty gains support."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.run.embedded import EmbeddedServer
from reports.document.build import build
from reports.document.duties import duty_rows
from reports.document.proof import proven
from reports.evidence import CheckResult
from reports.journal.state import JournalState, load
from tests.endtoend.running import Ran, probe

pytestmark = pytest.mark.slow

FAULTS = ("drops-request-id", "error-422-detail")
RUNS = ("clean", "faulty", "disturbed")


@pytest.fixture(scope="module")
def bundles(server: str, clean_run: Ran, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three real runs: clean, with faults, and over both transports with all that may disturb but load."""
    folder = tmp_path_factory.mktemp("monotone")
    arguments = [word for fault in FAULTS for word in ("--fault", fault)]
    with EmbeddedServer(["--models", "pair", *arguments]) as broken:
        faulty = probe(broken.url, folder / "faulty", "--oip-model", "pair")
    with EmbeddedServer(["--models", "pair"]) as whole:
        allowed = ("--oip-grpc", whole.grpc or "", "--oip-allow", "repository", "--oip-suite", "conformance")
        disturbed = probe(whole.url, folder / "disturbed", "--oip-model", "pair", *allowed)
    return {"clean": clean_run.folder, "faulty": faulty.folder, "disturbed": disturbed.folder}


@functools.cache
def whole_run(folder: Path) -> JournalState:
    """A whole run, read once."""
    return recorded(folder)


def recorded(folder: Path) -> JournalState:
    """The run as a report takes it."""
    found = load(folder)
    found.checks = [proven(check, found.unconnected) for check in found.checks]
    return found


def supported(run: JournalState, checks: list[CheckResult] | None = None) -> set[str]:
    """The duties that the observations are consistent with, if only these checks had been carried out."""
    before, run.checks = run.checks, run.checks if checks is None else checks
    try:
        return {row.id for row in duty_rows(run) if row.state == "supported"}
    finally:
        run.checks = before


def test_the_runs_say_something(bundles: dict[str, Path]) -> None:
    assert supported(whole_run(bundles["clean"])) >= {"A15-5-i"}
    against = [row.id for row in duty_rows(whole_run(bundles["faulty"])) if row.state == "contradicted"]
    assert "A15-4-d" in against
    assert "A15-5-h" not in against


@pytest.mark.parametrize("name", RUNS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_duty_gains_by_checks_taken_away(bundles: dict[str, Path], name: str, data: st.DataObject) -> None:
    run = whole_run(bundles[name])
    whole = supported(run)
    places = range(len(run.checks))
    gone = data.draw(st.sets(st.sampled_from(places)) | st.sampled_from(_parts(run)), label="taken away")
    assert supported(run, [check for place, check in enumerate(run.checks) if place not in gone]) <= whole


def _parts(run: JournalState) -> list[set[int]]:
    """What is taken away at once by a word on the command line: suites, models, kinds, all that is no pass."""
    keys = [(check.suite, check.model, check.kind, check.transport) for check in run.checks]
    values = {value for key in keys for value in key}
    parts = [{place for place, key in enumerate(keys) if value in key} for value in sorted(values, key=str)]
    unpassed = {place for place, check in enumerate(run.checks) if check.verdict != "pass"}
    return [*parts, *({*range(len(keys))} - part for part in parts), unpassed]


@pytest.mark.parametrize("name", RUNS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_duty_gains_by_a_worse_verdict(bundles: dict[str, Path], name: str, data: st.DataObject) -> None:
    run = whole_run(bundles[name])
    whole = supported(run)
    worse = data.draw(st.dictionaries(st.sampled_from(range(len(run.checks))), st.sampled_from(WORSE)))
    changed = [
        msgspec.structs.replace(check, verdict=worse.get(place, check.verdict))
        for place, check in enumerate(run.checks)
    ]
    assert supported(run, changed) <= whole


WORSE = ("warn", "untestable", "inconclusive", "tool_error", "fail")


@pytest.mark.parametrize("name", RUNS)
def test_no_duty_gains_by_a_journal_cut_at_any_line(bundles: dict[str, Path], name: str, tmp_path: Path) -> None:
    folder = bundles[name]
    shutil.copy(folder / "plan.json", tmp_path)
    whole = supported(whole_run(folder))
    journal = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    lines = [number for number, line in enumerate(journal, 1) if b'"kind":"exchange"' not in line]
    for number in [*lines[:: max(1, len(lines) // 60)], len(journal) - 1]:
        (tmp_path / "journal.jsonl").write_bytes(b"".join(journal[:number]))
        assert supported(recorded(tmp_path)) <= whole, number


def test_a_cut_run_is_reported_with_no_more_than_the_whole(bundles: dict[str, Path], tmp_path: Path) -> None:
    folder = bundles["clean"]
    shutil.copytree(folder, tmp_path / "cut")
    journal = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "cut" / "journal.jsonl").write_bytes(b"".join(journal[: len(journal) // 2]) + journal[-1][:40])
    cut = build(tmp_path / "cut")
    assert cut.report.cut_short
    assert {row.id for row in cut.duties if row.state == "supported"} <= supported(whole_run(folder))
