"""Puts a server into an environment of its own under `.servers/`, once per content of its recipe."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from tests.servers.recipe import HERE, Home, Missing, Recipe

STORE = HERE.parents[1] / ".servers"
NAMES = ("mlserver", "kserve", "triton", "omle", "pytriton", "aissemble")
READY = ".ready"
INSTALL_S = 1800
TAIL_LINES = 30


def recipe_of(name: str) -> Recipe:
    """The recipe in `tests/servers/<name>/recipe.py`; KeyError for a name not in `NAMES`."""
    if name not in NAMES:
        raise KeyError(f"no server {name!r}; there are {', '.join(NAMES)}")
    found = import_module(f"tests.servers.{name}.recipe").RECIPE
    assert isinstance(found, Recipe)
    return found


def digest_of(recipe: Recipe, python: str) -> str:
    """Twelve hex digits over all that decides what is installed: files but notes, this module, interpreter, machine."""
    total = hashlib.sha256(f"{python}\0{platform.machine()}\0".encode())
    files = [Path(__file__), *(HERE / "common").rglob("*"), *recipe.folder.rglob("*")]
    for file in sorted(files):
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".md":
            total.update(f"{file.relative_to(HERE)}\0".encode() + file.read_bytes() + b"\0")
    return total.hexdigest()[:12]


def interpreter_for(recipe: Recipe) -> str:
    """A CPython the server has wheels for: the running one if it fits, else one that uv finds or downloads."""
    if not sys.platform.startswith("linux"):
        raise Missing(f"{recipe.name} is run on Linux only; this is {sys.platform}")
    own_ok = recipe.accepts(sys.version_info[:2]) and not (recipe.shared_libpython and not _shared_libpython())
    if own_ok:
        return sys.executable
    span = f">={_dotted(recipe.oldest)},<{recipe.newest[0]}.{recipe.newest[1] + 1}"
    need = f"{recipe.name} needs CPython {span}{' with a shared libpython' if recipe.shared_libpython else ''}"
    uv = _uv()
    if uv is None:
        raise Missing(f"{need}; this is {platform.python_version()} and uv is not there to find another")
    # uv's own builds all come with a shared libpython; a system's interpreter may not.
    only = ["--managed-python"] if recipe.shared_libpython else []
    subprocess.run([uv, "python", "install", "--quiet", _dotted(recipe.newest)], check=False, capture_output=True)
    found = subprocess.run([uv, "python", "find", *only, span], check=False, capture_output=True, text=True)
    if found.returncode:
        raise Missing(f"{need}; uv found none: {found.stderr.strip()}")
    return found.stdout.strip()


def install(recipe: Recipe) -> Home:
    """The server's home, made if it is not there yet.

    Raises Missing if this machine cannot have it (interpreter, packages), RuntimeError if a step of ours fails.
    """
    python = interpreter_for(recipe)
    home = Home(STORE / f"{recipe.name}-{digest_of(recipe, python)}")
    STORE.mkdir(exist_ok=True)
    with _locked(STORE / f"{recipe.name}.lock"):
        if not (home.path / READY).exists():
            shutil.rmtree(home.path, ignore_errors=True)
            home.path.mkdir()
            _packages(recipe, recipe.folder, home.path / "venv", python)
            if recipe.training != "venv":
                _packages(recipe, recipe.folder / recipe.training, home.path / recipe.training, python)
            trainer = home.path / recipe.training / "bin" / "python"
            _run([str(trainer), str(recipe.trainer), str(home.path / recipe.trained)])
            recipe.lay_out(home)
            (home.path / READY).touch()
    return home


def _packages(recipe: Recipe, listed: Path, made: Path, python: str) -> None:
    """What the folder `listed` asks for, into the environment `made`.

    With uv, else with venv and pip: pip also knows the indexes of a pip.conf, which uv does not read.
    """
    wanted = ["-r", str(listed / "requirements.txt"), "-c", str(listed / "constraints.txt")]
    target, environment = str(made / "bin" / "python"), str(made)
    uv = _uv()
    ways = [
        [[python, "-m", "venv", "--without-pip", environment], [sys.executable, "-m", "pip", "--python", target]],
    ]
    if uv is not None:
        ways.insert(0, [[uv, "venv", "--quiet", "--python", python, environment], [uv, "pip"]])
    failures = []
    for make, installer in ways:
        choice = ["--python", target] if installer[0] == uv else []
        shutil.rmtree(environment, ignore_errors=True)
        try:
            _run(make)
            _run([*installer, "install", "--quiet", *choice, *wanted])
        except RuntimeError as failure:
            failures.append(str(failure))
        else:
            return
    raise Missing(f"the packages of {recipe.name} cannot be installed here\n" + "\n".join(failures))


def _run(command: list[str]) -> None:
    """Run to the end; RuntimeError with the last lines it wrote."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        command, env=clean, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=INSTALL_S, check=False
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-TAIL_LINES:])
        raise RuntimeError(f"exit code {done.returncode} of {' '.join(command)}\n{tail}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time; the kernel drops the lock of a process that dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _uv() -> str | None:
    """The project's uv, else one on the path."""
    own = Path(sys.executable).with_name("uv")
    return str(own) if own.exists() else shutil.which("uv")


def _shared_libpython() -> bool:
    """Whether the running interpreter's libpython can be loaded by another program."""
    folder, name = sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME")
    places = [Path(folder), Path(folder) / (sysconfig.get_config_var("MULTIARCH") or "")]
    return str(name).startswith("libpython") and ".so" in name and any((place / name).exists() for place in places)


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
