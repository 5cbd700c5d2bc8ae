"""What forgeries are made of: what somebody does who knows every format and has no key of ours.

``FORGERIES`` maps the name of a kind to its function, the file or value that must be told, and what it takes to see it:
nothing, or something that is known from elsewhere. :mod:`tests.reports.forgeries` has all of them, and
:mod:`tests.reports.tampering` keeps what they make of a real run.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness.bundle.journal import GENESIS, encode_line
from harness.bundle.store import store_of
from harness.bundle.unpack import PackReader
from reports.bundle import EVIDENCE, finish, others
from reports.evidence import Evidence, Plan, encode
from reports.exports import exports
from reports.journal.state import JOURNAL, PLAN
from reports.page.render import render
from reports.seal.signing import sign_bundle
from reports.verification.junit import JUNIT
from tests.packs import items_of, write_pack
from tests.reports import factory
from tests.reports.hostile_bundles import reseal

Needed = Literal["nothing", "key", "digest", "journal", "plan", "ledger"]
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
# Written anew and signed by somebody else: nothing in the bundle contradicts it.
ANCHORED: tuple[Needed, ...] = ("key", "digest", "journal")
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Forgery:
    """One kind."""

    forge: Callable[[Path], None]
    told: str
    needs: tuple[Needed, ...] = ("nothing",)


FORGERIES: dict[str, Forgery] = {}


def forgery(name: str, told: str, *needs: Needed) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    def keep(function: Callable[[Path], None]) -> Callable[[Path], None]:
        FORGERIES[name] = Forgery(function, told, needs or ("nothing",))
        return function

    return keep


def rewritten(
    folder: Path, change: Callable[[Rows], Rows], plan: Callable[[dict[str, Any]], None] | None = None
) -> None:
    """Plan and journal written anew with every digest, all that is made of them, and a signature by another key."""
    if plan is not None:
        planned = json.loads((folder / PLAN).read_bytes())
        plan(planned)
        (folder / PLAN).write_bytes(encode(msgspec.convert(planned, Plan)))
    rows = change([json.loads(line) for line in (folder / JOURNAL).read_bytes().splitlines()])
    rows[0]["plan"] = hashlib.sha256((folder / PLAN).read_bytes()).hexdigest()
    lines, head = [], GENESIS
    for number, row in enumerate(rows):
        if row["kind"] == "close":
            row["data"]["files"] = others(folder)
        line = encode_line(row | {"n": number, "prev": head})
        lines.append(line + b"\n")
        head = hashlib.sha256(line).hexdigest()
    (folder / JOURNAL).write_bytes(b"".join(lines))
    finish(folder)
    sign_bundle(folder, OTHER_KEY)


def documented(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """The document changed, pages, exports and manifest made of it, as if by another build; signed by another key."""
    document = json.loads((folder / EVIDENCE).read_bytes())
    change(document)
    data = encode(made := msgspec.convert(document, Evidence))
    (folder / EVIDENCE).write_bytes(data)
    for name, page in render(data).items():
        (folder / name).write_bytes(page)
    for export in exports():
        (folder / export.name).write_bytes(b"".join(export.make(made, store_of(folder))))
    reseal(folder, builder="0" * 64)
    sign_bundle(folder, OTHER_KEY)


def lines_of(folder: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path = folder / JOURNAL
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    reseal(folder)


def failing(rows: Rows) -> dict[str, Any]:
    """The data of the first check that failed."""
    found: dict[str, Any] = next(row["data"] for row in rows if row["data"].get("verdict") == "fail")
    return found


def of_kind(rows: Rows, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row["data"] for row in rows if row["kind"] == kind)
    return found


def passed(check: dict[str, Any]) -> None:
    check["verdict"] = "pass"
    for clause in check["clauses"]:
        clause["verdict"] = "pass"


def whitewashed(check: dict[str, Any]) -> None:
    """A check as if it had passed, with everything that would say otherwise."""
    passed(check)
    check |= {"failures": 0, "counterexamples": [], "tallies": [], "reason": "", "observed": "as expected"}


def replaced_whole(folder: Path) -> None:
    shutil.rmtree(folder)
    factory.finished(folder)
    finish(folder)


def waiver_for(check: dict[str, Any]) -> dict[str, Any]:
    return {"slug": check["slug"], "owner": "Sam Example", "reason": "known", "expires": "2099-01-01", "model": None}


def without_junit(folder: Path, rows: Rows) -> Rows:
    """Results of the runner need not be there."""
    (folder / JUNIT).unlink(missing_ok=True)
    return rows


def without_check(folder: Path, *, renumber: bool) -> None:
    """A run without the check that failed: its line, exchanges and figures, and what plan and runner say of it."""
    rows = [json.loads(line) for line in (folder / JOURNAL).read_bytes().splitlines()]
    check = failing(rows)
    gone = {
        row["data"]["sha256"] for row in rows if row["data"].get("check") == check["id"] and "sha256" in row["data"]
    }
    names = _repacked(folder, gone, renumber=renumber)

    def change(rows: Rows) -> Rows:
        kept = [
            row for row in rows if row["data"].get("sha256") not in gone and row["data"].get("check") != check["id"]
        ]
        kept = [row for row in kept if row["data"].get("id") != check["id"]]
        text = json.dumps(kept)
        for old, (new, _) in names.items():
            text = text.replace(old, new)
        kept = json.loads(text)
        numbers = dict(names.values())
        for row in kept:
            if row["kind"] == "exchange":
                row["data"]["n"] = numbers[row["data"]["sha256"]]
            if row["kind"] == "items":
                row["data"]["items"] = [each for each in row["data"]["items"] if each["id"] != check["id"]]
            if row["kind"] == "close":
                row["data"]["exit_code"] = 0
        return without_junit(folder, kept)

    def plan(planned: dict[str, Any]) -> None:
        planned["checks"] = [each for each in planned["checks"] if each["slug"] != check["slug"]]

    rewritten(folder, change, plan)


def _repacked(folder: Path, gone: set[str], *, renumber: bool) -> dict[str, tuple[str, int]]:
    """The pack without some exchanges; digest of each other one -> its new digest and number."""
    digests = [found.digest for found in PackReader(folder).exchanges()]
    kept = [(digest, item) for digest, item in zip(digests, items_of(folder), strict=True) if digest not in gone]
    if renumber:
        kept = [
            (digest, (msgspec.structs.replace(record, n=number), sent, received))
            for number, (digest, (record, sent, received)) in enumerate(kept, 1)
        ]
    new = write_pack(folder, [item for _, item in kept])
    return {digest: (name, item[0].n) for (digest, item), name in zip(kept, new, strict=True)}
