"""The wheel, in an environment of its own, beside a project whose folders are called like our packages."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.endtoend.running import ROOT, one_line_usage, probe

pytestmark = pytest.mark.slow

FEW = ("-q", "-p", "no:cacheprovider", "--oip-model", "pair", "-k", "answers-200 or echoes-id")


def done(*command: str, cwd: Path = ROOT) -> str:
    """What a command that goes well prints."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PY")}
    ran = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the commands of an environment that has the wheel, and what it needs from the one of the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    uv = str(Path(sys.executable).parent / "uv")
    done(uv, "build", "--quiet", "--wheel", "--out-dir", str(folder))
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    wheel = next(folder.glob("*.whl"))
    done(uv, "pip", "install", "--quiet", "--no-deps", "--python", str(python), str(wheel))
    # A path in such a file brings packages, but not the editable install, which is another such file.
    site = next((folder / "venv" / "lib").iterdir()) / "site-packages"
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    script = python.parent / "pytest"
    script.write_text(f"#!{python}\nimport sys\n\nimport pytest\n\nsys.exit(pytest.main())\n")
    script.chmod(0o755)
    return python.parent


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of somebody else."""
    for name in ("harness", "reports", "suites"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('code of the project was run')\n")
    return tmp_path


def test_it_probes_from_a_project_with_folders_of_our_names(installed: Path, project: Path) -> None:
    ran = probe("embedded", project / "e", *FEW, cwd=project, by=(str(installed / "pytest"),))
    assert ran.code == 0, ran.output
    assert set(ran.verdicts.values()) == {"pass"}
    assert "self-consistent" in done(str(installed / "art15"), "verify", "e", cwd=project)
    done(str(installed / "art15"), "report", "e", cwd=project)


def test_python_dash_m_is_told(installed: Path, project: Path) -> None:
    ran = probe("embedded", project / "e", *FEW, cwd=project, by=(str(installed / "python"), "-m", "pytest"))
    one_line_usage(ran, "'harness'", "not art15's")
    assert "code of the project" not in ran.output


def test_tests_of_the_project_run_as_ever(installed: Path, project: Path) -> None:
    (project / "harness" / "__init__.py").write_text("mine = True\n")
    (project / "test_mine.py").write_text("import harness\n\n\ndef test_mine():\n    assert harness.mine\n")
    assert "1 passed" in done(str(installed / "python"), "-m", "pytest", "-q", cwd=project)
