"""Forgeries of a signed bundle, one of each kind: what somebody does who knows every format and has no key of ours.

``FORGERIES`` maps the name of a kind to its function, the file or value that must be told, and what it takes to see it:
nothing, or something that is known from elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness.bundle.journal import GENESIS, encode_line
from harness.bundle.ledger import LEDGER
from harness.bundle.places import ATTESTATION, PACK, TEST_RESULT
from reports.bundle import EVIDENCE, PAGES, finish, others
from reports.evidence import encode
from reports.journal.state import JOURNAL, PLAN
from reports.seal.signing import sign_bundle
from tests.reports import factory
from tests.reports.hostile_bundles import reseal
from tests.reports.some_seals import a_plan, begun, ended, without_run

Needed = Literal["nothing", "key", "digest", "journal", "plan", "ledger"]
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"x" * 32)


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


def rewritten(folder: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """The journal written anew with every digest, and all that is made of it."""
    rows = change([json.loads(line) for line in (folder / JOURNAL).read_bytes().splitlines()])
    lines, head = [], GENESIS
    for number, row in enumerate(rows):
        if row["kind"] == "close":
            row["data"]["files"] = others(folder)
        line = encode_line(row | {"n": number, "prev": head})
        lines.append(line + b"\n")
        head = hashlib.sha256(line).hexdigest()
    (folder / JOURNAL).write_bytes(b"".join(lines))
    finish(folder)


def lines_of(folder: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path = folder / JOURNAL
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    reseal(folder)


@forgery("a byte of an answer", PACK)
def flipped(folder: Path) -> None:
    data = (folder / PACK).read_bytes()
    (folder / PACK).write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])


@forgery("a line of the journal dropped", JOURNAL)
def dropped(folder: Path) -> None:
    lines_of(folder, lambda lines: [*lines[:7], *lines[8:]])


@forgery("two lines of the journal in the other order", JOURNAL)
def reordered(folder: Path) -> None:
    lines_of(folder, lambda lines: [*lines[:7], lines[8], lines[7], *lines[9:]])


@forgery("the end of the journal cut off", JOURNAL)
def truncated(folder: Path) -> None:
    lines_of(folder, lambda lines: lines[:-3])


@forgery("the plan of another bundle", PLAN)
def swapped_file(folder: Path) -> None:
    (folder / PLAN).write_bytes(encode(factory.plan(seed=16)))
    reseal(folder)


@forgery("a verdict of the document, with page and manifest", EVIDENCE)
def verdict_of_document(folder: Path) -> None:
    data = (folder / EVIDENCE).read_bytes()
    (folder / EVIDENCE).write_bytes(data.replace(b'"verdict": "fail"', b'"verdict": "pass"'))
    old, new = (hashlib.sha256(each).hexdigest().encode() for each in (data, (folder / EVIDENCE).read_bytes()))
    for page in PAGES:
        (folder / page).write_bytes((folder / page).read_bytes().replace(old, new))
    reseal(folder)


@forgery("a verdict of the journal, with every digest", "rest-infer-echoes-id")
def verdict_of_journal(folder: Path) -> None:
    def change(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for row in rows:
            if row["data"].get("slug") == "rest-infer-echoes-id":
                row["data"]["verdict"] = "pass"
                for clause in row["data"]["clauses"]:
                    clause["verdict"] = "pass"
        return rows

    rewritten(folder, change)


@forgery("a check that never was, with every digest", ATTESTATION)
def check_left_out(folder: Path) -> None:
    rewritten(folder, lambda rows: [row for row in rows if row["data"].get("slug") != "rest-infer-echoes-id"])


@forgery("the same, signed with another key", ATTESTATION, "key", "digest", "journal", "plan")
def signed_again(folder: Path) -> None:
    check_left_out(folder)
    sign_bundle(folder, OTHER_KEY)


@forgery("the key replaced", ATTESTATION, "key")
def key_replaced(folder: Path) -> None:
    sign_bundle(folder, OTHER_KEY)


@forgery("the signature taken away", ATTESTATION, "key")
def stripped(folder: Path) -> None:
    (folder / ATTESTATION).unlink()
    (folder / TEST_RESULT).unlink()


@forgery("another bundle, signed by somebody", ATTESTATION, "key", "digest", "journal", "plan", "ledger")
def swapped_bundle(folder: Path) -> None:
    shutil.rmtree(folder)
    factory.finished(folder)
    finish(folder)
    sign_bundle(folder, OTHER_KEY)


@forgery("another bundle beside the signature of this one", ATTESTATION)
def swapped_below(folder: Path) -> None:
    kept = {name: (folder / name).read_bytes() for name in (ATTESTATION, TEST_RESULT)}
    shutil.rmtree(folder)
    factory.finished(folder)
    finish(folder)
    for name, data in kept.items():
        (folder / name).write_bytes(data)


@forgery("a run taken from the ledger of the bundle", LEDGER)
def run_taken(folder: Path) -> None:
    (folder / LEDGER).write_bytes(without_run(folder / LEDGER, 1))
    rewritten(folder, lambda rows: rows)


@forgery("a run taken from the ledger, and all written anew", ATTESTATION, "key", "digest", "journal", "ledger")
def run_never_was(folder: Path) -> None:
    shutil.rmtree(folder)
    given, ledger = a_plan(folder.parent / "forged" / "plan.json")
    ended(begun(folder, given, ledger), ledger)
    sign_bundle(folder, OTHER_KEY)
