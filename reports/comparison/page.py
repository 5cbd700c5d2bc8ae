"""The page of a history: one HTML file without script, which fetches nothing; the same bytes for the same runs."""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path

import jinja2

from reports.comparison.history import History
from reports.page import marks
from reports.text import formats
from reports.text.neutralise import visible
from reports.text.quoted import quoted
from reports.text.sentences import Sentences

_ROOM, _PAGE = Path(__file__).parent, Path(marks.__file__).parent


def history_page(said: Sentences, shown: History) -> bytes:
    """Render a history in a language."""
    environment = jinja2.Environment(
        # The style is that of the report, with a few lines of its own.
        loader=jinja2.FileSystemLoader([_ROOM / "templates", _PAGE / "static"]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["when"] = functools.partial(formats.when, said)
    environment.filters["q"] = functools.partial(quoted, said)
    environment.globals.update(t=said, marks=marks)
    style = "".join(
        environment.get_template(name).render(report_id="history") for name in ("report.css", "history.css")
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    text = environment.get_template("history.html.j2").render(h=shown, style=style, style_hash=digest)
    return text.encode() + b"\n"
