"""A part of validation takes the place of the same part, and of nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from harness.bundle import parts as facts
from harness.commands.validation import validate
from harness.run.checks import load_checks
from harness.run.method_validation import (
    RESULT,
    VALIDATION_PARTS,
    FoundBySeeds,
    ProbedVariant,
    ShownCheck,
    ValidationDocument,
    ValidationPart,
    ValidationRun,
    part_showing,
    read_validation,
)
from harness.validation import matrix
from harness.validation.cases import Case, Seen, reference_inventory
from harness.validation.matrix import Selection, cases_for
from harness.validation.parts import in_parts, joined, part_of

SLUGS: dict[str, ValidationPart] = {"rest-a": "faults", "load-a": "load"}
VARIANTS: dict[str, ValidationPart] = {"slow": "variants", "busy": "load"}
TESTER = facts.Tester(name="art15", version="0", commit="c", python="", platform="", packages={})


def document(word: str, *parts: ValidationPart, old: bool = False) -> ValidationDocument:
    """What a call for these parts sees; with ``old`` a check and a variant beside that are in no registry any more."""
    slugs = [slug for slug, part in SLUGS.items() if part in parts] + ["rest-gone"] * old
    variants = [name for name, part in VARIANTS.items() if part in parts] + ["gone"] * old
    run = ValidationRun(parts=parts, made=word, tester=TESTER, problems=[word], second_tries=[], not_tried=[])
    return ValidationDocument(
        runs=[run],
        clean={f"{slug}[m]": word for slug in slugs},
        checks={
            slug: ShownCheck(clauses=[], found={"f": word if slug in slugs else None}) for slug in {*SLUGS, *slugs}
        },
        faults={"f": dict.fromkeys(slugs, word)} | ({"f-gone": {"rest-gone": word}} if old else {}),
        seeds={"f": FoundBySeeds(found=1, of=len(word), by={})} if "seeds" in parts else {},
        variants={name: ProbedVariant(problems=[word], excused={}) for name in variants},
    )


def test_a_part_takes_the_place_of_the_same_part() -> None:
    before = document("earlier", *VALIDATION_PARTS, old=True)
    found = joined(before, document("now", "faults"), SLUGS, VARIANTS)
    assert [(run.made, run.parts) for run in found.runs] == [
        ("earlier", ("seeds", "variants", "load")), ("now", ("faults",)),
    ]  # fmt: skip
    assert found.clean == {"rest-a[m]": "now", "load-a[m]": "earlier"}
    assert {slug: row.found["f"] for slug, row in found.checks.items()} == {"rest-a": "now", "load-a": "earlier"}
    assert found.faults == {"f": {"rest-a": "now", "load-a": "earlier"}}
    assert (found.seeds, {*found.variants}) == (before.seeds, {*VARIANTS})


def test_what_no_part_showed_shows_nothing() -> None:
    found = joined(document("earlier", "load"), document("now", "seeds"), SLUGS, VARIANTS)
    assert found.checks.keys() == {*SLUGS}
    assert found.checks["rest-a"].found == {"f": None}
    assert found.seeds["f"].of == len("now")


def test_parts_one_after_another_make_the_whole() -> None:
    whole = document("now", *VALIDATION_PARTS)
    found = document("earlier", *VALIDATION_PARTS, old=True)
    for part in VALIDATION_PARTS:
        found = joined(found, document("now", part), SLUGS, VARIANTS)
    assert [run.parts for run in found.runs] == [(part,) for part in VALIDATION_PARTS]
    assert msgspec.structs.replace(found, runs=whole.runs) == whole


def test_every_case_is_in_a_part_or_compared_with() -> None:
    registry, _, _ = load_checks()
    everything = Selection(group=True, seeds=1)
    cases = cases_for(everything, registry, reference_inventory())
    apart = [cases_for(dataclasses.replace(everything, parts=[part]), registry, reference_inventory())
             for part in VALIDATION_PARTS]  # fmt: skip
    assert {case for part in apart for case in part} == {*cases}
    for part, mine in zip(VALIDATION_PARTS, apart, strict=True):
        assert {part_of(case) for case in mine} <= {part, None}
        assert any(case.side == "clean" for case in mine)
    assert in_parts(cases, ()) == cases


def test_the_committed_result_has_every_part() -> None:
    found = read_validation(RESULT)
    assert sorted(part for run in found.runs for part in run.parts) == sorted(VALIDATION_PARTS)
    assert not any(run.problems or run.not_tried for run in found.runs)


def test_load_meets_its_faults_alone() -> None:
    assert {part_showing("load"), part_showing("failover")} == {"load", "faults"}
    assert part_showing("of-somebody-else") == "faults"


def test_a_part_is_written_beside_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Case] = []

    def probed(cases: list[Case], *_: object, **__: object) -> list[Seen]:
        asked.extend(cases)
        return []

    monkeypatch.setattr(matrix, "run_cases", probed)
    out = tmp_path / "validation.json"
    out.write_bytes(RESULT.read_bytes())
    found = matrix.validate(Selection(group=True, parts=["load"]), out, say=lambda _: None)
    assert found == read_validation(out)
    assert asked
    assert all(case.load for case in asked)
    assert found.runs[-1].parts == ("load",)
    assert {part for run in found.runs for part in run.parts} == {*VALIDATION_PARTS}


def test_nothing_is_put_into_what_is_no_result(tmp_path: Path) -> None:
    out = tmp_path / "validation.json"
    out.write_text('{"schema": "art15-validation/1"}')
    told = CliRunner().invoke(validate, ["--part", "load", "--out", str(out)])
    assert told.exit_code == 2
    assert "is no result of" in " ".join(told.output.split())
    assert out.read_text() == '{"schema": "art15-validation/1"}'


@pytest.mark.parametrize("beside", [["--fault", "drops-request-id"], ["--sample", "2"], ["--no-variants"]])
def test_nothing_is_singled_out_beside_a_part(beside: list[str]) -> None:
    told = CliRunner().invoke(validate, ["--part", "faults", *beside])
    assert told.exit_code == 2
    assert "--part" in told.output
