"""A finished bundle in which every word that an endpoint has a say in is hostile."""

from __future__ import annotations

from pathlib import Path

from reports.bundle import finish
from reports.evidence import PlannedCheck
from tests.reports import factory

EVIL = (
    "=cmd|' /C calc'!A1",
    '</script><script>alert(1)</script><img src=x onerror="x">',
    "[click](javascript:alert(1)) ![x](http://evil.example/x.png) <http://evil.example> https://a.test www.a.test",
    "@everyone fixes #1 GH-2 | a | b |\n\n# heading\n```\nfence\n- item",
    "user\u202enimda \u200bzero\ufeff \x1b[31mred\x1b]0;title\x07 \x00 \x85 \ud800 \ufffe",
    "@SUM(1+1)*cmd;=1+1;\t+2",
    "-2+3 ' \" \\ & ]]> %s ${x} {{y}}",
    "m" * (2 << 20),
    " ",
    "",
)


def words(at: int) -> str:
    """One of them, as a journal can hold it: a lone surrogate is none of its characters."""
    return EVIL[at % len(EVIL)].replace("\ud800", "?")


def finished(folder: Path) -> Path:
    """A run of one failed check for each of them, on models that are called so."""
    slugs = [f"rest-evil-{at}" for at in range(len(EVIL))]
    planned = [
        PlannedCheck(
            slug=slug, suite="conformance", clauses=["REST-RESP-04"], duties=["A15-4-d"], criterion=words(at),
            kind="direct", per="model", needs=[],
        )
        for at, slug in enumerate(slugs)
    ]  # fmt: skip
    bundle = factory.start(folder, factory.plan(planned))
    for at, slug in enumerate(slugs):
        evil = words(at)
        shown = bundle.exchange(b"{}", evil.encode(), status=500, headers=[["x-evil", evil[:1000]]])
        case = factory.counterexample(f"evil-{at}", ["REST-RESP-04"], shown, expected=evil, observed=evil)
        line = factory.check(
            slug,
            "fail",
            title=evil,
            model=evil[:900],
            reason=evil,
            observed=evil,
            criterion=evil,
            clauses=[("REST-RESP-04", "must", "fail")],
            counterexamples=[case],
        )
        bundle.journal.append("check", line | {"id": f"{slug}[{evil[:900]}]"})
    factory.identity(bundle, "middle")
    factory.identity(bundle, "end")
    bundle.journal.append("deviation", {"text": words(4)})
    bundle.journal.append("close", {"exit_code": 1})
    bundle.journal.close()
    finish(folder)
    return folder
