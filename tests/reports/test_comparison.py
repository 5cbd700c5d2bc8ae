"""Two runs beside each other: what is new, what is gone, what was not looked for, and what is only chance."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from harness.bundle.accuracy import AccuracyRecord
from harness.bundle.events import Moment
from harness.bundle.exchange import NOT_KEPT
from harness.bundle.fingerprints import AnswerTaken, Fingerprint, fingerprint_digest
from harness.cli import main
from reports import schema
from reports.bundle import finish
from reports.comparison.compare import compare
from reports.comparison.words import comparison_lines
from reports.document.build import build
from reports.evidence import Estimate, Evidence, decode
from reports.evidence.comparison import DriftRow, RunComparison
from reports.text.formats import short
from reports.text.sentences import sentences
from tests.reports import factory, some_accuracy
from tests.reports.validating import validate

Made = Callable[..., Evidence]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Makes documents of runs with these lines of checks."""
    numbers = itertools.count()

    def document(*checks: dict[str, Any]) -> Evidence:
        bundle = factory.start(tmp_path / str(next(numbers)))
        for line in checks:
            bundle.journal.append("check", line)
        factory.identity(bundle, "end")
        return build(bundle.folder)

    return document


def measured(document: Evidence, right: int, **data: Any) -> Evidence:
    """The same with the accuracy of a model on 100 rows."""
    record = some_accuracy.record(metrics=[some_accuracy.share("accuracy", right, 100)])
    record |= {"data": record["data"] | data}
    return msgspec.structs.replace(document, accuracy=[msgspec.convert(record, AccuracyRecord)])


def words(found: RunComparison) -> str:
    return "\n".join(comparison_lines(sentences(), found))


def changed(document: Evidence, **model: Any) -> Evidence:
    """The same with another model, as it describes itself."""
    models = [msgspec.structs.replace(document.item.models[0], **model)]
    return msgspec.structs.replace(document, item=msgspec.structs.replace(document.item, models=models))


def test_a_run_beside_itself_shows_nothing(made: Made) -> None:
    document = made(factory.check("rest-x"), factory.check("rest-y", "fail"))
    found = compare(document, document)
    assert (found.same_run, found.worse, found.drift, found.verdicts) == (True, [], [], [])
    assert {row.change for row in found.findings} == {"still"}
    assert words(found).endswith("Nothing in B was seen to be worse than in A.")


@pytest.mark.parametrize(
    ("a", "b", "change", "worse"),
    [
        ("pass", "fail", "new", True),
        ("warn", "fail", "worse", True),
        ("fail", "warn", "milder", False),
        ("fail", "pass", "fixed", False),
        ("untestable", "fail", "first_looked", False),
        ("fail", "untestable", "not_looked", False),
    ],
)
def test_a_finding_is_new_or_gone_only_where_it_was_looked_for(
    made: Made, a: str, b: str, change: str, worse: bool
) -> None:
    def line(verdict: str) -> dict[str, Any]:
        shown = [factory.counterexample("cause", ["REST-HTTP-01"])] if verdict in ("warn", "fail") else []
        return factory.check("rest-x", verdict, counterexamples=shown)

    found = compare(made(line(a)), made(line(b)))
    assert [row.change for row in found.findings] == [change]
    assert ("findings" in found.worse) == worse
    assert found.verdicts[0].check == "rest-x[iris]"


def test_a_finding_on_a_model_that_was_not_probed_is_not_new(made: Made) -> None:
    found = compare(made(factory.check("rest-x")), made(factory.check("rest-x", "fail", model="other")))
    assert [row.change for row in found.findings] == ["first_looked"]
    assert (found.checks_only_a, found.checks_only_b) == (["rest-x[iris]"], ["rest-x[other]"])
    assert "B says nothing" in words(found)


def test_what_no_requirement_set_counts_is_told_and_makes_nothing_worse(made: Made) -> None:
    tally = {"clause": "REST-HTTP-01", "root": "cause", "failures": 1, "cases": 2, "standing": "not_counted"}
    outside = factory.check("rest-x", "fail", tallies=[tally | {"verdict": "fail"}])
    found = compare(made(factory.check("rest-x")), made(outside))
    assert [(row.change, row.standing) for row in found.findings] == [("new", "not_counted")]
    assert found.worse == []


