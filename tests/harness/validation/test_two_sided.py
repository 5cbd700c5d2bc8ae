"""The two-sided runner judges both directions: what it compares, and what it calls a problem."""

from __future__ import annotations

import dataclasses
import fnmatch
from pathlib import Path
from typing import Any, Literal

import pytest

from harness.check import HINDSIGHT, Check
from harness.policy import load_policy
from harness.run.checks import load_checks
from harness.run.method_validation import read_validation
from harness.validation import carrying_out
from harness.validation.carrying_out import excuses, mixed
from harness.validation.cases import Case, Seen, reference_inventory, run_arguments, run_cases
from harness.validation.matrix import APART, Selection, cases_for, rotating
from harness.validation.two_sided import compare, second_tries, seen_again
from tests.harness.test_check import made

Excuses = dict[str, dict[str, str]]
CHECK = made("a-check", "suites.conformance.test_x")


def seen(side: str, name: str, **verdicts: str) -> Seen:
    """Verdicts of the check `a-check` by model."""
    return Seen(Case(side, name), {f"a-check[{model}]": verdict for model, verdict in verdicts.items()})  # type: ignore[arg-type]


def check_with(*faults: str) -> Check:
    """`a-check`, naming these faults."""
    return dataclasses.replace(CHECK, faults=faults)


def problems(*rows: Seen, faults: tuple[str, ...] = ("f",), excused: Excuses | None = None) -> list[str]:
    """What `compare` complains of."""
    found: list[str] = compare(rows, [check_with(*faults)], excused or {})["problems"]
    return found


CLEAN = seen("clean", "clean", m="pass")
FOUND = seen("fault", "f", m="fail")


def test_both_directions_are_no_problem() -> None:
    assert not problems(CLEAN, FOUND, seen("variant", "v", m="pass"))


def test_clean_server_must_pass() -> None:
    assert problems(seen("clean", "clean", m="warn"), FOUND)
    assert problems(seen("clean", "clean", m="untestable"), FOUND)


def test_clean_server_may_be_probed_in_parts() -> None:
    parts = [seen("clean", "clean", m="pass"), seen("clean", "clean", n="pass", m="not_applicable")]
    assert not problems(*parts, FOUND)
    assert problems(parts[0], seen("clean", "clean", n="fail"), FOUND)
    assert problems(seen("clean", "clean", m="fail"), seen("clean", "clean", m="pass"), FOUND)


def test_a_check_that_passes_nowhere_shows_nothing() -> None:
    nowhere = seen("clean", "clean", m="not_applicable")
    assert problems(nowhere, FOUND, seen("variant", "v", m="not_applicable"))
    assert not problems(nowhere, FOUND, seen("variant", "v", m="pass"))


def test_fault_must_be_found() -> None:
    assert problems(CLEAN, seen("fault", "f", m="pass"))
    assert problems(CLEAN, seen("fault", "f", m="untestable"))
    assert problems(CLEAN, seen("fault", "f", m="tool_error"))
    assert problems(CLEAN, faults=())


def test_what_was_seen_instead_is_said() -> None:
    lost = Seen(Case("fault", "f"), {"a-check[m]": "untestable"}, {"a-check[m]": "nobody answered"})
    assert problems(CLEAN, lost) == ["a-check does not find fault f: untestable nobody answered"]
    assert problems(CLEAN, Seen(Case("fault", "f"), {})) == ["a-check does not find fault f: it did not run"]


def test_a_run_without_evidence_is_a_problem_even_if_nothing_was_to_be_found() -> None:
    broken = Seen(Case("fault", "g"), {"run": "tool_error"}, {"run": "no evidence"})
    assert "fault g: no evidence" in problems(CLEAN, FOUND, broken)


def test_a_right_server_that_is_left_undecided_is_asked_again_by_that_check_alone() -> None:
    need, alone, passive = (made(f"{name}-check", "suites.conformance.test_x", needs) for name, needs in (
        ("need", ()), ("alone", ("need-check",)), ("passive", ()),
    ))  # fmt: skip
    checks = [need, alone, dataclasses.replace(passive, last=HINDSIGHT)]
    said = {"alone-check[a]": "inconclusive", "alone-check[b]": "pass", "passive-check": "inconclusive",
            "need-check": "pass"}  # fmt: skip
    for case in (Case("variant", "v"), Case("clean", "clean")):
        first = Seen(case, said, {"alone-check[a]": "too noisy"})
        (again,) = second_tries(first, checks, {})
        assert again == dataclasses.replace(case, checks=("alone-check", "need-check"))
        assert not second_tries(first, checks, {"alone-*": "it has nothing to ask"})
        passed = seen_again(first, [Seen(again, {"alone-check[a]": "pass", "alone-check[b]": "pass"})])
        assert passed.verdicts["alone-check[a]"] == "pass"
        blamed = seen_again(first, [Seen(again, {"alone-check[a]": "fail", "alone-check[b]": "pass"})])
        assert blamed.verdicts["alone-check[a]"] == "fail"
    assert not second_tries(Seen(Case("variant", "v", suite="load"), said), checks, {})
    also = Seen(Case("variant", "v"), {**said, "alone-check[b]": "fail"})
    assert not second_tries(also, checks, {}), "whom a check blames it is not asked again of"


