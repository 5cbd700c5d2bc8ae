"""Facts about the tool and the machine, for the run record; nothing here identifies a person."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
from pathlib import Path

import harness
from harness.bundle.parts import Tester
from harness.record.children import environment

PACKAGES = ("pytest", "hypothesis", "httpx", "httpcore", "h11", "jsonschema", "jinja2", "msgspec", "numpy", "scipy")


def tester(besides: Path | None = None) -> Tester:  # noqa: PT028 -- no test
    """The ``tester`` section: name, version, commit (of a checkout), Python, platform, package versions.

    Args:
        besides: a file of the checkout that may be changed without the commit being called so.
    """
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return Tester(
        name="art15",
        version=harness.__version__,
        commit=_commit(besides),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        packages=packages,
    )


def _commit(besides: Path | None) -> str | None:
    """The commit of the checkout this runs from, with ``+`` if it was changed since; None for an installed package."""
    root = Path(harness.__file__).parent.parent
    if not (root / ".git").exists():
        return None
    try:
        head = _git(root, "rev-parse", "HEAD")
        status = _git(root, "status", "--porcelain", "--untracked-files=no", *_all_but(root, besides))
        return head + ("+" if status else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _all_but(root: Path, path: Path | None) -> tuple[str, ...]:
    if path is None or not path.resolve().is_relative_to(root.resolve()):
        return ()
    return ("--", ".", f":(exclude,literal){path.resolve().relative_to(root.resolve())}")


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=True, timeout=5, env=environment()
    )
    return done.stdout.strip()