@pytest.mark.parametrize(
    ("model", "row"),
    [
        ({"version": "2"}, ("version", "")),
        ({"platform": "other"}, ("platform", "")),
        ({"properties": {"provenance.model.digest": "sha256:1"}}, ("property", "provenance.model.digest")),
        ({"versions": ["1", "9"]}, ("versions", "")),
    ],
)
def test_another_identity_is_drift(made: Made, model: dict[str, Any], row: tuple[str, str]) -> None:
    document = made(factory.check("rest-x"))
    found = compare(document, changed(document, **model))
    assert [(each.what, each.about) for each in found.drift] == [row]
    assert found.worse == ["drift"]


def test_the_order_of_versions_is_no_drift_and_metadata_that_vary_say_nothing(made: Made) -> None:
    document = made(factory.check("rest-x"))
    turned = changed(document, versions=document.item.models[0].versions[::-1])
    assert compare(document, turned).drift == []
    one, other = document.item.models[0].identity
    renewed = [msgspec.structs.replace(one, metadata_sha256="b" * 64), other]
    assert compare(document, changed(document, identity=renewed)).drift == []
    for_good = [msgspec.structs.replace(each, metadata_sha256="b" * 64) for each in (one, other)]
    told = compare(document, changed(document, identity=for_good)).drift
    assert told == [DriftRow(what="metadata", model="iris", about="", a="a" * 64, b="b" * 64)]


@pytest.mark.parametrize(("right", "worse"), [(81, []), (78, []), (50, ["numbers"])])
def test_a_metric_is_worse_only_beyond_chance(made: Made, right: int, worse: list[str]) -> None:
    document = made(factory.check("rest-x"))
    found = compare(measured(document, 80), measured(document, right))
    assert found.worse == worse
    assert [(row.a.k, row.b.k, row.method) for row in found.numbers] == [(80, right, "Fisher's exact test")]


def test_many_numbers_are_held_together(made: Made) -> None:
    """One of twenty that differs with p 0.02 is nothing that chance would not do."""
    document = made(factory.check("rest-x"))

    def estimates(k: int) -> Evidence:
        rows = [
            factory.check(f"rest-{n}", estimate={
                "k": k if n == 0 else 80, "n": 100, "method": "m", "lower": 0.0, "upper": 1.0, "confidence": 0.95
            })
            for n in range(20)
        ]  # fmt: skip
        return made(*rows)

    found = compare(estimates(80), estimates(66))
    lowest = min(found.numbers, key=lambda row: row.chance)
    assert lowest.chance < 0.05 < lowest.adjusted
    assert found.worse == []
    assert document.report.id in words(compare(document, document))


def test_numbers_of_other_data_are_not_compared(made: Made) -> None:
    document = made(factory.check("rest-x"))
    a, b = measured(document, 80), measured(document, 50, sha256="f" * 64)
    assert compare(a, b).numbers == []


def test_numbers_of_data_without_a_digest_are_not_compared(made: Made) -> None:
    """Whether it is the same cannot be told."""
    document = made(factory.check("rest-x"))
    a, b = measured(document, 80, sha256=NOT_KEPT), measured(document, 50, sha256=NOT_KEPT)
    assert compare(a, b).numbers == []
    assert short(sentences(), NOT_KEPT) == NOT_KEPT


def test_the_command_says_it_to_people_and_to_tools(sealed: Path, tmp_path: Path) -> None:
    bundle = factory.start(tmp_path / "evidence")
    bundle.journal.append("check", factory.check("rest-new", "fail", model="\u202enimda\x1b[31m"))
    finish(bundle.folder)
    ran = CliRunner().invoke(main, ["diff", str(sealed), str(bundle.folder)])
    assert ran.exit_code == 0, ran.output
    assert not set("\x1b\u202e\u200b") & set(ran.output)
    assert ran.output.rstrip().splitlines()[-1].startswith("Nothing in B was seen to be worse than in A. Of ")
    told = CliRunner().invoke(main, ["diff", "--json", str(sealed), str(bundle.folder)])
    validate(told.stdout_bytes, schema.COMPARISON_SCHEMA)
    assert msgspec.json.decode(told.stdout_bytes, type=RunComparison).worse == []
    assert (
        told.stdout_bytes == CliRunner().invoke(main, ["diff", "--json", str(sealed), str(bundle.folder)]).stdout_bytes
    )


