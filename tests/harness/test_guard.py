"""The door: a package that is not ours is named and not run, wherever it stands."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import art15_guard

ROOT = Path(art15_guard.__file__).parent


def test_ours_is_let_in() -> None:
    assert art15_guard.foreign() is None


@pytest.mark.parametrize("package", sorted(art15_guard.MARKERS))
@pytest.mark.parametrize("over_ours", [False, True], ids=["another folder", "installed over ours"])
def test_another_is_refused_unseen(package: str, over_ours: bool, tmp_path: Path) -> None:
    folder = tmp_path / package
    if over_ours:
        shutil.copytree(ROOT / package, folder, ignore=shutil.ignore_patterns("__pycache__"))
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").write_text("print('was run')\n")
    code = "import art15_guard; print(art15_guard.foreign())"
    path = f"{tmp_path}:{ROOT}"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": path}, cwd="/", capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith(f"the package {package!r} found at {folder}"), done
    assert done.stdout.count("\n") == 1


def test_an_editable_install_is_ours() -> None:
    spec = importlib.util.find_spec("harness")
    assert spec is not None
    assert spec.origin == str(ROOT / "harness" / "__init__.py")
