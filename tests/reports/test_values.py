"""Every value of the document has a class; one that is recomputed cannot be otherwise, whatever else is made anew."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.bundle.fingerprints import AnswerTaken, fingerprint_digest
from harness.bundle.journal import JournalScan
from harness.bundle.store import store_of
from harness.bundle.totals import ExchangeTotals
from harness.statistics.binomial import clopper_pearson
from reports.document.build import build
from reports.evidence import Evidence, Run
from reports.journal.state import JOURNAL, JournalState, load
from reports.verification.document_checks import differences
from reports.verification.exchange_checks import ExchangeLines
from reports.verification.files import check_files
from reports.verification.outcome import VerificationLog
from reports.verification.planned_checks import plan_contradictions
from reports.verification.values import class_of, paths, rows, table
from tests.reports import factory, some_accuracy, some_drills, test_attack_checks, test_limits, test_robustness_checks
from tests.reports.forgeries import FORGERIES
from tests.reports.forging import Rows
from tests.reports.hostile_bundles import lines_of, rewrite

DOCS = Path(__file__).parents[2] / "docs" / "verify.md"
# Held against bytes and lines of a bundle, which nothing here has: each with the forgery that shows it.
OF_BUNDLES = {
    "run.plan_sha256": "the plan of another bundle",
    "checks[].exchanges_total": "a count of the journal, with every digest",
}
# Of the document, what stands in the journal as well: who writes the journal anew writes it there too.
# Told of lines about exchanges, held against their records: what a forger makes of the lines.
OF_LINES: dict[str, Callable[[Rows], Rows]] = {
    "run.requests": lambda lines: [*lines, lines[0]],
    "run.requests_failed": lambda lines: [lines[0] | {"error_kind": "timeout"}, *lines[1:]],
    "run.redactions": lambda lines: [lines[0] | {"redactions": 7}, *lines[1:]],
}
# What is told where document and journal do not agree, and no more: here a forger has written both.
_DISAGREE = re.compile(
    "plan and journal$|those of the journal$|that of the journal$|but the journal has|in the journal$"
)
_COPIED = ("checks", "series", "drills", "accuracy", "robustness", "attacks", "provenance", "fingerprints", "plan")
# What a forger might rather have there.
_VERDICTS = {"pass": "fail", "not_applicable": "fail"}
_STATES = {"contradicted": "supported", "not_testable_from_outside": "supported", "supported": "contradicted"}
_OTHER: dict[Any, Callable[[str], str]] = {
    "verdict": lambda was: _VERDICTS.get(was, "pass"),
    "state": lambda was: "contradicted" if was == "verified" else _STATES.get(was, "contradicted"),
    "decision": lambda was: "contradicts" if was == "supports" else "supports",
    "identity_state": lambda was: "changed" if was == "unchanged" else "unchanged",
}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[JournalState, Evidence]:
    """A bundle that has values of every kind: its journal and its document."""
    folder = tmp_path_factory.mktemp("everything")
    waiver = {"slug": "rest-waived", "owner": "J. Doe", "reason": "known", "expires": "2099-01-01", "model": None}
    robustness = [test_limits.CHANGED, test_limits.ATTACKED]
    policy = {"waivers": [waiver], "accuracy": [some_accuracy.policy()], "robustness": robustness}
    bundle = factory.start(folder, factory.plan(policy=policy))
    factory.fill(bundle)
    exchange = bundle.exchange(b"{}", b"{}")
    bounds = clopper_pearson(9, 10, 0.95)
    estimate = {"k": 9, "n": 10, "method": "Clopper-Pearson", "lower": bounds.lower, "upper": bounds.upper}
    bundle.journal.append("check", factory.check("rest-sampled", estimate=estimate | {"confidence": 0.95}))
    seen = [factory.counterexample("x", ["REST-HTTP-01"], exchange)]
    bundle.journal.append("check", factory.check("rest-waived", "fail", counterexamples=seen, waiver=waiver))
    bundle.journal.append("check", factory.check("accuracy-declared", suite="accuracy", clauses=[], verdict="fail"))
    bundle.journal.append("accuracy", {"check": some_accuracy.CHECK, "accuracy": some_accuracy.record()})
    for kind, data in some_drills.every_kind():
        bundle.journal.append(kind, data)
    bundle.journal.append("robustness", {"check": "r", "robustness": test_robustness_checks.changed()})
    bundle.journal.append("attacks", {"check": "a", "attacks": test_attack_checks.RECORD})
    answers = [AnswerTaken(request="1" * 64, answer="2" * 64, exchange=exchange)]
    fingerprint = {"model": "iris", "transport": "rest", "when": "start", "answers": msgspec.to_builtins(answers)}
    bundle.journal.append(
        "fingerprint", {"check": "f", "fingerprint": fingerprint | {"sha256": fingerprint_digest(answers)}}
    )
    link = {"about": "model.digest", "place": "endpoint", "claimed": "sha256:1", "found": "sha256:1", "words": ""}
    chain = {"model": "iris", "transport": "rest", "links": [link | {"state": "verified"}]}
    bundle.journal.append("provenance", {"check": "p", "chain": chain})
    for when in ("middle", "end"):
        factory.identity(bundle, when)
    bundle.journal.append("close", {"exit_code": 1})
    bundle.journal.close()
    recorded = load(folder)
    assert recorded.trouble == []
    document = build(folder, None, recorded)
    assert contradictions(document, recorded) == []
    return recorded, document


def contradictions(document: Evidence, recorded: JournalState) -> list[str]:
    """What is told of a document and a journal, whoever made both."""
    return [*differences(document, recorded), *(text for _, text in plan_contradictions(recorded))]


def leaves(value: Any, path: str, place: tuple[Any, ...]) -> Iterator[tuple[str, tuple[Any, ...], Any]]:
    """Every value below: its path as the schema has it, where it lies, and what it is."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, f"{path}.{name}" if path else name, (*place, name))
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from leaves(member, f"{path}[]", (*place, number))
    elif value is not None:
        yield path, place, value


