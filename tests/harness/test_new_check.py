"""The skeletons of ``make new-check`` land beside their neighbours and are whole."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from tests.new_check import ROOT, main

SLUG = "rest-live-answers-head"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("suites/conformance/rest", "harness/reference/faults/conformance/rest",
                   "harness/reference/variants", "harness/clauses/oip"):  # fmt: skip
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def written(root: Path, *arguments: str) -> list[str]:
    done = CliRunner().invoke(main, [*arguments, "--root", str(root)])
    assert done.exit_code == 0, done.output
    return done.output.split()


def test_clause_check_fault_and_variant(root: Path) -> None:
    files = written(root, SLUG, "REST-HEALTH-99", "--variant", "head-405")
    assert files == [
        "suites/conformance/rest/test_health.py",
        "harness/reference/faults/conformance/rest/health.py",
        "harness/clauses/oip/health.yaml",
        "harness/reference/variants/content.py",
    ]
    for path in (root / name for name in files):
        text = path.read_text()
        assert "TODO" in text
        if path.suffix == ".py":
            ast.parse(text)
        else:
            assert yaml.safe_load(text)[-1]["id"] == "REST-HEALTH-99"
    assert f'"{SLUG}",' in (root / files[0]).read_text()
    assert f'"{SLUG}-broken", "REST-HEALTH-99"' in (root / files[1]).read_text()


def test_a_clause_that_is_there_is_left_alone(root: Path) -> None:
    assert written(root, SLUG, "REST-HEALTH-01") == [
        "suites/conformance/rest/test_health.py",
        "harness/reference/faults/conformance/rest/health.py",
    ]


def test_a_new_group_gets_files_of_its_own(root: Path) -> None:
    files = written(root, SLUG, "REST-HEALTH-01", "--group", "conformance/rest/head")
    for path in (root / name for name in files):
        names = {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
        assert len(names) == 1
        assert path.stem.removeprefix("test_") == "head"


@pytest.mark.parametrize("arguments", [("rest-live-answers-200", "REST-HEALTH-01"), (SLUG, "NONE-01")])
def test_what_cannot_be_is_refused(root: Path, arguments: tuple[str, str]) -> None:
    assert CliRunner().invoke(main, [*arguments, "--root", str(root)]).exit_code == 2
