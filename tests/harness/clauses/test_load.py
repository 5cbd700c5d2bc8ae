"""The loader refuses everything unexpected, with a message that names file, row and the right word."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import harness.clauses
from harness.clauses import CatalogueError, load, load_from

SHIPPED = Path(harness.clauses.__file__).parent

Edit = Callable[[str, str, str], Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the data files that a test may damage."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "clauses", ignore=shutil.ignore_patterns("*.py", "__pycache__")))


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Replace the first occurrence of a text in a file of the copy."""

    def replace(name: str, old: str, new: str) -> Path:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return replace


def message(folder: Path) -> str:
    with pytest.raises(CatalogueError) as caught:
        load_from(folder)
    return str(caught.value)


def test_an_undamaged_copy_is_the_same_catalogue(folder: Path) -> None:
    copy = load_from(folder)
    assert copy == load()
    assert copy.digest == load().digest


def test_digest_follows_every_byte_and_name(edit: Edit) -> None:
    changed = load_from(edit("oip/health.yaml", "# Server live", "# server live"))
    assert changed.digest != load().digest
    assert changed.clauses == load().clauses


DAMAGES = {
    "unknown key": (
        ("oip/health.yaml", "  violation:", "  voilation:"),
        "oip/health.yaml, row REST-HEALTH-01: unknown key 'voilation'; did you mean 'violation'?",
    ),
    "missing key": (
        ("oip/health.yaml", "  area: health\n", ""),
        "oip/health.yaml, row REST-HEALTH-01: key 'area' is missing",
    ),
    "unknown word": (
        ("oip/health.yaml", "level: must", "level: most"),
        "row REST-HEALTH-01: level is 'most', not one of must, should, may, ambiguous; did you mean 'must'?",
    ),
    "unknown transport": (("oip/health.yaml", "transport: rest", "transport: http"), "not one of rest, grpc, both"),
    "boolean for string": (
        ("oip/health.yaml", "area: health", "area: true"),
        "row REST-HEALTH-01: area must be a string, not the boolean true",
    ),
    "string for boolean": (
        ("oip/binary.yaml", "extension: true", 'extension: "true"'),
        "oip/binary.yaml, row BIN-01: extension must be true or false, not the string 'true'",
    ),
    "list for string": (("law.yaml", "applies: annex-iii", "applies: [any]"), "applies must be a string, not a list"),
    "empty string": (("oip/health.yaml", "area: health", 'area: ""'), "row REST-HEALTH-01: area is empty"),
    "date that is none": (
        ("law.yaml", 'verified_on: "2026-11-21"', 'verified_on: "2026-11-31"'),
        "law.yaml, row application-annex-iii: verified_on is '2026-11-31'; a date is written YYYY-MM-DD",
    ),
    "date of another form": (
        ("standards.yaml", 'as_of: "2026-09-24"', 'as_of: "24.9.2026"'),
        "standards.yaml, row prEN 18229-4: as_of is '24.9.2026'",
    ),
    "date without quotes": (
        ("law.yaml", '"2026-11-21"', "2026-11-21"),
        "law.yaml, line 15: '2026-11-21' reads as timestamp; put it in quotes",
    ),
    "number": (("oip/health.yaml", "area: health", "area: 7"), "oip/health.yaml, line 4: '7' reads as int"),
    "other spelling of true": (("oip/binary.yaml", "extension: true", "extension: yes"), "'yes' reads as bool"),
    "null": (("oip/health.yaml", "area: health", "area:"), "oip/health.yaml, line 4: '' reads as null"),
    "key that is no string": (("oip/health.yaml", "area: health", "7: health"), "a key must be a string, not '7'"),
    "repeated key": (
        ("oip/health.yaml", "  area: health\n", "  area: health\n  area: health\n"),
        "oip/health.yaml, row REST-HEALTH-01: key 'area' stands twice (line 5)",
    ),
    "repeated id in a file": (
        ("oip/health.yaml", "id: REST-HEALTH-02", "id: REST-HEALTH-01"),
        "oip/health.yaml, row REST-HEALTH-01: the id is taken by a row of oip/health.yaml",
    ),
    "repeated id across files": (
        ("oip/routing.yaml", "id: REST-HTTP-01", "id: REST-HEALTH-01"),
        "oip/health.yaml, row REST-HEALTH-01: the id is taken by a row of oip/routing.yaml",
    ),
    "repeated duty": (
        ("ai_act_15.yaml", "id: A15-1-b", "id: A15-1-a"),
        "ai_act_15.yaml, row A15-1-a: the id is taken by a row of ai_act_15.yaml",
    ),
    "row without id": (
        ("oip/versioning.yaml", "- id: VERS-02\n  transport", "- transport"),
        "oip/versioning.yaml, row number 2: key 'id' is missing",
    ),
    "row that is no mapping": (
        ("oip/versioning.yaml", "- id: VERS-01", "- VERS-00\n- id: VERS-01"),
        "oip/versioning.yaml, row number 1: must be a mapping of keys, not the string 'VERS-00'",
    ),
    "unknown force": (("ai_act_15.yaml", "force: shall", "force: must"), "row A15-1-a: force is 'must'"),
    "unlisted file": (
        ("oip/source.yaml", "  - routing\n", ""),
        "oip/routing.yaml: not listed under files of oip/source.yaml",
    ),
    "listed file that is not there": (
        ("oip/source.yaml", "  - routing\n", "  - routin\n"),
        "oip/source.yaml, files: 'routin' is no file here; did you mean 'oip/routing.yaml'?",
    ),
    "file listed twice": (
        ("oip/source.yaml", "  - routing\n", "  - routing\n  - routing\n"),
        "oip/source.yaml, files: 'routing' stands twice",
    ),
    "unknown key in a header": (
        ("oip/source.yaml", "commit:", "comit:"),
        "oip/source.yaml: unknown key 'comit'; did you mean 'commit'?",
    ),
    "list of other things": (
        ("oip/source.yaml", "  - routing\n", "  - routing\n  - [health]\n"),
        "oip/source.yaml: files must be a list of strings",
    ),
    "mapping of other things": (
        ("atlas.yaml", "  AML.T0015: evade the model", "  AML.T0015: [evade]"),
        "atlas.yaml: from_outside must be a mapping of strings to strings",
    ),
    "broken YAML": (("law.yaml", "- id:", "- id: [", ), "law.yaml: not readable as YAML"),
    "second document": (("atlas.yaml", "name:", "name: x\n---\nname:"), "atlas.yaml: not readable as YAML"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named(edit: Edit, damage: str) -> None:
    change, expected = DAMAGES[damage]
    assert expected in message(edit(*change))


def test_a_month_is_a_date(edit: Edit) -> None:
    changed = load_from(edit("standards.yaml", 'as_of: "2026-09-24"', 'as_of: "2026-09"'))
    assert changed.standards["prEN 18229-4"].as_of == "2026-09"


def test_optional_keys_may_be_left_out(edit: Edit) -> None:
    note = "  note: KServe has it without listing it; MLServer does not have it.\n"
    row = load_from(edit("oip/binary.yaml", note, "")).clauses["BIN-01"]
    assert row.note is None
    assert row.reason is None
    assert row.extension


def test_missing_and_empty_files_are_named(folder: Path) -> None:
    (folder / "law.yaml").unlink()
    assert message(folder) == "law.yaml: the file is missing"
    (folder / "law.yaml").write_text("# nothing\n", encoding="utf-8")
    assert message(folder) == "law.yaml: empty"
    (folder / "law.yaml").write_text("a: b\n", encoding="utf-8")
    assert message(folder) == "law.yaml: must be a list of rows, not a mapping"
    (folder / "law.yaml").write_bytes(b"- id: \xff\n")
    assert message(folder).startswith("law.yaml: not readable as YAML")


def test_all_problems_are_told_up_to_ten(folder: Path) -> None:
    path = folder / "oip" / "routing.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  area: routing\n", "", 3), encoding="utf-8")
    assert len(message(folder).splitlines()) == 3
    path.write_text(text.replace("  area: routing\n", "").replace("level:", "levl:"), encoding="utf-8")
    lines = message(folder).splitlines()
    assert len(lines) == 11
    assert lines[-1] == "... and 20 more"
