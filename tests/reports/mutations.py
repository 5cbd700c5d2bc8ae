"""One change to a bundle, drawn: bytes, lines, whole files, links, and forgeries that make the manifest anew."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.bundle.manifest import MANIFEST
from reports.bundle import others
from tests.reports.hostile_bundles import reseal
from tests.reports.some_seals import a_plan, begun

Change = Callable[[bytes, random.Random], bytes]
JUNIT = (
    '<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" tests="1"><testcase name="{}">'
    '<properties><property name="verdict" value="{}"/></properties></testcase></testsuite></testsuites>'
)


def whole(folder: Path, *, packed: bool) -> None:
    """A run under a sealed plan, with results of the runner and raw samples; without a manifest yet."""
    given, ledger = a_plan(folder.parent / "plans" / "plan.json")
    ledger.start("aaaaaaaa")
    bundle = begun(folder, given, ledger, packed=packed)
    (folder / "junit.xml").write_text(JUNIT.format("rest-infer-echoes-id[iris]", "fail"))
    (folder / "series").mkdir()
    (folder / "series" / "load-1.rec").write_bytes(bytes(range(256)) * 4)
    bundle.journal.append("close", {"exit_code": 1, "files": others(folder)})
    bundle.journal.close()


def _bit(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << dice.randrange(8))]) + data[at + 1 :]


def _byte(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]


def _swap(data: bytes, dice: random.Random) -> bytes:
    at, other = sorted((dice.randrange(len(data)), dice.randrange(len(data))))
    if at == other:
        return data
    return data[:at] + data[other : other + 1] + data[at + 1 : other] + data[at : at + 1] + data[other + 1 :]


def _cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def _grown(data: bytes, dice: random.Random) -> bytes:
    return data + dice.choice((b"\n", b" ", b"\0", b"<script></script>", dice.randbytes(9)))


def _removed(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + data[at + dice.randrange(1, 40) :]


def _lines(change: Callable[[list[bytes], random.Random], None]) -> Change:
    def changed(data: bytes, dice: random.Random) -> bytes:
        lines = data.splitlines(keepends=True)
        change(lines, dice)
        return b"".join(lines)

    return changed


def _twice(lines: list[bytes], dice: random.Random) -> None:
    at = dice.randrange(len(lines))
    lines.insert(at, lines[at])


def _dropped(lines: list[bytes], dice: random.Random) -> None:
    lines.pop(dice.randrange(len(lines)))


def _exchanged(lines: list[bytes], dice: random.Random) -> None:
    at, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[at], lines[other] = lines[other], lines[at]


def _other_word(data: bytes, dice: random.Random) -> bytes:
    """What a forger is after: another verdict, wherever it stands."""
    words = (b"fail", b"warn", b"pass", b"untestable", b"inconclusive")
    return data.replace(dice.choice(words), dice.choice(words), dice.choice((1, -1)))


CONTENT: tuple[Change, ...] = (
    *(_bit, _byte, _swap, _cut, _grown, _removed, _other_word),
    *(_lines(_twice), _lines(_dropped), _lines(_exchanged)),
)


@dataclass
class Mutant:
    """A bundle that is changed, looked at, and put back.

    Attributes:
        folder: the bundle.
        foreign: another whole bundle.
    """

    folder: Path
    foreign: Path
    dice: random.Random
    _kept: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Remember every file."""
        files = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        self._kept = {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files}

    def change(self) -> tuple[str, set[str]] | None:
        """Change something; what was done in words, and the names any of which must be told. None: nothing changed."""
        kind = self.dice.choice(("content",) * 4 + ("forged",) * 4 + ("file",) * 2)
        name = self.dice.choice(sorted(self._kept))
        if kind == "file":
            return self._file(name)
        if kind == "forged" and name == MANIFEST:
            name = "evidence.json"
        change = self.dice.choice(CONTENT)
        data = self._another() if self.dice.random() < 0.1 else change(self._kept[name], self.dice)
        if data == self._kept[name]:
            return None
        (self.folder / name).write_bytes(data)
        if kind == "forged":
            reseal(self.folder)
        return f"{kind} {change.__name__} of {name}", {name}

    def _another(self) -> bytes:
        """A file of this bundle or of another whole one."""
        if self.dice.random() < 0.5:
            return self._kept[self.dice.choice(sorted(self._kept))]
        return self.dice.choice([path for path in sorted(self.foreign.rglob("*")) if path.is_file()]).read_bytes()

    def _file(self, name: str) -> tuple[str, set[str]]:
        path, what = self.folder / name, self.dice.choice(("removed", "added", "renamed", "linked", "folder"))
        told = {name}
        if what == "added":
            told = {f"{path.parent.relative_to(self.folder).as_posix()}/added-{path.name}".removeprefix("./")}
            (self.folder / min(told)).write_bytes(self._another())
        elif what == "renamed":
            path.rename(path.with_name(f"x{path.name}"))
        elif what == "linked":
            outside = self.folder.parent / "outside"
            outside.write_bytes(self._kept[name])
            path.unlink()
            path.symlink_to(outside)
        else:
            path.unlink()
            if what == "folder":
                path.mkdir()
        forged = self.dice.random() < 0.5 and what != "linked" and MANIFEST not in (name, *told)
        if forged and (self.folder / "evidence.json").is_file():
            reseal(self.folder)
        return f"{what}{' and forged' if forged else ''}: {name}", told

    def put_back(self) -> None:
        """The bundle as it was."""
        for path in sorted(self.folder.rglob("*"), reverse=True):
            name = path.relative_to(self.folder).as_posix()
            if path.is_dir() and not path.is_symlink():
                if name in self._kept:
                    path.rmdir()
            elif name not in self._kept or path.is_symlink():
                path.unlink()
        for name, data in self._kept.items():
            path = self.folder / name
            if not path.is_file() or path.read_bytes() != data:
                path.write_bytes(data)
