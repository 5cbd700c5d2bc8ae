"""Bundles that a stranger made to stop or to fool their reader: each function spoils a whole bundle in one way.

``HOSTILE`` maps the name of a way to its function. A function may give the exit codes that ``art15 verify`` may end
with, where they are others than 1 (something is wrong).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from harness.bundle.journal import encode_line
from harness.bundle.limits import MAX_FILES, MAX_LINE
from harness.bundle.manifest import MANIFEST, ListedFile, Manifest, canonical
from harness.bundle.places import PACK
from reports.bundle import listed

WRONG, IN_PART, RIGHT = 1, 3, 0
Way = Callable[[Path], "set[int] | None"]
HOSTILE: dict[str, Way] = {}
# Those that spoil a bundle without a pack, as runs left them before there was one.
OF_FILES: set[str] = set()
NAMED = (
    *(
        "manifest.json",
        "evidence.json",
        "plan.json",
        "journal.jsonl",
        "report.html",
        "annex.html",
        "evidence.schema.json",
    ),
    *(PACK, "exchanges.har"),
)


def way(name: str, *, of_files: bool = False) -> Callable[[Way], Way]:
    def keep(function: Way) -> Way:
        HOSTILE[name] = function
        if of_files:
            OF_FILES.add(name)
        return function

    return keep


def reseal(folder: Path, **changes: Any) -> None:
    """What somebody does who knows the format and no key: make the manifest anew."""
    manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    digest = hashlib.sha256((folder / "evidence.json").read_bytes()).hexdigest()
    members: dict[str, Any] = {"files": list(listed(folder)), "evidence_sha256": digest}
    forged = msgspec.structs.replace(manifest, **(members | changes))
    (folder / MANIFEST).write_bytes(canonical(forged.sealed()))


def record_of(folder: Path) -> Path:
    return min(folder.glob("exchanges/*/*.json"))


def store(folder: Path, data: bytes, suffix: str) -> str:
    digest = hashlib.sha256(data).hexdigest()
    path = folder / "exchanges" / digest[:2] / f"{digest}.{suffix}"
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(data)
    return digest


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "journal.jsonl").read_bytes().splitlines()]


def rewrite(folder: Path, lines: list[dict[str, Any]]) -> None:
    """A journal with an unbroken chain, and nothing else that fits it."""
    head, out = "0" * 64, []
    for number, line in enumerate(lines):
        raw = encode_line(line | {"n": number, "prev": head})
        head = hashlib.sha256(raw).hexdigest()
        out.append(raw + b"\n")
    (folder / "journal.jsonl").write_bytes(b"".join(out))


def _replaced(name: str, make: Callable[[Path], None]) -> Way:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return spoil


def _sparse(gigabytes: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(gigabytes << 30)

    return make


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket has room for a hundred bytes
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


for _name in NAMED:
    HOSTILE[f"fifo as {_name}"] = _replaced(_name, os.mkfifo)
    HOSTILE[f"ten sparse gigabytes as {_name}"] = _replaced(_name, _sparse(10))
    HOSTILE[f"link to a device without an end as {_name}"] = _replaced(_name, lambda path: path.symlink_to("/dev/zero"))
HOSTILE["socket as evidence.json"] = _replaced("evidence.json", _socket)
HOSTILE["folder as manifest.json"] = _replaced("manifest.json", lambda path: path.mkdir())
HOSTILE["folder as journal.jsonl"] = _replaced("journal.jsonl", lambda path: path.mkdir())
HOSTILE["one sparse gigabyte as the page"] = _replaced("report.html", _sparse(1))


def _elsewhere(name: str) -> Way:
    def spoil(folder: Path) -> None:
        (folder / name).rename(folder.parent / name)
        (folder / name).symlink_to(folder.parent / name)

    return spoil


for _name in NAMED:
    HOSTILE[f"link to a true copy as {_name}"] = _elsewhere(_name)


@way("exchanges is a link to a true copy", of_files=True)
def _(folder: Path) -> None:
    (folder / "exchanges").rename(folder.parent / "exchanges")
    (folder / "exchanges").symlink_to(folder.parent / "exchanges")


@way("fifo as an exchange record", of_files=True)
def _(folder: Path) -> None:
    path = record_of(folder)
    path.unlink()
    os.mkfifo(path)


@way("folder links in a circle", of_files=True)
def _(folder: Path) -> None:
    (folder / "exchanges" / "around").symlink_to(folder)
    (folder / "around").symlink_to(".")


@way("folders fifty deep")
def _(folder: Path) -> None:
    deep = folder / "/".join(["d"] * 50)
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")


@way("line without an end")
def _(folder: Path) -> None:
    with (folder / "journal.jsonl").open("ab") as file:
        file.truncate(file.tell() + (900 << 20))
    reseal(folder)


@way("line that is longer than a line is")
def _(folder: Path) -> None:
    with (folder / "journal.jsonl").open("ab") as file:
        file.write(b'{"n":' + b"1" * (MAX_LINE + 10) + b"}\n")
    reseal(folder)


@way("journal of a million empty lines")
def _(folder: Path) -> None:
    (folder / "journal.jsonl").write_bytes(b"\n" * 1_000_000)
    reseal(folder)


@way("journal of many facts, with an unbroken chain")
def _(folder: Path) -> None:
    lines = lines_of(folder)
    fact = {**lines[-1], "kind": "fact", "data": {"subject": "open", "text": "x" * 50}}
    rewrite(folder, [*lines[:-1], *[fact] * 100_000, lines[-1]])
    reseal(folder)


@way("journal line of two million values")
def _(folder: Path) -> None:
    lines = lines_of(folder)
    lines[3]["data"]["x"] = [{}] * 2_000_000
    rewrite(folder, lines)
    reseal(folder)


@way("journal line 100,000 deep")
def _(folder: Path) -> None:
    lines = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"data":{', b'"data":{"deep":' + b"[" * 100_000 + b"]" * 100_000 + b",", 1)
    (folder / "journal.jsonl").write_bytes(b"".join(lines))
    reseal(folder)


@way("journal line nested as deep as may be read")
def _(folder: Path) -> None:
    lines = lines_of(folder)
    deep: Any = []
    for _each in range(400):
        deep = [deep]
    series = {**lines[-1], "kind": "series", "data": {"name": deep}}
    rewrite(folder, [*lines[:-1], series, lines[-1]])
    reseal(folder)


@way("verdict given twice in one line")
def _(folder: Path) -> None:
    path = folder / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"verdict":"fail"', b'"verdict":"pass","verdict":"fail"', 1))
    reseal(folder)


@way("verdict given twice in the document")
def _(folder: Path) -> None:
    path = folder / "evidence.json"
    path.write_bytes(path.read_bytes().replace(b'"verdict": "fail"', b'"verdict": "pass", "verdict": "fail"'))
    reseal(folder, builder="0" * 64)


@way("manifest with a member twice")
def _(folder: Path) -> None:
    path = folder / MANIFEST
    path.write_bytes(path.read_bytes().replace(b'"files"', b'"issued": "x",\n "files"', 1))


@way("manifest of a million entries")
def _(folder: Path) -> None:
    reseal(folder, files=[ListedFile(path=f"f{n:07}", sha256="0" * 64, bytes=1) for n in range(1_000_000)])


@way("manifest of as many entries as may be")
def _(folder: Path) -> None:
    reseal(folder, files=[ListedFile(path=f"f{n:07}", sha256="0" * 64, bytes=1) for n in range(MAX_FILES - 100)])


@way("manifest of short entries, not canonical")
def _(folder: Path) -> None:
    entry = b'{"path":"a","sha256":"","bytes":0}'
    data = (folder / MANIFEST).read_bytes()
    at = data.index(b'"files": [') + len(b'"files": [')
    (folder / MANIFEST).write_bytes(data[:at] + b",".join([entry] * 2_000_000) + b"," + data[at:])


@way("manifest that leads out of the folder")
def _(folder: Path) -> None:
    (folder.parent / "outside").write_text("x")
    digest = hashlib.sha256(b"x").hexdigest()
    names = ("../outside", "/etc/passwd", "exchanges/../../outside", "./plan.json", "exchanges//x", "a\0b", "a\\..\\b")
    files = [*listed(folder), *(ListedFile(path=name, sha256=digest, bytes=1) for name in names)]
    reseal(folder, files=sorted(files, key=lambda each: each.path))


@way("manifest with a name of controls and the good word")
def _(folder: Path) -> None:
    name = "x\x1b[2J\x1b]0;owned\x07\u202eself-consistent, signer unknown"
    reseal(folder, files=[*listed(folder), ListedFile(path=name, sha256="0" * 64, bytes=1)])


@way("file with a name of controls and the good word")
def _(folder: Path) -> None:
    (folder / "x\x1b[2J\rself-consistent, signer unknown\n").write_text("x")


@way("file whose name is no UTF-8")
def _(folder: Path) -> None:
    (folder / os.fsdecode(b"\xff\xfe\x80name")).write_text("x")


@way("names that differ in case only")
def _(folder: Path) -> set[int]:
    (folder / "Plan.json").write_bytes((folder / "plan.json").read_bytes())
    (folder / "PLAN.JSON").write_bytes(b"{}")
    reseal(folder)
    return {IN_PART}


@way("hard links")
def _(folder: Path) -> set[int]:
    for name in NAMED:
        os.link(folder / name, folder.parent / f"linked-{name}")
    return {RIGHT}


@way("many small files that nobody listed")
def _(folder: Path) -> None:
    for number in range(30_000):
        (folder / f"n{number}").touch()


@way("manifest without an end of brackets")
def _(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b"[" * (10 << 20))


@way("document without an end of brackets")
def _(folder: Path) -> None:
    (folder / "evidence.json").write_bytes(b'{"schema_version":' + b"[" * (10 << 20))
    reseal(folder)


@way("document of five million values")
def _(folder: Path) -> None:
    path = folder / "evidence.json"
    path.write_bytes(path.read_bytes().replace(b'"series": []', b'"series": [' + b"{}," * 5_000_000 + b"{}]"))
    reseal(folder)


@way("document of many duties and findings, each of many checks")
def _(folder: Path) -> None:
    path = folder / "evidence.json"
    document = json.loads(path.read_bytes())
    names = [each["id"] for each in document["checks"]] * 20
    document["duties"] = [document["duties"][0] | {"state": "declared_not_applicable", "checks": names}] * 6_000
    document["summary"]["findings"] = [document["summary"]["findings"][0] | {"checks": names}] * 2_000
    path.write_text(json.dumps(document))
    reseal(folder, builder="0" * 64)


def _results(document: dict[str, Any], verdict: str, many: int, **changes: Any) -> dict[str, Any]:
    """The first result with one of its clauses so many times."""
    first: dict[str, Any] = document["checks"][0] | {"verdict": verdict, **changes}
    return first | {"clauses": [first["clauses"][0] | {"verdict": verdict}] * many}


@way("document of a duty of many times one check, of many clauses")
def _(folder: Path) -> None:
    path = folder / "evidence.json"
    document = json.loads(path.read_bytes())
    document["checks"], document["catalogue"]["clauses"] = [_results(document, "pass", 100_000)], []
    duty = {"state": "contradicted", "against": [], "checks": [document["checks"][0]["id"]] * 100_000}
    document["duties"] = [each | {"against": []} for each in document["duties"]] + [document["duties"][0] | duty]
    path.write_text(json.dumps(document))
    reseal(folder, builder="0" * 64)


@way("document of many times one clause, seen on many models")
def _(folder: Path) -> None:
    path = folder / "evidence.json"
    document = json.loads(path.read_bytes())
    document["checks"] = [_results(document, "pass", 1, model=f"m{number}") for number in range(4_000)]
    clause = document["checks"][0]["clauses"][0]["clause"]
    row = document["catalogue"]["clauses"][0] | {"id": clause, "verdict": "pass"}
    document["catalogue"]["clauses"] = [row | {"checks": [document["checks"][0]["id"]]}] * 20_000
    path.write_text(json.dumps(document))
    reseal(folder, builder="0" * 64)


@way("exchanges with numbers that no counter holds")
def _(folder: Path) -> None:
    lines = lines_of(folder)
    for place, line in enumerate(line for line in lines if line["kind"] == "exchange"):
        line["data"] |= {"n": (-1) ** place * 10**400, "check": f"c{place}"}
    rewrite(folder, lines)
    reseal(folder)


@way("marks: a pipe, a link without an end, and many")
def _(folder: Path) -> None:
    place = folder / "marks"
    place.mkdir()
    os.mkfifo(place / "a.tsr")
    (place / "b.tsr").symlink_to("/dev/zero")
    for number in range(900):
        (place / f"c{number}.tsr").write_bytes(b"\x30\x84\xff\xff\xff\xff" * 1000)


@way("signatures of many brackets")
def _(folder: Path) -> None:
    for name in ("attestation.dsse.json", "test-result.dsse.json"):
        (folder / name).write_bytes(b'{"payload":' + b"[" * 1_000_000)


@way("document nested as deep as may be read")
def _(folder: Path) -> None:
    path = folder / "evidence.json"
    deep = b'[{"a": ' + b"[" * 900 + b"]" * 900 + b"}]"
    path.write_bytes(path.read_bytes().replace(b'"series": []', b'"series": ' + deep))
    reseal(folder)


@way("document with integers of many digits")
def _(folder: Path) -> None:
    path = folder / "evidence.json"
    path.write_bytes(path.read_bytes().replace(b'"seed": 15', b'"seed": ' + b"9" * 1_000_000))
    reseal(folder)


@way("document with numbers that are none")
def _(folder: Path) -> None:
    path = folder / "evidence.json"
    path.write_bytes(path.read_bytes().replace(b'"duration_s": 0.42', b'"duration_s": NaN'))
    reseal(folder)


@way("document that is no UTF-8")
def _(folder: Path) -> None:
    path = folder / "evidence.json"
    path.write_bytes(path.read_bytes().replace(b"Contradicted", b"\xff\xfe"))
    reseal(folder)


@way("plan 200,000 deep")
def _(folder: Path) -> None:
    path = folder / "plan.json"
    path.write_bytes(
        path.read_bytes().replace(b'"policy": {', b'"policy": {"a": ' + b"[" * 200_000 + b"]" * 200_000 + b",")
    )
    reseal(folder)


@way("record 200,000 deep, named by its digest", of_files=True)
def _(folder: Path) -> None:
    data = record_of(folder).read_bytes()
    store(folder, data.replace(b"{", b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b",", 1), "json")
    reseal(folder)


@way("record that names a body outside", of_files=True)
def _(folder: Path) -> None:
    data = json.loads(record_of(folder).read_bytes())
    data["request"]["body"] = {"sha256": "../../../../etc/passwd", "bytes": 5}
    store(folder, json.dumps(data).encode(), "json")
    reseal(folder)


@way("record of a megabyte of digits", of_files=True)
def _(folder: Path) -> set[int]:
    data = record_of(folder).read_bytes()
    store(folder, data.replace(b"{", b'{"bytes":' + b"9" * (1 << 20) + b",", 1), "json")
    reseal(folder)
    return {IN_PART}


@way("gzip bomb as a body", of_files=True)
def _(folder: Path) -> set[int]:
    store(folder, gzip.compress(gzip.compress(bytes(1 << 28))), "body")
    reseal(folder)
    return {IN_PART}


@way("body of sparse gigabytes", of_files=True)
def _(folder: Path) -> None:
    path = folder / "exchanges" / "00" / f"{'0' * 64}.body"
    path.parent.mkdir(exist_ok=True)
    _sparse(3)(path)
    manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    entry = ListedFile(path=f"exchanges/00/{'0' * 64}.body", sha256="0" * 64, bytes=3 << 30)
    files = sorted([*manifest.files, entry], key=lambda each: each.path)
    (folder / MANIFEST).write_bytes(canonical(msgspec.structs.replace(manifest, files=files).sealed()))


@way("schema with a hostile pattern and a reference to elsewhere")
def _(folder: Path) -> None:
    schema = {"$ref": "http://127.0.0.1:1/", "properties": {"schema_version": {"pattern": "(a*)*$"}}}
    (folder / "evidence.schema.json").write_text(json.dumps(schema))
    reseal(folder)


@way("page with a script, by another builder")
def _(folder: Path) -> None:
    path = folder / "report.html"
    path.write_bytes(path.read_bytes().replace(b"</main>", b"<h1>ALL 900 CHECKS PASSED</h1><script></script></main>"))
    reseal(folder, builder="0" * 64)


@way("page of many angle brackets")
def _(folder: Path) -> None:
    path = folder / "report.html"
    path.write_bytes(path.read_bytes().replace(b"</main>", b"<p " + b'a="' * 5_000_000 + b"</main>"))
    reseal(folder, builder="0" * 64)


@way("junit.xml with entities that grow")
def _(folder: Path) -> set[int]:
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    text = f'<?xml version="1.0" encoding="utf-8"?><!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]><x>&a11;</x>'
    (folder / "junit.xml").write_text(text)
    reseal(folder)
    return {IN_PART}


@way("junit.xml 100,000 deep")
def _(folder: Path) -> set[int]:
    (folder / "junit.xml").write_text('<?xml version="1.0" encoding="utf-8"?>' + "<a>" * 100_000)
    reseal(folder)
    return {IN_PART}


@way("closing line that names files outside")
def _(folder: Path) -> None:
    lines = lines_of(folder)
    lines[-1]["data"]["files"] = {"../../etc/passwd": "0" * 64, "/dev/zero": "0" * 64}
    rewrite(folder, lines)
    reseal(folder)


@way("empty folder")
def _(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


@way("every file empty")
def _(folder: Path) -> None:
    for name in NAMED:
        (folder / name).write_bytes(b"")


def _pack(folder: Path, data: bytes) -> None:
    """Other bytes as the pack, in a bundle whose journal was never closed: nothing holds them but the manifest."""
    (folder / PACK).write_bytes(data)
    rewrite(folder, [line for line in lines_of(folder) if line["kind"] != "close"])
    reseal(folder)


def _warc(folder: Path) -> bytes:
    return gzip.decompress((folder / PACK).read_bytes())


def _record(kind: bytes, block: bytes, length: bytes | None = None) -> bytes:
    size = length if length is not None else b"%d" % len(block)
    return b"WARC/1.1\r\nWARC-Type: " + kind + b"\r\nContent-Length: " + size + b"\r\n\r\n" + block + b"\r\n\r\n"


PACKS: dict[str, Callable[[Path], bytes]] = {
    "nothing": lambda _: b"",
    "no gzip": lambda _: b"no gzip" * 1000,
    "gzip of nothing, a hundred thousand times": lambda _: gzip.compress(b"") * 100_000,
    "gzip bomb": lambda _: gzip.compress(bytes(1 << 30), 1),
    "gzip bomb behind the first record": lambda folder: (folder / PACK).read_bytes() + gzip.compress(bytes(1 << 29), 1),
    "many bombs, each a body": lambda folder: _warc_in(
        folder, gzip.compress(_record(b"request", bytes(100 << 20)), 1) * 2
    ),
    "a length of ten digits": lambda folder: _warc_in(folder, gzip.compress(_record(b"request", b"", b"9999999999"))),
    "a length below nothing": lambda folder: _warc_in(folder, gzip.compress(_record(b"request", b"", b"-5"))),
    "a length in other digits": lambda folder: _warc_in(
        folder, gzip.compress(_record(b"request", b"", "\u0665".encode()))
    ),
    "lines without an end": lambda folder: _warc_in(
        folder, gzip.compress(b"WARC/1.1\r\nWARC-Type: " + b"x" * (64 << 20))
    ),
    "a million requests": lambda folder: _warc_in(folder, gzip.compress(_record(b"request", b"") * 1_000_000)),
    "a hundred thousand records that are no JSON": lambda folder: _warc_in(
        folder, gzip.compress(_record(b"metadata", b"{") * 100_000)
    ),
    "a record 200,000 deep": lambda folder: _warc_in(
        folder, gzip.compress(_record(b"metadata", b'{"method":' + b"[" * 200_000))
    ),
    "a record that is no UTF-8": lambda folder: _warc_in(
        folder, gzip.compress(_record(b"metadata", b'{"url":"\xff"}'))
    ),
    "each exchange twice": lambda folder: (folder / PACK).read_bytes() + gzip.compress(_warc(folder)),
    "the address of another, for tools to show": lambda folder: gzip.compress(
        _warc(folder).replace(b"WARC-Target-URI: http://127.0.0.1", b"WARC-Target-URI: http://127.0.0.2", 1)
    ),
    "words that a terminal obeys": lambda folder: _warc_in(
        folder, gzip.compress(_record(b"\x1b]0;pwned\x07\x1b[2J", b"") * 3)
    ),
}


def _warc_in(folder: Path, data: bytes) -> bytes:
    """Behind what the run wrote."""
    return (folder / PACK).read_bytes() + data


def _packed(make: Callable[[Path], bytes]) -> Way:
    def spoil(folder: Path) -> None:
        _pack(folder, make(folder))

    return spoil


for _name, _make in PACKS.items():
    HOSTILE[f"pack: {_name}"] = _packed(_make)


@way("pack beside files of exchanges")
def _(folder: Path) -> None:
    store(folder, b"{}", "json")
    reseal(folder)
