"""Bytes, lines and whole files of a bundle changed; the manifest is made anew for most."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.bundle.ledger import LEDGER
from harness.bundle.places import ATTESTATION, PACK, TEST_RESULT
from reports.bundle import EVIDENCE, PAGES, SCHEMA, finish
from reports.evidence import encode
from reports.exports import exports
from reports.journal.state import JOURNAL, PLAN
from reports.page.render import ANNEX, REPORT
from reports.verification.junit import JUNIT
from tests.reports import factory
from tests.reports.forging import FORGERIES, Forgery, Rows, forgery, lines_of, of_kind, rewritten
from tests.reports.hostile_bundles import reseal


def _flipped(name: str) -> Callable[[Path], None]:
    def flip(folder: Path) -> None:
        data = (folder / name).read_bytes()
        at = len(data) // 2
        (folder / name).write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])

    return flip


FILES = (
    *("manifest.json", EVIDENCE, SCHEMA, PLAN, JOURNAL, PACK, LEDGER, *PAGES, JUNIT, ATTESTATION, TEST_RESULT),
    *(export.name for export in exports()),
)
for _name in FILES:
    FORGERIES[f"a byte of {_name}"] = Forgery(_flipped(_name), _name)


@forgery("a line of the journal dropped", JOURNAL)
def dropped(folder: Path) -> None:
    lines_of(folder, lambda lines: [*lines[:7], *lines[8:]])


@forgery("a line of the journal twice", JOURNAL)
def doubled(folder: Path) -> None:
    lines_of(folder, lambda lines: [*lines[:8], *lines[7:]])


@forgery("two lines of the journal in the other order", JOURNAL)
def reordered(folder: Path) -> None:
    lines_of(folder, lambda lines: [*lines[:7], lines[8], lines[7], *lines[9:]])


@forgery("the end of the journal cut off", JOURNAL)
def truncated(folder: Path) -> None:
    lines_of(folder, lambda lines: lines[:-3])


@forgery("the last line of the journal cut in half", JOURNAL)
def halved(folder: Path) -> None:
    lines_of(folder, lambda lines: [*lines[:-1], lines[-1][: len(lines[-1]) // 2]])


@forgery("an exchange with the number of another, with every digest", JOURNAL)
def moved(folder: Path) -> None:

    def change(rows: Rows) -> Rows:
        of_kind(rows, "exchange")["n"] += 1
        return rows

    rewritten(folder, change)


@forgery("a file taken away", SCHEMA)
def taken(folder: Path) -> None:
    (folder / SCHEMA).unlink()


@forgery("a file put beside", "added.html")
def added(folder: Path) -> None:
    (folder / "added.html").write_bytes((folder / REPORT).read_bytes())


@forgery("two files with each other's names", ANNEX)
def renamed(folder: Path) -> None:
    one, other = (folder / REPORT).read_bytes(), (folder / ANNEX).read_bytes()
    (folder / REPORT).write_bytes(other)
    (folder / ANNEX).write_bytes(one)
    reseal(folder)


@forgery("the plan of another bundle", PLAN)
def swapped_file(folder: Path) -> None:
    (folder / PLAN).write_bytes(encode(factory.plan(seed=16)))
    reseal(folder)


@forgery("the page of another bundle", REPORT)
def swapped_page(folder: Path) -> None:
    foreign = folder.parent / "foreign"
    factory.finished(foreign)
    finish(foreign)
    (folder / REPORT).write_bytes((foreign / REPORT).read_bytes())
    reseal(folder)


# What stands in a file replaced, with its manifest: what must be told, the file, what stood there, and what does.
REPLACED: dict[str, tuple[str, str, bytes, bytes]] = {
    "words of the page replaced": (ATTESTATION, REPORT, b"Contradicted", b"Consistent"),
    "a script in the page": (REPORT, REPORT, b"</main>", b"<script></script></main>"),
    "a verdict in an export": (ATTESTATION, "checks.csv", b"fail", b"pass"),
    "a verdict in junit.xml": (JUNIT, JUNIT, b'name="verdict" value="fail"', b'name="verdict" value="pass"'),
}


def _replaced(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def replace(folder: Path) -> None:
        (folder / name).write_bytes((folder / name).read_bytes().replace(old, new))
        reseal(folder)

    return replace


for _name, (_told, _file, _old, _new) in REPLACED.items():
    FORGERIES[f"{_name}, with its manifest"] = Forgery(_replaced(_file, _old, _new), _told)


@forgery("a verdict in junit.xml, with every digest", JUNIT)
def junit_rewritten(folder: Path) -> None:
    _replaced(*REPLACED["a verdict in junit.xml"][1:])(folder)
    rewritten(folder, lambda rows: rows)
