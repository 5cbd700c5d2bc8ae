"""Each part of validation stands for itself: of its own cases, call and commit."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from harness.bundle import parts as facts
from harness.check import REGISTRY, Check
from harness.commands.validation import validate
from harness.option import options_of
from harness.run import method_validation
from harness.run import tester as telling
from harness.run.checks import load_checks
from harness.run.method_validation import (
    NO_VALIDATION,
    PART_NAMES,
    RESULT,
    NoValidationError,
    PartName,
    ValidationPart,
    faults_found,
    part_showing,
    read_validation,
)
from harness.validation import carrying_out
from harness.validation.cases import Case, Seen, reference_inventory
from harness.validation.matrix import Selection, cases_for
from harness.validation.parts import Tried, in_parts, part_of, parts_seen
from tests.harness.test_check import made

load_checks()
TESTER = facts.Tester(name="art15", version="0", commit="c" * 40, python="", platform="", packages={})
REST = dataclasses.replace(made("a-check", "suites.conformance.test_x"), faults=("f",))
LOAD = dataclasses.replace(made("load-check", "suites.load.test_x"), faults=("f-load",), suite="load")
CLEAN, CLEAN_LOAD = Case("clean", "clean"), Case("clean", "clean", suite="load")
FAULT, FAULT_LOAD = Case("fault", "f"), Case("fault", "f-load", suite="load")
SEEDED = dataclasses.replace(FAULT, seed=3)
VARIANT, VARIANT_LOAD = Case("variant", "v"), Case("variant", "v-load", suite="load")
SEEN = [
    Seen(CLEAN, {"a-check": "pass", "a-need": "fail"}), Seen(CLEAN_LOAD, {"load-check": "pass", "a-need": "pass"}),
    Seen(FAULT, {"a-check": "fail"}), Seen(FAULT_LOAD, {"load-check": "warn", "a-need": "fail"}),
    Seen(SEEDED, {"a-check": "fail"}), Seen(VARIANT, {"a-check": "pass"}), Seen(VARIANT_LOAD, {"load-check": "pass"}),
]  # fmt: skip


def compared(
    seen: Iterable[Seen] = SEEN, checks: Iterable[Check] = (REST, LOAD), **changed: Any
) -> dict[PartName, ValidationPart]:
    """The parts of a call that was to try what it has seen."""
    seen = list(seen)
    given: dict[str, Any] = {
        "cases": [each.case for each in seen],
        "seen": seen,
        "repeated": {FAULT},
        "whole": PART_NAMES,
    }
    return parts_seen(Tried(**given | {"made": "2026-01-01", "tester": TESTER} | changed), checks, {})


def seen_but(case: Case, **verdicts: str) -> list[Seen]:
    """All cases, with one that says otherwise."""
    said = {name.replace("_", "-"): verdict for name, verdict in verdicts.items()}
    return [Seen(case, said) if each.case == case else each for each in SEEN]


def test_each_part_has_what_its_own_cases_show() -> None:
    parts = compared()
    assert {name: {*part.faults} for name, part in parts.items()} == {
        "faults": {"f"}, "seeds": set(), "variants": set(), "load": {"f-load"},
    }  # fmt: skip
    assert {name: {*part.checks} for name, part in parts.items()} == {
        "faults": {"a-check"}, "seeds": set(), "variants": set(), "load": {"load-check"},
    }  # fmt: skip
    assert {name: {*part.variants} for name, part in parts.items() if part.variants} == {
        "variants": {"v"}, "load": {"v-load"},
    }  # fmt: skip
    assert [name for name, part in parts.items() if part.seeds] == ["seeds"]
    # Load asks what its checks need as well: neither side speaks for the other.
    assert parts["faults"].clean == {"a-check": "pass", "a-need": "fail"}
    assert parts["load"].clean == {"load-check": "pass", "a-need": "pass"}
    assert [name for name, part in parts.items() if part.second_tries] == ["faults"]


@pytest.mark.parametrize(
    ("case", "broken"),
    [(FAULT, "faults"), (SEEDED, "seeds"), (VARIANT, "variants"), (FAULT_LOAD, "load"), (VARIANT_LOAD, "load")],
)
def test_a_problem_stands_with_the_part_that_has_it(case: Case, broken: PartName) -> None:
    wrong = "fail" if case.side == "variant" else "pass"
    parts = compared(seen_but(case, **{"load_check" if case.load else "a_check": wrong}))
    before = compared()
    assert [name for name, part in parts.items() if part.problems != before[name].problems] == [broken]


def test_what_passes_nowhere_is_a_problem_of_the_part_whose_variants_were_probed() -> None:
    seen = [Seen(each.case, dict.fromkeys(each.verdicts, "not_applicable")) for each in SEEN]
    parts = compared(seen)
    showing: dict[PartName, str] = {"variants": "a-check", "load": "load-check"}
    for name, slug in showing.items():
        assert f"clean server and variants: {slug} passes on no model" in parts[name].problems
    assert not [text for name in PART_NAMES[:2] for text in parts[name].problems if "no model" in text]


def test_a_part_of_which_something_is_left_is_not_whole() -> None:
    parts = compared([each for each in SEEN if each.case != VARIANT], cases=[each.case for each in SEEN])
    assert {name for name, part in parts.items() if not part.whole} == {"variants"}
    assert parts["variants"].not_tried == ["variant v"]
    assert not any(part.whole for part in compared(whole=()).values())


def test_the_clean_server_alone_has_problems_too() -> None:
    parts = compared([Seen(CLEAN, {"a-check": "fail"})])
    assert parts.keys() == {"faults"}
    assert parts["faults"].problems


def test_every_case_is_in_one_part_or_compared_with() -> None:
    everything = Selection(group=True, seeds=1)
    cases = cases_for(everything, REGISTRY, reference_inventory())
    apart = [cases_for(dataclasses.replace(everything, parts=[part]), REGISTRY, reference_inventory())
             for part in PART_NAMES]  # fmt: skip
    assert {case for part in apart for case in part} == {*cases}
    for part, mine in zip(PART_NAMES, apart, strict=True):
        assert {part_of(case) for case in mine} in ({part, None}, {part})
        assert any(case.side == "clean" for case in mine)
    assert in_parts(cases, ()) == cases


def test_without_seeds_nothing_was_searched() -> None:
    assert Selection(group=True).whole_parts == ("faults", "variants", "load")
    assert Selection(group=True, seeds=10).whole_parts == PART_NAMES
    assert not Selection(faults=("f",), seeds=10).whole_parts
    assert not Selection(without_variants=True).whole_parts


def test_of_the_committed_result_the_parts_that_reports_quote_are_whole() -> None:
    found = read_validation(RESULT)
    assert found.parts.keys() == {*PART_NAMES}
    for name in {part_showing(check.suite) for check in REGISTRY if check.builtin}:
        assert found.parts[name].whole, name
        assert not found.parts[name].not_tried, name


def test_a_check_is_dated_by_the_part_that_showed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (part_showing("load"), part_showing("failover"), part_showing("of-another")) == ("load", "faults", "faults")
    parts = compared()
    parts["load"] = msgspec.structs.replace(parts["load"], made="2026-02-02", tester=changed_tester("d" * 40 + "+"))
    document = msgspec.structs.replace(NO_VALIDATION, parts=parts)
    monkeypatch.setattr(method_validation, "_document", lambda: document)
    assert (said := method_validation.method_validation(REST))
    assert said.endswith("last shown 2026-01-01 with version 0, commit cccccccccccc")
    assert (said := method_validation.method_validation(LOAD))
    assert said.endswith("last shown 2026-02-02 with version 0, commit dddddddddddd+")
    parts["load"] = msgspec.structs.replace(parts["load"], whole=False)
    assert (faults_found(REST), faults_found(LOAD)) == (("f",), ())
    assert "not yet shown" in (method_validation.method_validation(LOAD) or "")


def changed_tester(commit: str) -> facts.Tester:
    """The tool at another commit."""
    return msgspec.structs.replace(TESTER, commit=commit)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Case]:
    """The cases that are run, of which none is seen."""
    cases: list[Case] = []

    def probed(some: list[Case], progress: Callable[[Seen], None], **_: object) -> list[Seen]:
        cases.extend(some)
        seen = [Seen(case, {"rest-infer-answers-200": "pass"}) for case in some]
        for each in seen:
            progress(each)
        return seen

    monkeypatch.setattr(carrying_out, "run_cases", probed)
    monkeypatch.setattr(carrying_out, "second_tries", lambda *_: [])
    return cases


def test_a_part_is_written_beside_the_others(tmp_path: Path, asked: list[Case]) -> None:
    out = tmp_path / "validation.json"
    out.write_bytes(RESULT.read_bytes())
    carrying_out.validate(Selection(group=True, parts=["load"]), out, say=lambda _: None)
    assert asked
    assert all(case.load for case in asked)
    before, after = read_validation(RESULT).parts, read_validation(out).parts
    assert {name for name in PART_NAMES if after[name] != before[name]} == {"load"}
    assert [path.name for path in tmp_path.iterdir()] == ["validation.json"]


def test_only_what_the_same_commit_has_seen_is_kept(
    tmp_path: Path, asked: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "validation.json"
    chosen = Selection(group=True, parts=["load"])
    commits = {"now": "a" * 40}
    monkeypatch.setattr(carrying_out, "tester", lambda _: changed_tester(commits["now"]))

    def call() -> int:
        asked.clear()
        with pytest.raises(KeyboardInterrupt):
            carrying_out.validate(chosen, out, resume=True, say=interrupted)
        return len(asked)

    left = {"lines": 3}

    def interrupted(_: str) -> None:
        left["lines"] -= 1
        if not left["lines"]:
            raise KeyboardInterrupt

    total = call()
    (kept,) = tmp_path.glob("*.jsonl")
    assert kept.name == "validation.load-partial.jsonl"
    assert {json.loads(line)["tester"]["commit"] for line in kept.read_text().splitlines()} == {"a" * 40}
    left["lines"] = 1
    assert call() == total - 3
    for other in ("b" * 40, "b" * 40 + "+", "b" * 40 + "+"):
        # What changed a commit is not known: of such a checkout nothing is kept.
        commits["now"] = other
        left["lines"] = 1
        assert call() == total


def test_nothing_is_written_where_the_checkout_changes_meanwhile(
    tmp_path: Path, asked: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    # For a while only: it is back at the end.
    commits = iter(["a" * 40, "a" * 40, "b" * 40])
    monkeypatch.setattr(carrying_out, "tester", lambda _: changed_tester(next(commits, "a" * 40)))
    with pytest.raises(NoValidationError, match=r"what a{40} has seen is kept"):
        carrying_out.validate(Selection(parts=["load"]), tmp_path / "v.json", say=lambda _: None)
    assert asked
    (kept,) = tmp_path.iterdir()
    assert len(kept.read_text().splitlines()) == 1, "and nothing of the other one"


@pytest.mark.parametrize("there", [b'{"schema": "art15-validation/1"}', b"{}", b'{"a": "\xff"}'])
def test_nothing_is_put_into_what_is_no_result(tmp_path: Path, there: bytes) -> None:
    out = tmp_path / "validation.json"
    out.write_bytes(there)
    told = CliRunner().invoke(validate, ["--part", "load", "--out", str(out)])
    assert told.exit_code == 2
    assert "is no result of" in " ".join(told.output.split())
    assert out.read_bytes() == there


def test_a_folder_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(NoValidationError):
        read_validation(tmp_path)
    assert read_validation(tmp_path / "none") == NO_VALIDATION


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["faults", "--fault", "drops-request-id"], "nothing else can be singled out"),
        (["faults", "--sample", "2"], "nothing else can be singled out"),
        (["faults", "--no-variants"], "nothing else can be singled out"),
        (["faults", "--minutes", "5"], "leave out --minutes"),
        (["seeds"], "add --seeds 10"),
    ],
)
def test_nothing_is_left_out_of_a_part(given: list[str], words: str) -> None:
    told = CliRunner().invoke(validate, ["--part", *given])
    assert told.exit_code == 2
    assert words in " ".join(told.output.replace("│", " ").split())


def test_each_part_can_be_asked_for() -> None:
    (option,) = (each for each in options_of("validate") if each.field == "parts")
    assert tuple(option.choices) == PART_NAMES


def test_a_few_cases_do_not_take_the_place_of_whole_parts(tmp_path: Path, asked: list[Case]) -> None:
    out = tmp_path / "validation.json"
    out.write_bytes(RESULT.read_bytes())
    with pytest.raises(NoValidationError, match="choose another --out"):
        carrying_out.validate(Selection(faults=["drops-request-id"]), out, say=lambda _: None)
    with pytest.raises(NoValidationError, match="is a folder"):
        carrying_out.validate(Selection(faults=["drops-request-id"]), tmp_path, say=lambda _: None)
    # Without seeds, those that are there would be lost; within a time, all of them.
    document = read_validation(out)
    seeds = msgspec.structs.replace(document.parts["seeds"], whole=True)
    whole = msgspec.structs.replace(document, parts={**document.parts, "seeds": seeds})
    out.write_bytes(msgspec.json.encode(whole))
    with pytest.raises(NoValidationError, match=r"would be lost \(seeds\)"):
        carrying_out.validate(Selection(), out, say=lambda _: None)
    with pytest.raises(NoValidationError, match=r"would be lost \(faults"):
        carrying_out.validate(Selection(seeds=10), out, minutes=5, say=lambda _: None)
    with pytest.raises(NoValidationError, match="or in none"):
        carrying_out.validate(Selection(), tmp_path / "none" / "v.json", say=lambda _: None)
    assert not asked


def test_a_commit_is_that_of_what_stands_beside_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "checkout"
    (root / "harness").mkdir(parents=True)
    for name in ("harness/__init__.py", "v[1].json", "other"):
        (root / name).write_text("1")
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "c"]):
        subprocess.run(["git", "-C", str(root), *words], check=True)
    monkeypatch.setattr("harness.__file__", str(root / "harness" / "__init__.py"))
    out = root / "v[1].json"
    before = telling.tester(out)
    out.write_text("2")
    assert telling.tester(out) == before
    assert telling.tester().commit == f"{before.commit}+"
    (root / "other").write_text("2")
    assert telling.tester(out).commit == f"{before.commit}+"


def test_second_tries_are_kept_as_such(tmp_path: Path, asked: list[Case], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying_out, "tester", lambda _: changed_tester("a" * 40))
    clean = partial(filter, lambda case: case.side == "clean")
    monkeypatch.setattr(carrying_out, "second_tries", lambda seen, *_: list(clean([seen.case])))

    def ended(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "validation.json"
    chosen = Selection(group=True, parts=["load"])
    with monkeypatch.context() as context:
        context.setattr(carrying_out, "_write", ended)
        with pytest.raises(KeyboardInterrupt):
            carrying_out.validate(chosen, out, say=lambda _: None)
    asked.clear()
    parts = carrying_out.validate(chosen, out, resume=True, say=lambda _: None)
    assert not asked
    assert parts["load"].second_tries == ["clean clean"]
