"""Make the project's environment: `python3 .ci/environment.py .venv`; needs Python 3.11+ and pip, nothing else.

Debian splits `venv` off into a package of its own and forbids pip to install into the system; where the standard
module cannot do it, virtualenv is fetched into a folder of the project and does it instead.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"


def run(*command: str | Path, environ: dict[str, str] | None = None) -> None:
    """Run a command in the project's root and stop with its exit code if it fails."""
    done = subprocess.run([str(part) for part in command], cwd=ROOT, env={**os.environ, **(environ or {})}, check=False)
    if done.returncode:
        sys.exit(f"this command failed with exit code {done.returncode}: {' '.join(map(str, command))}")


def make_environment(folder: Path) -> None:
    """A fresh virtual environment at `folder`, by `venv` or else by virtualenv."""
    shutil.rmtree(folder, ignore_errors=True)
    if importlib.util.find_spec("ensurepip") is not None:
        done = subprocess.run([sys.executable, "-m", "venv", str(folder)], cwd=ROOT, check=False)
        if done.returncode == 0:
            return
        shutil.rmtree(folder, ignore_errors=True)
    run(sys.executable, "-m", "pip", "install", "--quiet", "--target", TOOLS, "--upgrade", "virtualenv")
    run(sys.executable, "-m", "virtualenv", "--quiet", folder, environ={"PYTHONPATH": str(TOOLS)})


def main() -> None:
    """Make the environment and install the locked packages and the project into it."""
    if sys.version_info < (3, 11):
        sys.exit(f"art15 needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12")
    folder = ROOT / (sys.argv[1] if len(sys.argv) > 1 else ".venv")
    make_environment(folder)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.lock")
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-e", ".")
    (folder / ".ready").touch()


if __name__ == "__main__":
    main()
