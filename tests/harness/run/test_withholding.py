"""What is told in a run with sensitive samples: words of the program, names, numbers, and nothing else."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from harness import check
from harness.budget import BudgetExhausted, Limits
from harness.bundle import fingerprints, pack, robustness
from harness.bundle.events import CheckDone, JournalEvent, UnsampledSeen
from harness.bundle.exchange import NOT_KEPT
from harness.bundle.limits import MOST_EXCHANGES
from harness.declared.judged import SampleTable
from harness.outcome import ObservedFact, Outcome, Violation
from harness.policy import Policy
from harness.prober.items import without_values
from harness.record.disk import Disk
from harness.record.redact import Redactor
from harness.record.sensitive import Withholding
from harness.run.planning import sealing
from harness.run.session import finding
from harness.run.session.record import RunRecord
from harness.run.session.withholding import ValueFree
from harness.verdicts import Level
from tests.reports import factory

OWN = "the model has one input only"
CANARY = "y is 61234.578125"


@pytest.fixture
def told() -> ValueFree:
    return ValueFree(Withholding())


def test_words_of_the_program_are_kept(told: ValueFree) -> None:
    assert told.words(OWN) == OWN
    assert told.words(CANARY) == told.words("positive") == told.words(f"{OWN}: 7") == NOT_KEPT
    assert told.words("") == ""


def test_without_sensitive_samples_everything_is(told: ValueFree) -> None:
    assert ValueFree().words(CANARY) == CANARY
    event = UnsampledSeen(model="m", reason=CANARY, paste="p")
    assert ValueFree().line(event)["reason"] == CANARY
    assert told.line(event) == {"model": "m", "reason": NOT_KEPT, "paste": "p"}


def test_a_check_keeps_its_names_and_no_words(told: ValueFree) -> None:
    case = factory.counterexample("a-root", ["REST-RESP-04"], observed=CANARY, expected=CANARY)
    waiver = {"slug": "s", "owner": "Jo", "reason": "until we move", "expires": "2027-01-01"}
    seen = [{"clause": "REST-RESP-04", "text": CANARY}]
    line = factory.check("a-check", "fail", counterexamples=[case], observations=seen, observed=CANARY, reason=CANARY,
                         waiver=waiver, faults_found=["lost"])  # fmt: skip
    data = told.line(msgspec.convert(line, CheckDone))
    assert data["faults_found"] == ["lost"]
    assert CANARY not in repr(data)
    assert (data["slug"], data["counterexamples"][0]["root"], data["waiver"]["reason"]) == (
        "a-check",
        "a-root",
        "until we move",
    )
    assert data["counterexamples"][0]["observed"] == data["observations"][0]["text"] == data["reason"] == NOT_KEPT
    msgspec.convert(data, CheckDone)


def test_no_picture_and_no_digest_of_answers(told: ValueFree) -> None:
    taken = fingerprints.AnswerTaken(request="a" * 64, answer="b" * 64)
    print_ = fingerprints.Fingerprint(model="m", version="positive", transport="rest", answers=[taken], sha256="c" * 64)
    data = told.line(fingerprints.FingerprintSeen(fingerprint=print_))["fingerprint"]
    assert (data["answers"], data["sha256"], data["reason"], data["version"]) == ([], None, NOT_KEPT, NOT_KEPT)
    picture = {"row": 1, "size": 1.0, "width": 1, "height": 1, "original": "AAAA", "changed": "AAAA", "difference": ""}
    curve = {"kind": "noise", "title": "t", "size": "s", "levels": [], "pictures": [picture]}
    worst = {"row": 1, "before": "61234", "after": "positive"}
    relation = {"kind": "outside", "words": "w", "inputs": 1, "violations": 1, "max_violations": 0, "confidence": 0.9,
                "decision": "contradicts", "worst": worst}  # fmt: skip
    record = {"model": "m", "transport": "rest", "data": {"file": "f", "sha256": "d" * 64, "total": 1, "drawn": 1},
              "asked": 1, "queries": 1, "confidence": 0.9, "curves": [curve], "relations": [relation]}  # fmt: skip
    event = msgspec.convert({"robustness": record}, robustness.RobustnessSeen)
    data = told.line(event)["robustness"]
    assert data["curves"][0]["pictures"] == []
    assert data["relations"][0]["worst"] | {"before": NOT_KEPT, "after": NOT_KEPT} == data["relations"][0]["worst"]
    msgspec.convert({"robustness": data}, robustness.RobustnessSeen)


def test_what_a_check_has_seen_is_told_without_values(told: ValueFree) -> None:
    outcome = Outcome({"C": Level.MUST}, reason=CANARY)
    outcome.violations.append(Violation("C", CANARY, CANARY, root="a-root"))
    outcome.observations.append((None, CANARY))
    outcome.facts += [ObservedFact("replica-header", CANARY, CANARY), ObservedFact("management", "unload", CANARY)]
    told.outcome(outcome)
    assert CANARY not in repr(outcome)
    assert [each.name for each in outcome.facts] == ["replica 1", "unload"]
    assert outcome.violations[0].root == "a-root"


def test_a_new_kind_of_line_keeps_no_text(told: ValueFree) -> None:
    class Unheard(JournalEvent, frozen=True, kw_only=True):
        kind_of_line = "unheard"
        words: str
        more: dict[str, list[str]]

    assert told.line(Unheard(words=CANARY, more={"a": [CANARY]})) == {"words": NOT_KEPT, "more": {"a": [NOT_KEPT]}}


WITHHELD = {
    "check": {"reason", "observed", "expected", "text"},
    "fact": {"text"},
    "series": {"kept", "note", "defect", "lost", "sentence", "body"},
    "provenance": {"claimed", "found", "words"},
    "robustness": {"before", "after", "reason"},
    "attacks": {"before", "after", "reason"},
}


@pytest.mark.parametrize("kind", WITHHELD)
def test_members_that_quote_answers_are_withheld(kind: str, told: ValueFree) -> None:
    class Line(JournalEvent, frozen=True, kw_only=True):
        kind_of_line = kind
        inner: dict[str, str]

    data = told.line(Line(inner=dict.fromkeys(WITHHELD[kind], CANARY)))
    assert set(data["inner"].values()) == {NOT_KEPT}


def test_a_sealed_plan_has_no_digest_of_sensitive_samples(tmp_path: Path) -> None:
    """Whatever else names the file, and however."""
    few, other, labelled = (str(tmp_path / name) for name in ("few.csv", "other.csv", "labelled.csv"))
    for each in (few, other, labelled):
        Path(each).write_text("x\n1\n")
    (tmp_path / "linked.csv").hardlink_to(few)
    samples = {"m": {"data": few, "sensitive": True}, "n": {"data": other, "sensitive": False}}
    tables = [{"model": "n", "data": few}, {"model": "n", "data": str(tmp_path / "linked.csv")},
              {"model": "m", "data": labelled}]  # fmt: skip
    config: Any = SimpleNamespace(options=SimpleNamespace(policy=None))
    assert [name for name, _ in sealing._files({"samples": samples, "accuracy": tables}, config)] == [other]


def test_no_digest_of_data(told: ValueFree) -> None:
    class Line(JournalEvent, frozen=True, kw_only=True):
        kind_of_line = "accuracy"
        data: dict[str, str]

    data = told.line(Line(data={"file": "few.csv", "sha256": "d" * 64}))["data"]
    assert data == {"file": "few.csv", "sha256": NOT_KEPT}


@pytest.mark.parametrize(
    ("root", "kept"),
    [
        ("error-label:malignant/x", "error-label:something else"),
        ("error-label:text/plain", "error-label:text/plain"),
        ("error-object-missing:400:members-malignant", "error-object-missing:400:members-something else"),
        ("error-object-missing:400:members-detail", "error-object-missing:400:members-detail"),
        ("error-object-missing:400:body-malignant", "error-object-missing:400:body-something else"),
        ("error-object-missing:400:body-empty", "error-object-missing:400:body-empty"),
        ("closed-over:x", "closed-over:x"),
    ],
)
def test_a_cause_is_not_named_by_an_answer(root: str, kept: str, told: ValueFree) -> None:
    outcome = Outcome({"C": Level.MUST})
    outcome.violations.append(Violation("C", OWN, OWN, root=root))
    told.outcome(outcome)
    assert outcome.violations[0].root == kept


def test_what_a_check_needed_is_told(told: ValueFree) -> None:
    told.ended("a-check[m]")
    for kept in ("is fail", "was not carried out (budget)", f"does not apply: {OWN}"):
        assert told.words(f"needs a-check[m], which {kept}") == f"needs a-check[m], which {kept}"
    for text in ("needs a-check[m], which is positive", "needs positive, which is fail",
                 f"needs a-check[m], which does not apply: {CANARY}", "a-check[m], which is fail"):  # fmt: skip
        assert told.words(text) == NOT_KEPT


@pytest.mark.parametrize("error", [ValueError(CANARY), check.TesterFailed(CANARY)])
def test_what_the_warm_up_meets_is_told_without_values(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(finding, "warm_up", fails)
    for sensitive in (True, False):
        policy = Policy(samples={"m": SampleTable(sensitive=sensitive)})
        config: Any = SimpleNamespace(policy=policy, options=SimpleNamespace(timeout=None))
        endpoint, per_model = SimpleNamespace(remarks=[]), SimpleNamespace(per="model")
        finding.warm_up_models(endpoint, config, [per_model], 1.0, print)  # type: ignore[arg-type, list-item]
        (remark,) = endpoint.remarks
        assert (CANARY in remark) is not sensitive
        assert not sensitive or f"{type(error).__name__}: {NOT_KEPT} (fails, line " in remark


def test_an_error_of_ours_is_shown_without_values() -> None:
    with pytest.raises(ValueError, match=CANARY) as caught:
        raise ValueError(CANARY)
    shown = caught.getrepr(style="native")
    assert CANARY in str(shown)
    without_values(shown, caught)
    assert str(shown).strip().startswith(f"ValueError: {NOT_KEPT} (test_an_error_of_ours_is_shown")
    assert CANARY not in str(shown)


def test_a_run_ends_before_a_bundle_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config: Any = SimpleNamespace(folder=tmp_path, limits=Limits(), policy=Policy())
    record = RunRecord(config, b"{}", Redactor(), Disk())
    record.admit()
    monkeypatch.setattr(pack, "UNDER_WAY", MOST_EXCHANGES)
    with pytest.raises(BudgetExhausted, match="fit into one bundle"):
        record.admit()
    record.abandon()
