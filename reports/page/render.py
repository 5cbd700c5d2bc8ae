"""``report.html`` and ``annex.html``: without script, and functions of the bytes of ``evidence.json`` alone."""

from __future__ import annotations

import base64
import bisect
import functools
import hashlib
import re
from pathlib import Path
from typing import Any

import jinja2

from reports.evidence import decode
from reports.exports import exports
from reports.page import first_screen, marks, messages, sources, view
from reports.page import provenance as chaining
from reports.page.parts import Scale
from reports.page.short import short
from reports.pictures import canvas
from reports.pictures.album import Album
from reports.pictures.shares import drawn_in
from reports.text import formats
from reports.text.neutralise import visible
from reports.text.quoted import all_quoted, quoted, translated
from reports.text.sentences import DEFAULT, asked_for, begun, sentences

REPORT, ANNEX = "report.html", "annex.html"
SIZE_AIM = 2_000_000
# The first scale that keeps the aim is taken; each holds less than the one before.
_SCALES = (
    Scale(characters=800_000, findings=60, cards=None),
    Scale(characters=400_000, findings=60, cards=None),
    Scale(characters=150_000, findings=60, cards=None),
    Scale(characters=60_000, findings=40, cards=400, repetitions=2),
    Scale(characters=60_000, findings=30, cards=150, drills=10, repetitions=2),
    Scale(characters=0, findings=20, cards=40, drills=5, repetitions=1),
)
# Bytes of the shortest card of a check, and the first scale that does not show all of them.
_LEAST_CARD = 500
_NOT_ALL_CARDS = next(place for place, scale in enumerate(_SCALES) if scale.cards is not None)
_ROOM = Path(__file__).parent
_FILTERS = ["when", "number", "figure", "octets", "short", "transports", "policy_rows", "seen_again", "seconds", "span"]


@functools.cache
def _environment(language: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([_ROOM / "templates", _ROOM / "static"]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=visible,  # on every value, before escaping: no template can forget it
        trim_blocks=True,
        lstrip_blocks=True,
    )
    said = sentences(language)
    for name in _FILTERS:
        environment.filters[name] = functools.partial(getattr(formats, name), said)
    environment.filters["q"] = functools.partial(quoted, said)
    environment.filters["all_q"] = functools.partial(all_quoted, said)
    environment.filters["begun"] = begun
    environment.filters["drawn"] = functools.partial(drawn_in, said)
    environment.filters["say"] = functools.partial(translated, said)
    environment.globals.update(
        t=said, marks=marks, view=view, first_screen=first_screen, messages=messages, exports=exports,
        sources=sources, chaining=chaining,
    )  # fmt: skip
    environment.globals["stale"] = formats.stale
    return environment


def warm() -> None:
    """Compile the templates and load what pictures need now, so that a process forked from this one need not."""
    environment = _environment(DEFAULT)
    for name in environment.list_templates(extensions=["j2", "css"]):
        environment.get_template(name)
    canvas.warm()


def render(evidence_bytes: bytes, language: str | None = None) -> dict[str, bytes]:
    """The report and its annex of an ``evidence.json``, by name; the same bytes for the same bytes and language.

    Args:
        language: its code; without it, the one that the run was asked for.

    Raises:
        msgspec.DecodeError: the bytes are no evidence document.
        reports.text.sentences.SentenceError: there is no such language.
    """
    document = decode(evidence_bytes)
    digest = hashlib.sha256(evidence_bytes).hexdigest()
    said = sentences(language or asked_for(document.run.config_given))
    album = Album()
    made = functools.cache(lambda place: _annex(view.view(document, said, digest, _SCALES[place], album)))
    # Of a run of thousands of checks each annex takes seconds: not all of them are made.
    place = _NOT_ALL_CARDS if len(document.checks) * _LEAST_CARD > SIZE_AIM else 0
    if len(made(place)) > SIZE_AIM:
        last = len(_SCALES) - 1
        place = bisect.bisect_left(range(last), True, lo=place + 1, key=lambda each: len(made(each)) <= SIZE_AIM)
    return {REPORT: _report(view.view(document, said, digest, _SCALES[place], album)), ANNEX: made(place)}


def _report(shown: view.View) -> bytes:
    return _rendered("report.html.j2", shown, ANNEX, _title(shown), r=short(shown))


def _annex(shown: view.View) -> bytes:
    return _rendered("annex.html.j2", shown, "", shown.said("document.annex", title=_title(shown)))


def _title(shown: view.View) -> str:
    return translated(shown.said, shown.document.report.title)


def _rendered(template: str, shown: view.View, base: str, heading: str, **more: object) -> bytes:
    """One of the two; links to parts of the annex begin with ``base``."""
    environment = _environment(shown.said.code)
    # The id stands inside the style sheet (page margins), where escaping for HTML does not help.
    in_style: dict[str, Any] = {"report_id": re.sub(r"[^A-Za-z0-9._-]", "-", shown.document.report.id)[:64]}
    style = environment.get_template("report.css").render(in_style)
    style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = environment.get_template(template).render(
        v=shown, e=shown.document, style_hash=style_hash, clauses=shown.clause_by_id, base=base, heading=heading,
        **in_style, **more,
    )  # fmt: skip
    return page.encode() + b"\n"
