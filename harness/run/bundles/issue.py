"""A finding as the text of an issue for the tracker of the server: Markdown that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.allowed import did_you_mean
from harness.bundle.store import Store
from harness.record.quoting import clip
from reports.document.excerpt import ExchangeReader
from reports.document.findings import cases_of
from reports.document.specification import link_of
from reports.evidence import Counterexample, Evidence, Finding, MessageView
from reports.text.formats import seen_again
from reports.text.markdown import block, code, markdown, uncalled
from reports.text.neutralise import plain
from reports.text.sentences import sentences

# Characters of a sentence; bytes of a body that are shown; clauses that are quoted.
LONGEST, MOST_BYTES, CLAUSES = 1000, 16 << 10, 5


class NoFinding(LookupError):
    """Nothing of that name was found; one line that says what was."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Title and text, as a tracker takes them."""

    title: str
    text: str


def issue_of(document: Evidence, store: Store, name: str) -> Issue:
    """The finding of a check (its slug, or its id) or of a cause.

    Raises:
        NoFinding: see there.
    """
    finding = _found(document, name)
    case = next(iter(sorted(cases_of(finding, document.checks), key=lambda each: each.exchange is None)), None)
    text = "\n".join(_lines(document, store, finding, case))
    return Issue(clip(plain(finding.title), 200), f"{text}\n")


def _found(document: Evidence, name: str) -> Finding:
    told = [each for each in document.summary.findings if each.verdict in ("fail", "warn")]
    names = {each.root: each for each in reversed(told)}
    for finding in reversed(told):
        for check in finding.checks:
            names[check] = names[check.partition("[")[0]] = finding
    if name not in names:
        found = ", ".join(sorted({check.partition("[")[0] for each in told for check in each.checks})) or "nothing"
        raise NoFinding(f"no finding of {name!r}{did_you_mean(name, names)} (found were: {found})")
    return names[name]


def _lines(document: Evidence, store: Store, finding: Finding, case: Counterexample | None) -> Iterator[str]:
    said = sentences()
    yield from _asked(document, finding)
    if case is not None:
        yield f"### {said('issue.seen')}"
        yield ""
        yield said("issue.expected", expected=uncalled(case.expected, LONGEST))
        yield ""
        yield said("issue.observed", observed=uncalled(case.observed, LONGEST))
        yield ""
        yield from _exchange(store, case)
    if finding.consequence:
        yield f"### {said('issue.why')}"
        yield ""
        yield said("issue.consequence", text=said(f"consequence_meaning.{finding.consequence}"))
        yield ""
    if finding.cure:
        yield f"### {said('issue.cure')}"
        yield ""
        yield uncalled(finding.cure, LONGEST)
        yield ""
    item = document.item
    server = " ".join(filter(None, (item.server_name, item.server_version)))
    yield said(
        "issue.end", server=code(server or said("export.no_model"), 200), models=code(", ".join(finding.models), 200),
        tool=code(f"{document.tester.name} {document.tester.version}", 200), run=code(document.run.id, 100),
        commit=code(document.catalogue.protocol_commit, 100),
    )  # fmt: skip


def _asked(document: Evidence, finding: Finding) -> Iterator[str]:
    said = sentences()
    clauses = [each for each in document.catalogue.clauses if each.id in finding.clauses]
    if not clauses:
        return
    yield f"### {said('issue.asked')}"
    yield ""
    for clause in clauses[:CLAUSES]:
        place = f"{clause.document}, {clause.section}" if clause.section else clause.document
        link = link_of(clause, document.catalogue.protocol_commit)
        where = f"[{markdown(place, 300)}]({link})" if link else uncalled(place, 300)
        yield f"> {uncalled(clause.text, LONGEST)} ({clause.level.upper()}, {where})"
        yield ""


def _exchange(store: Store, case: Counterexample) -> Iterator[str]:
    """How to repeat it, and what came back."""
    said, shown = sentences(), ExchangeReader(store).show(case.exchange, limit=MOST_BYTES)
    if shown is None:
        return
    for line in filter(None, (shown.curl, shown.grpcurl)):
        yield block(line, "sh")
        yield ""
    if case.replayed:
        yield seen_again(said, case.replayed)
        yield ""
    yield said("issue.sent")
    yield ""
    yield block(_message(shown.request), "http")
    yield ""
    if shown.response is not None:
        yield said("issue.came")
        yield ""
        yield block(_message(shown.response), "http")
        yield ""


def _message(view: MessageView) -> str:
    lines = [view.line, *(f"{name}: {value}" for name, value in view.headers)]
    if view.body_bytes:
        lines += ["", view.body]
    if view.truncated:
        lines.append(sentences()("issue.cut", bytes=view.body_bytes))
    return "\n".join(lines)
