"""What is told in a run with sensitive samples: words of the program, names, numbers, and nothing else."""

from __future__ import annotations

import msgspec
import pytest

from harness.bundle import fingerprints, robustness
from harness.bundle.events import CheckDone, JournalEvent, UnsampledSeen
from harness.outcome import ObservedFact, Outcome, Violation
from harness.record.sensitive import NOT_KEPT, Withholding
from harness.run.planning import sealing
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
                         waiver=waiver)  # fmt: skip
    data = told.line(msgspec.convert(line, CheckDone))
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
    print_ = fingerprints.Fingerprint(model="m", transport="rest", answers=[taken], sha256="c" * 64)
    data = told.line(fingerprints.FingerprintSeen(fingerprint=print_))["fingerprint"]
    assert (data["answers"], data["sha256"], data["reason"]) == ([], None, NOT_KEPT)
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


def test_a_sealed_plan_has_no_digest_of_sensitive_samples() -> None:
    samples = {"m": {"data": "few.csv", "sensitive": True}, "n": {"data": "other.csv", "sensitive": False}}
    assert list(sealing._paths({"samples": samples})) == ["other.csv"]
