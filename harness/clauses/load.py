"""Reads the catalogue from its data files; anything unexpected in them stops the start with a clear message."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from harness.clauses.document import read
from harness.clauses.model import Against, Catalogue, Clause, DatedFact, Duty, Protocol, Standard, Taxonomy
from harness.clauses.rows import IdRow, Row, by_id, nearest, read_row, read_rows, stop
from harness.criteria import GOOD_PRACTICE, POLICY

SOURCE = "oip/source.yaml"
DUTIES = "ai_act_15.yaml"
AGAINST = "against.yaml"
LAW = "law.yaml"
STANDARDS = "standards.yaml"
TAXONOMY = "atlas.yaml"

_FIXED = (SOURCE, DUTIES, AGAINST, LAW, STANDARDS, TAXONOMY)


@cache
def load() -> Catalogue:
    """The catalogue that ships with art15, read once in a process.

    Raises:
        CatalogueError: a data file is not as it must be.
    """
    return load_from(Path(__file__).parent)


def load_from(folder: Path) -> Catalogue:
    """The catalogue in a folder that is laid out like this package's.

    Raises:
        CatalogueError: a file is missing, unexpected or unreadable, or a row is wrong; the message names file and
            row, and the nearest right word where there is one.
    """
    data = _files(folder)
    values = {name: read(name, content) for name, content in data.items()}
    protocol = _single(Protocol, SOURCE, values)
    taxonomy = _single(Taxonomy, TAXONOMY, values)
    problems: list[str] = []
    clause_files = _clause_files(protocol, set(values), problems)
    clauses = by_id(_named(Clause, clause_files, values, problems), problems)
    duties = by_id(_named(Duty, (DUTIES,), values, problems), problems)
    against = by_id(_named(Against, (AGAINST,), values, problems), problems)
    standards = by_id(_named(Standard, (STANDARDS,), values, problems), problems)
    law = by_id(map(_filled, _named(DatedFact, (LAW,), values, problems)), problems)
    stop(problems)
    stop(_misdirected(against, clauses, duties))
    return Catalogue(
        protocol=protocol,
        clauses=clauses,
        duties=duties,
        against=against,
        law=law,
        standards=standards,
        taxonomy=taxonomy,
        digest=_digest(data),
    )


def _misdirected(
    against: Mapping[str, Against], clauses: Mapping[str, Clause], duties: Mapping[str, Duty]
) -> Iterator[str]:
    """Rows that name what is not there, and areas without a row: a finding in one would speak against nothing."""
    areas = {f"area:{clause.area}" for clause in clauses.values()}
    for row in against.values():
        if row.id not in areas and row.id not in clauses and not row.id.startswith((POLICY, GOOD_PRACTICE)):
            yield f"{AGAINST}, row {row.id}: no clause, area or criterion{nearest(row.id, [*areas, *clauses])}"
        for duty in row.duties:
            if duty not in duties:
                yield f"{AGAINST}, row {row.id}: no duty {duty!r}{nearest(duty, duties)}"
    for area in sorted(areas - set(against)):
        yield f"{AGAINST}: no row for {area}"


def _files(folder: Path) -> dict[str, bytes]:
    """Bytes by path below the folder, sorted by path."""
    found = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*.yaml"))
    data = {name: path.read_bytes() for name, path in found}
    stop(f"{name}: the file is missing" for name in _FIXED if name not in data)
    return data


def _clause_files(protocol: Protocol, present: set[str], problems: list[str]) -> list[str]:
    """The clause files in the order of ``files``; that list and the folder must agree."""
    named = [f"oip/{stem}.yaml" for stem in protocol.files]
    present = present - set(_FIXED)
    unlisted = present - set(named)
    problems += [f"{name}: not listed under files of {SOURCE}" for name in sorted(unlisted)]
    for stem, name in zip(protocol.files, named, strict=True):
        if name not in present:
            problems.append(f"{SOURCE}, files: {stem!r} is no file here{nearest(name, unlisted)}")
        if named.count(name) > 1:
            problems.append(f"{SOURCE}, files: {stem!r} stands twice")
    return [name for name in named if name in present]


def _single(kind: type[Row], name: str, values: Mapping[str, object]) -> Row:
    """A file that is one row."""
    problems: list[str] = []
    found = read_row(kind, name, values[name], problems)
    stop(problems)
    assert found is not None
    return found


def _named(
    kind: type[IdRow], names: Iterable[str], values: Mapping[str, object], problems: list[str]
) -> Iterator[tuple[str, IdRow]]:
    """Every row of the files, with the name of its file."""
    for name in names:
        for each in read_rows(kind, name, values[name], problems):
            yield name, each


def _filled(named: tuple[str, DatedFact]) -> tuple[str, DatedFact]:
    """The fact with its date in its text, so that the date stands in one place."""
    name, fact = named
    return name, dataclasses.replace(fact, text=fact.text.replace("{verified_on}", fact.verified_on))


def _digest(data: dict[str, bytes]) -> str:
    """SHA-256 over name, length and bytes of each file, in the order of names."""
    digest = hashlib.sha256()
    for name, content in sorted(data.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
