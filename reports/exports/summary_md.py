"""``summary.md``: the result in a page of Markdown, for a comment on a change or the summary of a step of CI."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bundle.store import Store
from reports.evidence import Evidence, Finding
from reports.exports import Export
from reports.text.markdown import code, uncalled
from reports.text.sentences import sentences

# Characters of one sentence, findings in the table, and further rows.
LONGEST, MOST = 400, 20


def _summary(document: Evidence, _: Store) -> Iterator[bytes]:
    """Title, item, statements, counts, findings, and what is not shown."""
    yield ("\n".join(_lines(document)) + "\n").encode()


def _lines(document: Evidence) -> Iterator[str]:
    said, summary = sentences(), document.summary
    yield f"## {_text(document.report.title)}"
    yield ""
    models = ", ".join(code(model.name, 100) for model in document.item.models[:MOST])
    yield said("export.item", endpoint=code(document.item.authority, 200), models=models or said("export.no_model"))
    yield ""
    yield from (f"- {_text(text)}" for text in summary.statements)
    yield ""
    yield f"| {' | '.join(said(f'state.{name}') for name in summary.verdicts)} |"
    yield f"|{' --: |' * len(summary.verdicts)}"
    yield f"| {' | '.join(str(number) for number in summary.verdicts.values())} |"
    yield ""
    yield from _findings(summary.findings)
    yield from _not_shown(document)
    yield said("export.end", report=code(document.report.id, 100), run=code(document.run.id, 100))


def _findings(findings: list[Finding]) -> Iterator[str]:
    said = sentences()
    if not findings:
        return
    yield f"### {said('export.findings')}"
    yield ""
    heads = (said("export.verdict"), said("export.finding"), said("export.clauses"), said("export.checks"))
    yield f"| {' | '.join(heads)} |"
    yield "| --- | --- | --- | --- |"
    for each in findings[:MOST]:
        names = [", ".join(code(name, 100) for name in row[:3]) for row in (each.clauses, each.checks)]
        title = _text(each.title)
        cure = f"<br>{said('export.cure', cure=_text(each.cure))}" if each.cure else ""
        yield f"| {said(f'state.{each.verdict}')} | {title}{cure} | {names[0]} | {names[1]} |"
    if len(findings) > MOST:
        yield ""
        yield said("export.more", number=len(findings) - MOST)
    yield ""


def _not_shown(document: Evidence) -> Iterator[str]:
    if not document.silence:
        return
    yield f"<details><summary>{sentences()('export.not_shown')}</summary>"
    yield ""
    for row in document.silence:
        yield f"- **{_text(row.subject)}**: {_text(row.reason)}"
    yield ""
    yield "</details>"
    yield ""


def _text(text: str) -> str:
    return uncalled(text, LONGEST)


EXPORT = Export(
    form="markdown",
    name="summary.md",
    title="summary",
    about="The result in short, for a comment on a change or a summary of CI (Markdown)",
    make=_summary,
)