def another(name: Any, value: Any, dice: random.Random) -> Any:
    if name in _OTHER:
        return _OTHER[name](value)
    if isinstance(value, int):
        return value + dice.choice((1, 7, 1000))
    if isinstance(value, float):
        return value - 0.07 if value > 0.5 else value + 0.07
    return "0" * 64 if len(value) == 64 else f"{value}x"


def is_of_none(said: dict[str, Any], place: tuple[Any, ...]) -> bool:
    """Whether nothing stands beside that a value follows from: no exact bounds, no clauses."""
    inner: Any = said
    for name in place[:-1]:
        inner = inner[name]
    if not isinstance(inner, dict):
        return False
    inexact = "lower" in inner and not inner.get("method", "Clopper").startswith("Clopper")
    return inexact or (place[0] == "checks" and inner.get("clauses") == [])


def forged(document: dict[str, Any], place: tuple[Any, ...], value: Any) -> Evidence:
    """The document with another value in one place."""
    copy = msgspec.json.decode(msgspec.json.encode(document))
    inner = copy
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    return msgspec.convert(copy, Evidence)


def test_every_value_has_a_class() -> None:
    classes = {path: class_of(path) for path in paths()}
    assert [path for path, found in classes.items() if found is None] == []
    assert rows().keys() == {found[0] for found in classes.values() if found is not None}


def test_what_only_bundles_show_is_among_the_forgeries() -> None:
    assert {*OF_BUNDLES.values()} <= FORGERIES.keys()


def test_the_page_has_the_table() -> None:
    assert table() in DOCS.read_text(), "python -m reports.verification.values"


@pytest.mark.parametrize(
    "row", [path for path, (name, _) in rows().items() if name == "recomputed" and path not in OF_BUNDLES | OF_LINES]
)
def test_a_recomputed_value_cannot_be_otherwise(row: str, everything: tuple[JournalState, Evidence]) -> None:
    """A drawn edit, in document and journal alike, as if every digest was made anew."""
    recorded, document = everything
    said = msgspec.to_builtins(document)
    dice = random.Random(row)
    mine = [each for each in leaves(said, "", ()) if (found := class_of(each[0])) is not None and found[0] == row]
    mine = [each for each in mine if not is_of_none(said, each[1])]
    assert mine, "the bundle of this test has no such value"
    path, place, value = dice.choice(mine)
    other = another(place[-1], value, dice)
    made = forged(said, place, other)
    was = {name: getattr(recorded, name) for name in (*_COPIED, "exchanges")}
    try:
        for name in _COPIED:
            setattr(recorded, name, getattr(made, name))
        recorded.exchanges = totals_of(made.run)
        told = contradictions(made, recorded)
    finally:
        for name, before in was.items():
            setattr(recorded, name, before)
    if "journal" not in rows()[row][1] and "the plan" not in rows()[row][1]:
        told = [text for text in told if not _DISAGREE.search(text)]
    assert told, f"{path} at {place}: {value} -> {other}"


def totals_of(run: Run) -> ExchangeTotals:
    """The lines about exchanges of a forger, added up."""
    return ExchangeTotals(
        requests=run.requests,
        failed=run.requests_failed,
        sent=run.bytes_sent,
        received=run.bytes_received,
        redactions=run.redactions,
        first=run.first_request,
        last=run.last_request,
    )


@pytest.mark.parametrize("row", [None, *OF_LINES])
def test_a_line_cannot_be_otherwise_than_its_record(row: str | None, copied: Path) -> None:
    """Lines written anew, with the chain, as if the document was made of them."""
    lines = lines_of(copied)
    if row is not None:
        exchanges = OF_LINES[row]([line["data"] for line in lines if line["kind"] == "exchange"])
        others = [line for line in lines if line["kind"] != "exchange"]
        kind = next(line for line in lines if line["kind"] == "exchange")
        rewrite(copied, [*others, *(kind | {"data": data} for data in exchanges)])
    files = check_files(VerificationLog(copied), None)
    held = ExchangeLines(files.records, files.facts)
    for entry in JournalScan(copied / JOURNAL, None):
        held.watch(entry)
    assert bool([*held.contradictions(store_of(copied))]) == (row is not None)