def test_a_second_try_takes_back_nothing_that_a_right_server_was_blamed_for() -> None:
    case = Case("variant", "v", checks=("a-check", "need-check"))
    first = Seen(case, {"a-check[a]": "inconclusive", "a-check[b]": "inconclusive", "need-check": "fail"})
    again = seen_again(first, [Seen(case, {"a-check[a]": "pass", "need-check": "pass"})])
    assert again.verdicts == {"a-check[a]": "pass", "a-check[b]": "inconclusive", "need-check": "fail"}
    assert seen_again(first, [Seen(case, {"run": "tool_error"})]).verdicts == first.verdicts
    passed = Seen(case, {"a-check[a]": "inconclusive", "a-check[b]": "pass", "need-check": "pass"})
    blamed = seen_again(passed, [Seen(case, {"a-check[a]": "pass", "a-check[b]": "fail", "need-check": "warn"})])
    assert blamed.verdicts == {"a-check[a]": "pass", "a-check[b]": "fail", "need-check": "warn"}


def test_second_tries_are_for_what_was_missed_not_for_what_was_blamed() -> None:
    checks = [check_with("f")]
    missed = second_tries(seen("fault", "f", m="pass"), checks, {})
    assert [case.checks for case in missed] == [("a-check",)]
    assert second_tries(Seen(Case("variant", "v"), {"run": "tool_error"}), checks, {}) == [Case("variant", "v")]
    assert not second_tries(FOUND, checks, {})
    assert not second_tries(seen("fault", "unnamed", m="pass"), checks, {})
    assert not second_tries(Seen(Case("fault", "f"), {"another-check": "pass"}), checks, {})
    assert not second_tries(seen("clean", "clean", m="fail"), checks, {})
    assert not second_tries(seen("variant", "v", m="fail"), checks, {})


def test_a_check_whose_server_another_one_has_ended_is_tried_alone() -> None:
    first, last = check_with("f"), dataclasses.replace(check_with("f"), slug="last-check", needs=("a-check",))
    ended = Seen(Case("fault", "f"), {"a-check": "fail", "last-check": "untestable"}, {"last-check": "it stopped"})
    (alone,) = second_tries(ended, [first, last], {})
    assert alone.checks == ("last-check", "a-check")
    merged = seen_again(ended, [Seen(alone, {"a-check": "pass", "last-check": "fail"}, {"last-check": "it fails"})])
    assert merged == Seen(Case("fault", "f"), {"a-check": "fail", "last-check": "fail"}, {"last-check": "it fails"})
    # A second try without evidence takes nothing away.
    assert seen_again(ended, [Seen(alone, {"run": "tool_error"}, {"run": "no evidence"})]) == ended


def test_a_check_that_looks_at_the_record_of_others_is_tried_with_all_of_them() -> None:
    late = dataclasses.replace(check_with("f"), last=HINDSIGHT)
    missed = Seen(Case("fault", "f", checks=("a-check", "b-check")), {"a-check": "pass", "b-check": "fail"})
    (whole,) = second_tries(missed, [late], {})
    assert whole == Case("fault", "f")
    found = Seen(whole, {"a-check": "fail", "c-check": "pass"})
    assert seen_again(missed, [found]) == Seen(missed.case, found.verdicts), (
        "it stands for the case that was to be tried"
    )
    assert seen_again(missed, [Seen(whole, {"run": "tool_error"})]) == missed


def test_variant_is_never_blamed_and_keeps_its_passes() -> None:
    for verdict in ("fail", "warn", "tool_error"):
        assert problems(CLEAN, FOUND, seen("variant", "v", m=verdict), excused={"v": {"*": "because"}})
    lost = seen("variant", "v", m="not_applicable")
    assert problems(CLEAN, FOUND, lost)
    assert not problems(CLEAN, FOUND, lost, excused={"v": {"a-check": "because"}})
    assert not problems(CLEAN, FOUND, lost, excused={"v": {"*": "because"}})


def test_a_variant_is_compared_with_the_clean_server_asked_alike() -> None:
    def apart(side: Literal["clean", "variant"], verdict: str) -> Seen:
        return Seen(Case(side, side, suite="accuracy"), {"b-check[m]": verdict})

    without = Seen(Case("variant", "variant"), {"b-check[m]": "not_applicable"})
    assert not problems(CLEAN, FOUND, apart("clean", "pass"), without)
    assert problems(CLEAN, FOUND, apart("clean", "pass"), without, apart("variant", "not_applicable"))


