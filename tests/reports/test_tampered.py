"""Tampered bundles of releases, as they were left: ``art15 verify`` tells each, and says nothing against the sound one.

What is stored is never made anew (see ``tests.reports.tampering``): it stands for bundles that somebody keeps.
"""

from __future__ import annotations

import random
import shutil
import tarfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.commands.group import IN_PART
from reports.seal.signing import take_marks
from reports.seal.time_marks import time_mark
from tests.reports.forgeries import FORGERIES
from tests.reports.tampering import KEPT, PLAN, PUBLIC, SOUND

KNOWN = ("key", "digest", "journal", "ledger", "plan")
INDEXES: dict[str, dict[str, Any]] = {path.stem: tomllib.loads(path.read_text()) for path in KEPT.glob("*.toml")}
ROWS = [(release, kind) for release, index in INDEXES.items() for kind, row in index.items() if isinstance(row, dict)]
# A byte of each file is told by the same lines of code; of the other kinds, an eighth is looked at on every commit.
_SOME = [
    pytest.param(release, kind, marks=[pytest.mark.slow, pytest.mark.battery] if kind.startswith("a byte of ")
                 else [pytest.mark.slow] if place % 8 else [])
    for place, (release, kind) in enumerate(ROWS)
]  # fmt: skip


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The archives of all releases."""
    places = {}
    for release in INDEXES:
        places[release] = tmp_path_factory.mktemp("tampered")
        with tarfile.open(KEPT / f"{release}.tar.xz") as packed:
            packed.extractall(places[release], filter="data")
    return places


def verified(folder: Path, release: str, place: Path, need: str) -> Result:
    """What ``art15 verify`` says, told what else is known."""
    index = INDEXES[release]
    options = {
        "nothing": [],
        "key": ["--key", str(place / PUBLIC)],
        "digest": ["--expect-digest", index["digest"]],
        "journal": ["--expect-head", index["journal"]],
        "ledger": ["--expect-head", index["ledger"]],
        "plan": ["--expect-plan", str(place / PLAN)],
    }
    return CliRunner().invoke(main, ["verify", str(folder), *options[need]])


@pytest.mark.parametrize("need", ["nothing", *(pytest.param(need, marks=pytest.mark.slow) for need in KNOWN)])
@pytest.mark.parametrize("release", INDEXES)
def test_the_sound_one_verifies(release: str, need: str, unpacked: dict[str, Path]) -> None:
    """Another build may word something otherwise, and says so; it finds nothing wrong."""
    said = verified(unpacked[release] / SOUND, release, unpacked[release], need)
    assert said.exit_code in (0, IN_PART), said.output
    assert need == "nothing" or "anchored from outside" in said.output


@pytest.mark.parametrize(("release", "kind"), _SOME)
def test_each_kind_is_told(release: str, kind: str, unpacked: dict[str, Path], tmp_path: Path) -> None:
    row, place = INDEXES[release][kind], unpacked[release]
    folder = tmp_path / "evidence"
    shutil.copytree(place / SOUND, folder)
    for name in row["removed"]:
        (folder / name).unlink()
    if (place / row["folder"]).is_dir():
        shutil.copytree(place / row["folder"], folder, dirs_exist_ok=True)
    for need in row["needs"]:
        said = verified(folder, release, place, need)
        assert said.exit_code == 1, f"not told by {need}: {said.output}"
        if need in ("nothing", "key"):
            assert row["told"] in said.output
    if "nothing" not in row["needs"]:
        # Nothing in the bundle can tell, and nobody should believe that it does.
        assert verified(folder, release, place, "nothing").exit_code in (0, IN_PART)


def test_each_kind_is_kept() -> None:
    assert {kind for _, kind in ROWS} >= FORGERIES.keys()


@pytest.mark.parametrize("name", ["sha256.tsr", "sha512.tsr"])
def test_a_mark_of_time_is_read(name: str, unpacked: dict[str, Path], tmp_path: Path) -> None:
    """Made by an authority of the tests over the manifest of the sound bundle; over another one it is none."""
    sound, other = tmp_path / "sound", tmp_path / "other"
    shutil.copytree(unpacked["0.1.0"] / SOUND, sound)
    take_marks(sound, (KEPT / name,))
    said = verified(sound, "0.1.0", unpacked["0.1.0"], "nothing")
    assert said.exit_code == IN_PART, said.output
    assert f"not checked: marks/{name} says that manifest.json was there at 2026-11-30T11:45:05Z" in said.output
    shutil.copytree(sound, other)
    (other / "manifest.json").write_bytes((sound / "manifest.json").read_bytes() + b"\n")
    told = verified(other, "0.1.0", unpacked["0.1.0"], "nothing")
    words = {"sha256.tsr": "names the digest of nothing", "sha512.tsr": "SHA512 over something that was not found"}
    assert (told.exit_code, words[name] in told.output) == (1, True)


def test_a_damaged_mark_is_no_mark() -> None:
    data, dice = (KEPT / "sha256.tsr").read_bytes(), random.Random(15)
    for _ in range(2000):
        at = dice.randrange(len(data))
        time_mark(data[:at] + dice.randbytes(dice.randrange(3)) + data[at + dice.randrange(3) :])
        assert time_mark(data[:at]) is None
