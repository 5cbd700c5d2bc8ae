"""Reads the causes from the data files beside this module, strictly."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from harness.clauses.document import read
from harness.clauses.rows import by_id, read_rows, stop
from reports.causes.model import Cause, Causes, fields_of, key_of, literal

# In the order in which a root is looked up: what is described more closely comes first.
FILES = ("roots.yaml", "clauses.yaml", "checks.yaml")


@cache
def load_causes() -> Causes:
    """The causes that ship with art15, read once in a process.

    Raises:
        harness.clauses.CatalogueError: a data file is not as it must be.
    """
    problems: list[str] = []
    named = []
    for name in FILES:
        value = read(name, (Path(__file__).parent / name).read_bytes())
        named += [(name, row) for row in read_rows(Cause, name, value, problems)]
    rows = by_id(named, problems)
    exact: dict[str, Cause] = {}
    for cause in rows.values():
        own = [pattern for pattern in cause.roots or (cause.id,) if literal(pattern)]
        taken = [pattern for pattern in own if exact.setdefault(pattern, cause) is not cause]
        problems += [f"cause {cause.id}: the root {each} belongs to {exact[each].id}" for each in taken]
        problems += field_problems(cause)
    stop(problems)
    return Causes(rows, exact)


def cause_of(slug: str, root: str, clause: str) -> str:
    """The identity of the cause of a violation, whatever else was found in the run; its key where no row has it."""
    key = key_of(slug, root, clause)
    found = load_causes().find(key)
    return found[0].instance(found[1]) if found is not None else key


def field_problems(cause: Cause) -> list[str]:
    """A line for each field of the title, and of what sets findings apart, that no root has."""
    known = set().union(*(fields_of(pattern) for pattern in cause.roots)) if cause.roots else set()
    wanted = fields_of(cause.title) | ({cause.apart} if cause.apart else set())
    return [f"cause {cause.id}: no root has the field {name}" for name in sorted(wanted - known)]
