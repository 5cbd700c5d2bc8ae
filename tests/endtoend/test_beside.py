"""Beside others: plugins, ways to start Python, folders and environments that a run has to get on with."""

from __future__ import annotations

import os
import shutil
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.endtoend.running import PYTEST, ROOT, Ran, one_line_usage, probe
from tests.hostile.connections import SCENARIOS as SLOW

pytestmark = pytest.mark.slow

FEW = ("-q", "-p", "no:cacheprovider", "--oip-model", "pair", "-k", "answers-200 or echoes-id or json-labelled")
DASH_M = (sys.executable, "-m", "pytest")


def order(ran: Ran) -> list[str]:
    """Items in the order they were carried out."""
    return [case.get("name", "") for case in ET.parse(ran.folder / "junit.xml").iter("testcase")]


@pytest.fixture(scope="module")
def plain(server: str, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The same run in the checkout, beside nobody."""
    return probe(server, tmp_path_factory.mktemp("plain") / "e", *FEW)


def assert_like(ran: Ran, plain: Ran) -> None:
    """It came to the same, without a word too many."""
    assert ran.code == 0, ran.output
    assert ran.verdicts == plain.verdicts
    assert "Traceback" not in ran.output


@pytest.mark.parametrize("seed", [1, 2])
def test_other_plugins(server: str, plain: Ran, tmp_path: Path, seed: int) -> None:
    others = ("--html", "page.html", "--self-contained-html", "--cov", ".", "--timeout", "300")
    ran = probe(server, tmp_path / "e", *FEW, *others, f"--randomly-seed={seed}", cwd=tmp_path)
    assert_like(ran, plain)
    assert order(ran) == order(plain)
    assert (tmp_path / "page.html").stat().st_size > 1000


def test_a_time_limit_of_another_plugin_is_the_testers(tmp_path: Path) -> None:
    chosen = ("-q", "-p", "no:cacheprovider", "-k", "echoes-id", "--timeout", "2")
    with SLOW["slow-1-s"].start() as url:
        ran = probe(url, tmp_path / "e", *chosen, cwd=tmp_path)
    assert ran.code == 3, ran.output
    assert ran.verdicts["rest-infer-echoes-id[m]"] == "tool_error"
    assert "another plugin of pytest ended the check: Timeout" in ran.output
    assert "Traceback" not in ran.output


def test_optimised(server: str, plain: Ran, tmp_path: Path) -> None:
    by = (sys.executable, "-O", "-m", "pytest")
    assert_like(probe(server, tmp_path / "e", *FEW, "-p", "no:randomly", cwd=tmp_path, by=by), plain)


def test_optimised_twice_is_refused(server: str, tmp_path: Path) -> None:
    ran = probe(server, tmp_path / "e", *FEW, by=(sys.executable, "-OO", "-m", "pytest"))
    one_line_usage(ran, "-OO", "-O")


@pytest.mark.parametrize("by", [(str(PYTEST),), DASH_M], ids=["pytest", "python -m pytest"])
def test_an_editable_install_from_another_folder(server: str, plain: Ran, tmp_path: Path, by: tuple[str, ...]) -> None:
    assert_like(probe(server, tmp_path / "e", *FEW, cwd=tmp_path, by=by), plain)


@pytest.mark.parametrize("package", ["harness", "reports", "suites"])
def test_a_project_with_a_folder_of_the_same_name(server: str, plain: Ran, tmp_path: Path, package: str) -> None:
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text("raise SystemExit('code of the project was run')\n")
    assert_like(probe(server, tmp_path / "e", *FEW, cwd=tmp_path), plain)
    ran = probe(server, tmp_path / "f", *FEW, cwd=tmp_path, by=DASH_M)
    one_line_usage(ran, f"{package!r}", "not art15's")
    assert "code of the project" not in ran.output


def test_a_bare_environment(server: str, plain: Ran, tmp_path: Path) -> None:
    bare = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PATH": os.environ["PATH"]}
    (home := tmp_path / "home").mkdir(mode=0o500)
    for place, more in enumerate(({}, {"HOME": str(home)}, {"TERM": "dumb", "PYTHONIOENCODING": "ascii"})):
        by = (
            shutil.which("env") or "",
            "-i",
            *(f"{name}={value}" for name, value in {**bare, **more}.items()),
            str(PYTEST),
        )
        assert_like(probe(server, tmp_path / f"e{place}", *FEW, by=by, cwd=ROOT), plain)
    assert list(home.iterdir()) == []