def test_load_that_the_tester_spoilt_blames_nobody() -> None:
    def loaded(side: Literal["clean", "variant", "fault"], verdict: str, identity: str = "a-check[m]") -> Seen:
        return Seen(Case(side, "f" if side == "fault" else side, suite="load"), {identity: verdict})

    for verdict in ("tool_error", "inconclusive"):
        assert not problems(CLEAN, FOUND, loaded("clean", verdict))
        assert not problems(CLEAN, FOUND, loaded("variant", verdict))
        assert problems(CLEAN, loaded("fault", verdict))
    for verdict in ("fail", "warn"):
        assert problems(CLEAN, FOUND, loaded("clean", verdict))
        assert problems(CLEAN, FOUND, loaded("variant", verdict))
    assert problems(CLEAN, FOUND, loaded("variant", "tool_error", "run"))


def test_cases_cover_every_fault_and_variant_once() -> None:
    registry, _, _ = load_checks()
    inventory: dict[str, Any] = {
        "faults": [{"name": "only-here", "models": ["pair"]}],
        "variants": [{"name": "v", "effect": "answers", "lists_models": True}],
        "models": ["pair", "other"],
    }
    named = {name for check in registry for name in check.faults}
    inventory["faults"] += [{"name": name, "models": []} for name in named]
    cases = cases_for(Selection(), registry, inventory)
    clean = [case for case in cases if case.side == "clean"]
    assert {model for case in clean if not case.suite for model in case.models} == {"pair", "other"}
    assert [case.load for case in clean].count(True) == 1
    assert sorted(case.suite for case in clean if case.suite) == sorted(APART)
    assert sorted(case.name for case in cases if case.side == "fault") == sorted({*named, "only-here"})
    # Once among all other checks, and once for each suite that has a policy of its own.
    asked_apart = [suite for suite, validation in APART.items() if not validation.alone]
    assert sorted(case.suite for case in cases if case.side == "variant") == sorted(["", *asked_apart])
    assert next(case for case in cases if case.name == "only-here").models == ("pair",)


def test_a_suite_with_a_policy_is_asked_apart_with_it(tmp_path: Path) -> None:
    registry, _, _ = load_checks()
    inventory = reference_inventory()
    check = registry.checks["accuracy-declared"]
    cases = cases_for(Selection(slugs=(check.slug,)), registry, inventory)
    assert {case.suite for case in cases} == {"accuracy"}
    assert {case.checks for case in cases} == {(check.slug,)}
    assert {case.name for case in cases} == {"clean", *check.faults}
    for suite, validation in APART.items():
        asked = run_arguments(Case("clean", "clean", suite=suite), tmp_path)
        given = Path(asked[asked.index("--oip-policy") + 1])
        assert load_policy(given), "a policy that is read, with the data that it names"
        assert given.name == validation.policy or given.parent == tmp_path


def test_the_fault_of_a_candidate_is_seeded_in_the_candidate_alone() -> None:
    fault = Case("fault", "f", suite="rollout")
    assert (fault.server_arguments(), fault.candidate_arguments()) == ([], ["--fault", "f"])
    variant = Case("variant", "v", suite="rollout")
    assert variant.server_arguments() == variant.candidate_arguments() == ["--variant", "v"]
    assert Case("fault", "f", suite="accuracy").server_arguments() == ["--fault", "f"]


def test_a_fault_that_two_suites_name_is_put_before_both(monkeypatch: pytest.MonkeyPatch) -> None:
    registry, _, _ = load_checks()
    shared = registry.checks["accuracy-declared"].faults[0]
    other = dataclasses.replace(next(check for check in registry if check.suite == "conformance"), faults=(shared,))
    monkeypatch.setitem(registry.checks, other.slug, other)
    cases = cases_for(Selection([shared], group=True), registry, reference_inventory())
    assert {case.suite for case in cases if case.side == "fault"} == {"", "accuracy"}
    seen_by = [Seen(case, dict.fromkeys(case.checks, "fail")) for case in cases if case.side == "fault"]
    assert not [text for text in compare([CLEAN, *seen_by], [other], {})["problems"] if "does not find" in text]


