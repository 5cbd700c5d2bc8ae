"""A cause: what servers get wrong in one place, as data; and which cause a recorded root belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

Consequence = Literal["data_of_others", "crash_or_hang", "wrong_answer", "security", "interoperability", "style"]
# Most severe first: the order in which findings are listed.
CONSEQUENCES: tuple[Consequence, ...] = (
    "data_of_others", "crash_or_hang", "wrong_answer", "security", "interoperability", "style",
)  # fmt: skip

# Roots hold words of the endpoint; matching one takes time by the power of its fields.
LONGEST = 300
_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause. The fields of the class are the keys of its row.

    Attributes:
        id: what the evidence calls it; a clause's id where the cause is that this clause does not hold.
        title: what is wrong, in one positive sentence without a full stop; ``{field}`` stands for what the roots
            hold there, all of it listed.
        consequence: what it means for who uses the endpoint.
        roots: the roots and clauses that checks record it under, ``{field}`` for any text; its id alone if empty.
        clause: the clause whose check has the cure; by default the first one that it breaks.
        cure: how a server usually mends it, where no check says so.
        apart: the field whose values are causes of their own, each a finding.
        explains: roots, clauses and slugs of checks (``*`` for any text) that break as well where this is found.
        noun: what is counted, where counting every case helps; else nothing is.
    """

    id: str
    title: str
    consequence: Consequence
    roots: tuple[str, ...] = ()
    clause: str | None = None
    cure: str | None = None
    apart: str | None = None
    explains: tuple[str, ...] = ()
    noun: str | None = None

    def matches(self, key: str) -> dict[str, str] | None:
        """The fields of a recorded root that belongs to this cause; None if it does not."""
        if len(key) > LONGEST:
            return None
        for pattern in self.roots or (self.id,):
            found = _expression(pattern).fullmatch(key)
            if found is not None:
                return found.groupdict()
        return None

    def instance(self, fields: Mapping[str, str]) -> str:
        """The identity of the finding: the cause, and what sets it apart from others of the kind."""
        return f"{self.id}:{fields[self.apart]}" if self.apart and fields.get(self.apart) else self.id

    def explained(self, *names: str) -> bool:
        """Whether something that is known by these names breaks as well where this is found."""
        return any(fnmatchcase(name, pattern) for pattern in self.explains for name in names)


def key_of(slug: str, root: str, clause: str) -> str:
    """What a violation is looked up by: its root, or its clause where the check names no root."""
    return clause if root == slug and ":" not in clause else root


@dataclass(frozen=True, slots=True)
class Causes:
    """All causes, by id; the more closely described ones first."""

    rows: Mapping[str, Cause]
    exact: Mapping[str, Cause]

    def find(self, key: str) -> tuple[Cause, dict[str, str]] | None:
        """The cause that a recorded root belongs to, with the fields of the root."""
        if key in self.exact:
            return self.exact[key], {}
        for cause in self.rows.values():
            fields = cause.matches(key)
            if fields is not None:
                return cause, fields
        return None


def literal(pattern: str) -> bool:
    """Whether a pattern has no field."""
    return _FIELD.search(pattern) is None


def fields_of(pattern: str) -> set[str]:
    """The names of the fields of a pattern or a title."""
    return set(_FIELD.findall(pattern))


_EXPRESSIONS: dict[str, re.Pattern[str]] = {}


def _expression(pattern: str) -> re.Pattern[str]:
    if pattern not in _EXPRESSIONS:
        parts = _FIELD.split(pattern)
        text = "".join(f"(?P<{part}>.+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
        _EXPRESSIONS[pattern] = re.compile(text, re.DOTALL)
    return _EXPRESSIONS[pattern]
