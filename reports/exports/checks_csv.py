"""``checks.csv``: every check with its verdict, for spreadsheets (RFC 4180, UTF-8).

A cell that a spreadsheet would calculate begins with an apostrophe, as OWASP advises ("CSV injection"), also behind a
semicolon: some programs take that for the end of a cell.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from harness.bundle.store import Store
from reports.evidence import CheckResult, Evidence
from reports.exports import Export
from reports.text.markdown import cut

COLUMNS = (
    "check", "slug", "suite", "model", "transport", "level", "verdict", "reason", "expected", "observed", "clauses",
    "duties", "cases", "failures", "requests", "exchange", "waived_by", "waived_until", "started", "seconds",
)  # fmt: skip
# Characters of a cell; a spreadsheet takes no more than 32,767.
LONGEST = 2000
_CALCULATED = re.compile(r"(^|;)(\s*)(?=[=+\-@＝＋－＠])")


def _csv(document: Evidence, _: Store) -> Iterator[bytes]:
    """A line for each check, in the order of the document."""
    yield _line(COLUMNS)
    for check in document.checks:
        yield _line(_row(check))


def _row(check: CheckResult) -> tuple[object, ...]:
    shown = next((case.exchange for case in check.counterexamples if case.exchange is not None), "")
    waiver = check.waiver
    return (
        check.id, check.slug, check.suite, check.model or "", check.transport, check.level or "", check.verdict,
        check.reason, check.criterion, check.observed, " ".join(each.clause for each in check.clauses),
        " ".join(check.duties), check.cases, check.failures, check.exchanges_total, shown,
        waiver.owner if waiver else "", waiver.expires if waiver else "", check.started, check.duration_s,
    )  # fmt: skip


def _line(cells: tuple[object, ...]) -> bytes:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow(
        [_inert(each) if isinstance(each, str) else each for each in cells]
    )
    return written.getvalue().encode()


def _inert(text: str) -> str:
    return _CALCULATED.sub(r"\1\2'", cut(text, LONGEST))


EXPORT = Export(
    form="csv",
    name="checks.csv",
    title="table of checks",
    about="Every check with its verdict, for spreadsheets (CSV)",
    make=_csv,
)
