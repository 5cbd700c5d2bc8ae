"""ARCHITECTURE.md is true: the imports of every file are those its room may have."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = {
    "harness.check",
    "harness.outcome",
    "harness.verdicts",
    "harness.waiting",
    "harness.statistics",
    "harness.budget",
    "harness.declared",
    "harness.policy",
    "harness.criteria",
    "harness.clauses",
}
CORE |= {"harness.allowed", "harness.incident", "harness.suite", "harness.option", "harness.tables"}
WIRING = {"harness.cli", "harness.commands", "harness.plugin", "harness.prober", "art15_guard"}


def page() -> dict[str, set[str]]:
    """Room -> rooms it may import, as the table of the page says."""
    allowed: dict[str, set[str]] = {}
    for line in (ROOT / "ARCHITECTURE.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 3 or "`" not in cells[0]:
            continue
        rooms = re.findall(r"`([\w.]+)`", cells[0])
        named = set(re.findall(r"`([\w.]+)`", cells[2]))
        for room in rooms:
            allowed[room] = named | (CORE if "core" in cells[2] else set())
    every = set(allowed) - {"harness.reference"}
    for room in WIRING:
        allowed[room] = every
    return allowed


def room_of(module: str, rooms: dict[str, set[str]]) -> str | None:
    """The longest room name that the module stands in."""
    fitting = [room for room in rooms if module == room or module.startswith(room + ".")]
    return max(fitting, key=len, default=None)


def imports_of(path: Path) -> set[str]:
    """Every module a file imports, wherever in it; `from a import b` counts as `a.b` too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
    return found


FILES = [path for folder in ("harness", "suites", "reports") for path in sorted((ROOT / folder).rglob("*.py"))]
FILES += [ROOT / "art15_guard.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_imports_only_what_its_room_may(path: Path) -> None:
    rooms = page()
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    room = room_of(module, rooms)
    if room is None:
        assert module == "harness", f"{module} stands in no room of the page"
        return
    for name in imports_of(path):
        other = room_of(name, rooms)
        if other is None or other == room:
            continue
        assert other in rooms[room], f"{module} ({room}) imports {name} ({other})"


def test_reference_is_imported_by_nobody() -> None:
    for path in FILES:
        if "reference" not in path.parts:
            assert not {name for name in imports_of(path) if name.startswith("harness.reference")}, path


def test_only_suites_and_judging_report_a_case() -> None:
    may = ("suites/", "harness/judging/")
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        holds = any(
            isinstance(call, ast.Attribute) and call.attr == "holds" and ast.unparse(call.value).endswith("probe")
            for call in calls
        )
        assert not holds or name.startswith(may), f"{name} reports a case"


def test_every_room_of_the_page_exists() -> None:
    for room in page():
        path = ROOT.joinpath(*room.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), room


def test_an_upward_import_would_be_seen() -> None:
    rooms = page()
    assert "harness.run" not in rooms["suites"]
    assert "harness.wire" not in rooms["reports"]
    assert room_of("harness.run.session", rooms) == "harness.run"


def test_only_two_folders_import_gevent_or_locust() -> None:
    """Importing locust patches the interpreter, so no module of the main process may."""
    load = ROOT / "harness" / "load"
    for path in FILES:
        packages = {name.partition(".")[0] for name in imports_of(path)}
        if "locust" in packages:
            assert path.parent == load / "locust", path
        if "gevent" in packages:
            assert path.parent in {load / "locust", load / "engine"}, path