def test_something_worse_ends_with_1_and_no_bundle_with_4(sealed: Path, copied: Path, tmp_path: Path) -> None:
    journal = copied / "journal.jsonl"
    assert CliRunner().invoke(main, ["diff", str(sealed), str(copied)]).exit_code == 0
    for name, verdict in (("a", "pass"), ("b", "fail")):
        bundle = factory.start(tmp_path / name)
        bundle.journal.append("check", factory.check("rest-x", verdict))
        finish(bundle.folder)
    assert CliRunner().invoke(main, ["diff", str(tmp_path / "a"), str(tmp_path / "b")]).exit_code == 1
    journal.write_bytes(journal.read_bytes()[:-20])
    for arguments in ([sealed, copied], [sealed, tmp_path], [sealed, tmp_path / "nosuch"]):
        ran = CliRunner().invoke(main, ["diff", *map(str, arguments)])
        assert ran.exit_code == 4, ran.output


def test_a_document_of_a_stranger_is_compared_or_refused(sealed: Path) -> None:
    """Series that are none and counts that are none do not end the comparison."""
    document = decode((sealed / "evidence.json").read_bytes())
    check = msgspec.structs.replace(
        document.checks[0],
        estimate=Estimate(k=9, n=3, method="m", lower=2.0, upper=-1.0, confidence=7.0),
    )
    odd = msgspec.structs.replace(document, checks=[check, *document.checks], series=[{"name": 1}, {}])
    found = compare(odd, odd)
    assert {row.method for row in found.numbers if row.about == check.slug} == {"none: it has no bounds"}


def fingerprinted(document: Evidence, *rows: tuple[str, str, str | None], replica: str | None = None) -> Evidence:
    """The same with answers of a model: when, request and answer."""
    found = []
    for when in dict.fromkeys(row[0] for row in rows):
        answers = [AnswerTaken(request=request, answer=answer) for at, request, answer in rows if at == when]
        found.append(
            Fingerprint(
                model="iris", transport="rest", when=msgspec.convert(when, Moment), replica=replica, answers=answers,
                sha256=fingerprint_digest(answers),
            )
        )  # fmt: skip
    return msgspec.structs.replace(document, fingerprints=found)


def test_another_answer_to_the_same_request_is_drift_and_has_a_place(made: Made) -> None:
    document = made(factory.check("rest-x"))
    a = fingerprinted(document, ("start", "r1", "a1"), ("start", "r2", "a2"), ("start", "r3", "a3"))
    b = fingerprinted(document, ("start", "r1", "a1"), ("start", "r2", "b2"), ("start", "r4", "a4"))
    rows = compare(a, b).drift
    assert [(row.what, row.about, row.a, row.b) for row in rows if row.what == "answer"] == [
        ("answer", "rest r2", "a2", "b2")
    ]
    assert rows[0].what == "fingerprint"
    assert rows[0].about == "rest (1/2)"
    assert "iris fingerprint rest (1/2)" in words(compare(a, b))


@pytest.mark.parametrize(
    "other",
    [
        [("start", "r9", "a9")],
        [("start", "r1", None)],
        [("start", "r1", "b1"), ("end", "r1", "a1")],
    ],
)
def test_other_requests_and_answers_that_vary_within_a_run_are_no_drift(made: Made, other: list[Any]) -> None:
    document = made(factory.check("rest-x"))
    a = fingerprinted(document, ("start", "r1", "a1"), ("end", "r1", "a1"))
    assert compare(a, fingerprinted(document, *other)).drift == []
    elsewhere = fingerprinted(document, ("start", "r1", "b1"), replica="http://10.0.0.2")
    assert compare(a, elsewhere).drift == []
