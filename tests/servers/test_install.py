"""Installing: once, whole or not at all, anew when the recipe changes. No network and no server needed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

import pytest

from tests.servers import install as installing
from tests.servers.install import NAMES, digest_of, install, interpreter_for, recipe_of
from tests.servers.recipe import Home, Missing, Ports, Probes, Recipe, Start


class Toy(Recipe):
    """Needs nothing and serves nothing."""

    name = "toy"
    probes: ClassVar[Probes] = {}
    oldest, newest = (3, 9), (3, 99)

    def __init__(self, folder: Path) -> None:
        self.where = folder
        self.laid_out = 0

    @property
    def folder(self) -> Path:
        return self.where

    def lay_out(self, home: Home) -> None:
        self.laid_out += 1
        assert not (home.path / "half").exists()
        (home.path / "half").touch()
        if self.laid_out == 1:
            raise RuntimeError("the first time it breaks")

    def start(self, home: Home, ports: Ports, scratch: Path) -> Start:
        raise NotImplementedError


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """A toy recipe; packages and training are left out."""
    monkeypatch.setattr(installing, "HERE", tmp_path)
    monkeypatch.setattr(installing, "STORE", tmp_path / "store")
    monkeypatch.setattr(installing, "_packages", lambda *_: None)
    monkeypatch.setattr(installing, "_run", lambda *_: None)
    monkeypatch.setattr(installing, "__file__", str(tmp_path / "install.py"))
    (tmp_path / "toy").mkdir()
    (tmp_path / "install.py").touch()
    return Toy(tmp_path / "toy")


def test_a_broken_install_is_redone_and_a_whole_one_is_kept(toy: Toy) -> None:
    with pytest.raises(RuntimeError, match="breaks"):
        install(toy)
    home = install(toy)
    assert (home.path / ".ready").exists()
    assert install(toy) == home
    assert toy.laid_out == 2


def test_the_digest_follows_the_files_and_the_interpreter(toy: Toy) -> None:
    before = digest_of(toy, "3.11")
    assert digest_of(toy, "3.12") != before
    (toy.folder / "__pycache__").mkdir()
    (toy.folder / "__pycache__" / "a.pyc").touch()
    assert digest_of(toy, "3.11") == before
    (toy.folder / "requirements.txt").write_text("six\n")
    assert digest_of(toy, "3.11") != before


def test_without_a_fitting_interpreter_the_reason_is_given(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    assert interpreter_for(toy) == sys.executable
    monkeypatch.setattr(installing, "_uv", lambda: None)
    monkeypatch.setattr(Toy, "newest", (3, 9))
    with pytest.raises(Missing, match=r"toy needs CPython >=3\.9,<3\.10; this is 3\."):
        interpreter_for(toy)


@pytest.mark.parametrize("name", NAMES)
def test_every_pin_is_in_the_constraints(name: str) -> None:
    folder = recipe_of(name).folder
    pins = [line for line in (folder / "requirements.txt").read_text().splitlines() if "==" in line]
    constraints = (folder / "constraints.txt").read_text().splitlines()
    assert pins
    assert set(pins) <= set(constraints)
