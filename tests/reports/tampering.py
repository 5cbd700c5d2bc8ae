"""Keeps a real bundle and one tampered bundle of each kind as files, for tests of this release and of later ones.

    python -m tests.reports.tampering RUN PLAN FOLDER

RUN is the evidence of a run under the sealed PLAN, whose ledger lies beside it. FOLDER gets an archive and its index.
It is run by hand, once a release: a page made anew has other bytes as soon as anything of it is worded otherwise, and
what somebody keeps for ten years is what a release left, not what a later one would make of it.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import harness
from harness.bundle.ledger import read_ledger
from harness.bundle.manifest import MANIFEST
from reports.bundle import finish
from reports.seal.keys import pem_of
from reports.seal.planned import read_sealed
from reports.seal.signing import sign_bundle
from reports.verification.verify import verify
from tests.reports.forgeries import FORGERIES
from tests.reports.some_seals import KEY

SOUND, PLAN, LEDGER, PUBLIC = "sound", "plan.json", "plan.ledger.jsonl", "key.pub"
KEPT = Path(__file__).with_name("tampered")
_HEAD = """# Tampered bundles of a real run, as differences from the folder `sound` of the archive beside: what was
# changed, what must be told, and by what; `removed` are files of `sound` that the tampered bundle lacks. The first
# lines are what somebody else wrote down of the sound one. Made by `python -m tests.reports.tampering`.

"""


def name_of(kind: str) -> str:
    """The folder of a kind."""
    return re.sub(r"[^a-z0-9.]+", "-", kind.lower()).strip("-")


def kept(run: Path, plan: Path, folder: Path) -> Path:
    """Write archive and index; gives the path of the archive."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        sound = place / SOUND
        shutil.copytree(run, sound)
        finish(sound)
        sign_bundle(sound, KEY)
        shutil.copy(plan, place / PLAN)
        shutil.copy(plan.with_suffix(".ledger.jsonl"), place / LEDGER)
        (place / PUBLIC).write_text(pem_of(KEY.public_key()))
        index = _HEAD + _anchors(place) + "".join(_tampered(place))
        archive = folder / f"{harness.__version__}.tar.xz"
        _pack(place, archive)
        archive.with_name(f"{harness.__version__}.toml").write_text(index)
    return archive


def _anchors(place: Path) -> str:
    """What somebody else wrote down of the sound bundle."""
    found = verify(place / SOUND)
    if found.problems or found.unchecked:
        raise SystemExit(f"the run is not sound: {found.problems} {found.unchecked}")
    ledger = read_ledger((place / LEDGER).read_bytes())
    run = ledger.runs[-1]
    known = {
        "digest": hashlib.sha256((place / SOUND / MANIFEST).read_bytes()).hexdigest(),
        "journal": run.ending.journal_head if run.ending is not None else None,
        "ledger": ledger.began[run.number],
        "plan": read_sealed(place / PLAN).sha256,
    }
    return "".join(f'{name} = "{value}"\n' for name, value in known.items())


def _tampered(place: Path) -> Iterator[str]:
    """Make each kind, and leave its differences; gives the rows of the index."""
    sound = _files(place / SOUND)
    for kind, forgery in FORGERIES.items():
        folder = place / name_of(kind)
        shutil.copytree(place / SOUND, folder)
        forgery.forge(folder)
        files = _files(folder)
        for name in [name for name, data in files.items() if sound.get(name) == data]:
            (folder / name).unlink()
        shutil.rmtree(place / "foreign", ignore_errors=True)
        removed = sorted(sound.keys() - files.keys())
        yield (
            f'\n["{kind}"]\nfolder = "{folder.name}"\ntold = "{forgery.told}"\n'
            f"needs = {_listed(forgery.needs)}\nremoved = {_listed(removed)}\n"
        )


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _pack(place: Path, archive: Path) -> None:
    """The same bytes for the same files."""
    with tarfile.open(archive, "w:xz", preset=9) as packed:
        for name, data in sorted(_files(place).items(), key=lambda each: (Path(each[0]).name, each[0])):
            row = tarfile.TarInfo(name)
            row.size = len(data)
            packed.addfile(row, io.BytesIO(data))


if __name__ == "__main__":
    sys.stdout.write(f"{kept(*map(Path, sys.argv[1:4]))}\n")
