"""Lines of the journal about exchanges, held against the records that they name; and counts of checks against them."""

from __future__ import annotations

import itertools
from array import array
from collections import Counter
from collections.abc import Iterator

import msgspec

from harness.bundle.digests import Digests
from harness.bundle.events import ExchangeSeen
from harness.bundle.exchange import ExchangeRecord, decode
from harness.bundle.journal import Entry
from harness.bundle.limits import MAX_KEPT
from harness.bundle.places import RECORD
from harness.bundle.store import Store
from reports.journal.state import JournalState

MOST_TOLD = 20
_LARGEST = 1 << 60
# What a line says again of its record; what else it says (sizes on the wire, how long it took) it alone has.
_AGAIN = ("n", "method", "url", "status", "rpc", "error_kind", "redactions")


def facts_of(record: ExchangeRecord) -> tuple[object, ...]:
    """What the line of a record says again."""
    answer = record.response
    return (
        record.n,
        record.method,
        record.url,
        (answer.status or None) if answer is not None else None,
        (record.rpc.name or None) if record.rpc is not None else None,
        record.error.kind if record.error is not None else None,
        len(record.redactions),
    )


def _said(line: ExchangeSeen) -> tuple[object, ...]:
    redactions = line.redactions if isinstance(line.redactions, int) else len(line.redactions)
    return line.n, line.method, line.url, line.status, line.rpc, line.error_kind, redactions


class ExchangeLines:
    """The lines about exchanges as they are read, of which there may be a million.

    Args:
        records: digests of the records that are whole.
        facts: of each a hash of :func:`facts_of`.

    Attributes:
        missing: records that a line names and that are not there.
    """

    def __init__(self, records: Digests, facts: array[int]) -> None:
        self._records, self._facts = records, facts
        self._named = bytearray(len(records))
        self._numbers = array("q")
        self._by_check: Counter[str] = Counter()
        self._otherwise: list[tuple[int, ExchangeSeen]] = []
        self.missing: list[str] = []

    def watch(self, entry: Entry) -> None:
        """Look at one line of the journal."""
        if entry.kind != ExchangeSeen.kind_of_line:
            return
        digest = str(entry.data.get("sha256"))
        place = self._records.number(digest)
        if place is None:
            if len(self.missing) < MOST_TOLD:
                self.missing.append(digest)
            return
        self._named[place] = True
        try:
            line = msgspec.convert(entry.data, ExchangeSeen)
        except msgspec.ValidationError:
            return  # the journal's reader tells of it
        self._numbers.append(max(-1, min(line.n, _LARGEST)))
        if line.check is not None and (line.check in self._by_check or len(self._by_check) < MAX_KEPT):
            self._by_check[line.check] += 1
        if hash(_said(line)) != self._facts[place] and len(self._otherwise) < MOST_TOLD:
            self._otherwise.append((entry.line, line))

    def unnamed(self) -> list[str]:
        """Records that no line names."""
        return [digest for digest, named in zip(self._records, self._named, strict=True) if not named]

    def contradictions(self, store: Store) -> Iterator[str]:
        """What lines say otherwise than their records, and numbers that are there twice; a sentence each.

        Args:
            store: has the records.
        """
        for number, line in self._otherwise:
            names = ", ".join(_differing(line, store)) or "something"
            yield f"line {number}: says otherwise than the record of exchange {line.sha256[:12]}…: {names}"
        twice = next((one for one, other in itertools.pairwise(sorted(self._numbers)) if one == other), None)
        if twice is not None:
            yield f"two exchanges have the number {twice}"

    def gap(self) -> int | None:
        """The first number that no exchange has though a later one is there; None where there is none."""
        expected = min(1, min(self._numbers, default=1))
        for number in sorted(self._numbers):
            if number > expected:
                return expected
            expected = number + 1
        return None

    def miscounted(self, recorded: JournalState) -> Iterator[str]:
        """Checks whose number of exchanges is not that of the lines that name them, a sentence each."""
        for check in recorded.checks if self._by_check else ():
            named = self._by_check[check.id]
            if check.exchanges_total != named:
                yield f"check {check.id}: says that it had {check.exchanges_total} exchanges, and {named} name it"
            strange = [digest for digest in check.exchanges if digest not in self._records]
            if strange:
                yield f"check {check.id}: names exchange {strange[0][:12]}…, which is not there"


def _differing(line: ExchangeSeen, store: Store) -> list[str]:
    try:
        record = decode(store.get(line.sha256, RECORD))
    except (OSError, ValueError):
        return []
    return [name for name, said, held in zip(_AGAIN, _said(line), facts_of(record), strict=True) if said != held]
