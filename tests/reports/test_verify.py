"""Verification: any change to any file of a bundle is told, with the name of the file."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from harness.bundle.manifest import MANIFEST, Manifest, canonical
from harness.bundle.places import PACK
from harness.foreign import Refused, open_inside, sha256_of
from reports.bundle import finish, listed, paths
from reports.exports import exports
from reports.verification import made_again
from reports.verification import verify as module
from reports.verification.anchoring import Expected
from reports.verification.outcome import LONGEST, VerificationLog
from reports.verification.verify import UNKNOWN_SIGNER, verify
from tests.packs import items_of, repacked, write_pack
from tests.reports import factory

FLIPS = 6


def names(folder: Path) -> set[str]:
    return {problem.file for problem in verify(folder).problems}


def test_a_finished_bundle_is_self_consistent(sealed: Path) -> None:
    done = verify(sealed)
    assert (done.problems, done.state, done.notes) == ([], UNKNOWN_SIGNER, [])


def test_every_flipped_byte_is_told(copied: Path) -> None:
    dice = random.Random(15)
    for path in paths(copied):
        name, whole = path.relative_to(copied).as_posix(), path.read_bytes()
        positions = {0, len(whole) - 1, *(dice.randrange(len(whole)) for _ in range(FLIPS))}
        for position in sorted(positions):
            flipped = whole[position] ^ (1 << dice.randrange(8))
            path.write_bytes(whole[:position] + bytes([flipped]) + whole[position + 1 :])
            assert name in names(copied), f"{name} at {position}"
        path.write_bytes(whole)
    assert verify(copied).problems == []


def test_every_file_that_is_emptied_cut_or_removed_is_told(copied: Path) -> None:
    for path in paths(copied):
        name, whole = path.relative_to(copied).as_posix(), path.read_bytes()
        for less in (b"", whole[:-1], whole + b"\n"):
            path.write_bytes(less)
            assert name in names(copied), name
        path.unlink()
        assert name in names(copied), name
        path.write_bytes(whole)


def test_an_added_and_a_renamed_file_are_told(copied: Path) -> None:
    (copied / "junit.xml").write_text("<testsuites/>")
    assert names(copied) == {"junit.xml"}
    (copied / "junit.xml").unlink()
    (copied / "plan.json").rename(copied / "plan2.json")
    assert {"plan.json", "plan2.json"} <= names(copied)


def test_a_link_is_no_file(copied: Path, tmp_path: Path) -> None:
    (copied / "report.html").rename(tmp_path / "report.html")
    (copied / "report.html").symlink_to(tmp_path / "report.html")
    assert "report.html" in names(copied)


def reseal(folder: Path) -> None:
    """What somebody does who knows the format and no key: make the manifest anew."""
    manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    digest = hashlib.sha256((folder / "evidence.json").read_bytes()).hexdigest()
    forged = msgspec.structs.replace(manifest, files=list(listed(folder)), evidence_sha256=digest)
    (folder / MANIFEST).write_bytes(canonical(forged.sealed()))


def edit(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        data = (folder / name).read_bytes()
        assert old in data
        (folder / name).write_bytes(data.replace(old, new))

    return change


def cut_tail(folder: Path) -> None:
    path = folder / "journal.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def drop_exchange(folder: Path) -> None:
    repacked(folder, lambda _: None)


def other_body(folder: Path) -> None:
    """Bytes that are no more those which the record names."""
    items = [(record, sent, came[:-1] + b"?") for record, sent, came in items_of(folder)]
    write_pack(folder, items)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (edit("report.html", b"seen broken", b"nothing seen"), "report.html"),
        (edit("annex.html", b"Contradicted:", b"Supported:"), "annex.html"),
        (edit("evidence.json", b'"verdict": "fail"', b'"verdict": "pass"'), "evidence.json"),
        (edit("evidence.schema.json", b'"fail"', b'"pass"'), "evidence.schema.json"),
        (edit("journal.jsonl", b'"no id in 12', b'"an id in 12'), "journal.jsonl"),
        (edit("plan.json", b'"seed": 15', b'"seed": 16'), "plan.json"),
        (cut_tail, "journal.jsonl"),
        (drop_exchange, PACK),
        (other_body, PACK),
    ],
)
def test_a_forged_manifest_does_not_hide_a_change(copied: Path, change: Callable[[Path], None], named: str) -> None:
    change(copied)
    reseal(copied)
    told = names(copied)
    assert any(name.startswith(named) for name in told), told
    assert MANIFEST not in told or named not in ("report.html", "annex.html")


@pytest.mark.parametrize(
    "member", ["schema", "report_id", "run_id", "issued", "plan_sha256", "evidence_sha256", "root"]
)
def test_every_member_of_the_manifest_is_checked(copied: Path, member: str) -> None:
    document = json.loads((copied / MANIFEST).read_bytes())
    document[member] = "x" + document[member][1:]
    (copied / MANIFEST).write_text(json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n")
    assert MANIFEST in names(copied)


def test_a_manifest_in_other_bytes_is_told(copied: Path) -> None:
    document = json.loads((copied / MANIFEST).read_bytes())
    (copied / MANIFEST).write_text(json.dumps(document, indent=2))
    assert [problem.text for problem in verify(copied).problems] == ["is not in its canonical bytes"]


def test_an_expected_digest(copied: Path) -> None:
    for name in (MANIFEST, "evidence.json"):
        digest = hashlib.sha256((copied / name).read_bytes()).hexdigest()
        assert verify(copied, Expected(digest)).state == f"self-consistent, and {name} has the digest that was expected"
    wrong = verify(copied, Expected("0" * 64))
    assert [problem.file for problem in wrong.problems] == [MANIFEST]
    assert wrong.state == "not self-consistent: 1 problem"


def test_another_build_is_noted_not_blamed(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "fingerprint", lambda: "0" * 64)
    done = verify(copied)
    assert done.problems == []
    assert "another build" in done.notes[0]


def test_a_bundle_of_which_nothing_can_be_made_again_has_an_answer(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_deep(*_: object) -> dict[str, bytes]:
        raise RecursionError("maximum recursion depth exceeded")

    export = dataclasses.replace(exports()[0], make=cast("Any", too_deep))
    monkeypatch.setattr(made_again, "render", too_deep)
    monkeypatch.setattr(made_again, "exports", lambda: [export])
    text = "cannot be made again: RecursionError: maximum recursion depth exceeded"
    told = [(problem.file, problem.text) for problem in verify(copied).problems]
    assert told == [("report.html", text), (export.name, text)]
    monkeypatch.setattr(module, "fingerprint", lambda: "0" * 64)
    done = verify(copied)
    assert (done.problems, len(done.unchecked)) == ([], 1)


def test_words_of_a_stranger_are_cut(tmp_path: Path) -> None:
    log = VerificationLog(tmp_path)
    log.wrong("f" * 5000, "w" * 5000)
    log.left_out("l" * 5000)
    log.wrong("f", "w" * LONGEST)
    assert [len(problem.text) for problem in log.problems] == [LONGEST + 1, LONGEST]
    assert len(log.problems[0].file) == len(log.unchecked[0]) == LONGEST + 1


def test_a_killed_run_can_be_finished_and_verified(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    factory.fill(bundle)
    with (tmp_path / "journal.jsonl").open("ab") as file:
        file.write(b'{"n":')
    finish(tmp_path)
    done = verify(tmp_path)
    assert done.problems == []
    assert "killed" in done.notes[0]


def test_finishing_again_gives_the_same_bundle(copied: Path) -> None:
    before = {path: path.read_bytes() for path in paths(copied)}
    (copied / ".art15-writing-report.html").write_text("half a page of a killed run")
    assert finish(copied) == copied / "report.html"
    assert {path: path.read_bytes() for path in paths(copied)} == before


def test_a_file_of_the_runner_is_sealed_too(copied: Path) -> None:
    (copied / "junit.xml").write_text("<testsuites/>")
    finish(copied)
    assert verify(copied).problems == []
    assert '"junit.xml"' in (copied / MANIFEST).read_text()


def test_a_folder_that_is_no_bundle(tmp_path: Path) -> None:
    assert {MANIFEST, "evidence.json", "plan.json", "journal.jsonl"} <= names(tmp_path)
    shutil.rmtree(tmp_path)
    assert verify(tmp_path).state.startswith("not self-consistent")


def test_a_file_that_grows_while_it_is_read_is_left(tmp_path: Path) -> None:
    """What is added without an end is not followed."""
    path = tmp_path / "raw"
    path.write_bytes(b"x" * 3_000_000)
    with open_inside(tmp_path, "raw", 1 << 30) as file:
        assert sha256_of(file) == hashlib.sha256(path.read_bytes()).hexdigest()

    class Growing(io.BufferedReader):
        def read(self, size: int | None = -1, /) -> bytes:
            with path.open("ab") as more:
                more.write(b"x" * 2_000_000)
            return super().read(size)

    with Growing(io.FileIO(path)) as file, pytest.raises(Refused, match="grows"):
        sha256_of(file)