def test_beside_one_fault_the_clean_server_is_asked_what_the_fault_is_asked() -> None:
    registry, _, _ = load_checks()
    inventory = reference_inventory()
    direct = registry.checks["rest-infer-echoes-id"]
    *clean, fault = cases_for(Selection([direct.faults[0]], group=True), registry, inventory)
    assert {case.side for case in clean} == {"clean"}
    assert direct.slug in fault.checks
    assert {(case.checks, case.load) for case in clean} == {(fault.checks, False)}
    passive = next(check for check in registry if check.passive and check.faults)
    whole = cases_for(Selection([passive.faults[0]], group=True), registry, inventory)
    assert {case.checks for case in whole} == {()}
    loaded = next(name for check in registry if check.suite == "load" for name in check.faults)
    assert [case.load for case in cases_for(Selection([loaded], group=True), registry, inventory)] == [True, True]
    beside = cases_for(Selection([direct.faults[0]], ["path-prefix"], group=True), registry, inventory)
    assert () in {case.checks for case in beside if case.side == "clean"}, "a variant is held against all checks"


def test_spread_cases_are_the_same_cases_with_the_clean_server_first() -> None:
    registry, _, _ = load_checks()
    cases = cases_for(Selection(group=True, seeds=2), registry, reference_inventory())
    spread = mixed(cases)
    assert sorted(map(repr, spread)) == sorted(map(repr, cases))
    clean = [case for case in cases if case.side == "clean"]
    assert {*spread[: len(clean)]} == {*clean}
    assert mixed(cases[::-1])[len(clean) :] == spread[len(clean) :]
    assert mixed(cases, "1") != mixed(cases, "2")


def test_nothing_begins_when_time_is_over() -> None:
    assert run_cases([Case("fault", "live-404")], lambda _: None, seconds=-1.0) == []


def test_excuses_name_real_checks() -> None:
    registry, _, _ = load_checks()
    for rows in excuses().values():
        for slug, reason in rows.items():
            assert fnmatch.filter(registry.checks, slug)
            assert reason.endswith(".")


@pytest.mark.parametrize("side", ["faults", "variants"])
def test_rotating_sample_comes_round(side: Literal["faults", "variants"]) -> None:
    names = {row["name"] for row in reference_inventory()[side]}
    days = [rotating(side, 50, day) for day in range(len(names) // 50 + 1)]
    assert {name for sample in days for name in sample} == names
    assert rotating(side, 6, 1) != rotating(side, 6, 2)
    assert rotating(side, 6, 1) == rotating(side, 6, 1)


def tried(seed: int, verdict: str) -> Seen:
    """One try with a seed to find the fault `f`."""
    return Seen(Case("fault", "f", seed=seed), {"a-check[m]": verdict})


def test_fault_must_be_found_with_nine_of_ten_seeds() -> None:
    nine = [tried(seed, "pass" if seed == 4 else "fail") for seed in range(10)]
    document = compare([CLEAN, FOUND, *nine], [check_with("f")], {})
    assert document["seeds"] == {"f": {"found": 9, "of": 10, "by": {"a-check": 9}}}
    assert not document["problems"]
    eight = [*nine[:-1], tried(9, "untestable")]
    assert problems(CLEAN, FOUND, *eight) == ["fault f is found with 8 of 10 seeds"]


def test_a_named_variant_is_blamed_with_no_seed() -> None:
    registry, _, _ = load_checks()
    slug = "adversarial-request-grows"
    named = Selection([], ["path-prefix"], [slug], group=True, seeds=2)
    cases = [case for case in cases_for(named, registry, reference_inventory()) if case.side == "variant"]
    assert [case.seed for case in cases] == [None, 0, 1]
    assert all(slug in case.checks for case in cases)
    once, *_, last = cases
    document = compare([CLEAN, Seen(once, {"a-check[m]": "pass"}), Seen(last, {"a-check[m]": "warn"})], [], {})
    assert document["problems"] == ["variant path-prefix with seed 1: a-check[m] is warn: "]
    assert not document["seeds"]


def test_seeds_are_tried_by_searches_alone() -> None:
    registry, _, _ = load_checks()
    search = next(check for check in registry if check.kind == "search" and check.faults)
    inventory = reference_inventory()
    cases = cases_for(Selection([search.faults[0]], group=True, seeds=3), registry, inventory)
    assert [case.seed for case in cases if case.seed is not None] == [0, 1, 2]
    searched = {name for check in registry if check.kind == "search" for name in check.faults}
    direct = next(name for check in registry for name in check.faults if name not in searched)
    assert all(case.seed is None for case in cases_for(Selection([direct], seeds=3), registry, inventory))


def test_what_was_compared_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying_out, "run_cases", lambda *_, **__: [])
    out = tmp_path / "validation.json"
    chosen = Selection(faults=("drops-request-id",), without_variants=True)
    parts = carrying_out.validate(chosen, out, say=lambda _: None)
    assert read_validation(out).parts == parts
    assert {"faults"} <= parts.keys()
    assert parts["faults"].tester.name == "art15"
    assert not parts["faults"].whole
    assert "fault drops-request-id" in parts["faults"].not_tried
