"""What the documents of OSCAL share: identities, properties, text, metadata, controls.

Source: https://pages.nist.gov/OSCAL/, JSON format reference, version 1.2.1.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from reports.evidence import Evidence
from reports.text.ascii import ascii_json, shown
from reports.text.markdown import cut, markdown
from reports.text.sentences import sentences

VERSION = "1.2.1"
# No page: a name within a domain that is nobody's (RFC 2606).
SPACE = "http://art15.invalid/ns/oscal"
CATALOG, PLAN, RESULTS = "oscal-catalog.json", "oscal-assessment-plan.json", "oscal-assessment-results.json"
# The control of checks that serve no duty: the protocol itself.
PROTOCOL = "oip"
# Characters of what somebody else wrote.
LONGEST = 1000
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, SPACE)
_NO_TOKEN = re.compile(r"[^A-Za-z0-9_.-]")

Node = dict[str, Any]


def identity(*names: str) -> str:
    """A UUID of version 5: the same names give the same one."""
    return str(uuid.uuid5(_NAMES, "\0".join(name.encode("utf-8", "replace").decode() for name in names)))


def token(text: str) -> str:
    """The text as an identifier."""
    clean = _NO_TOKEN.sub("-", text)
    return clean if clean[:1].isalpha() else f"_{clean}"


def prose(text: str, most: int = LONGEST) -> str:
    """Text that is shown as it is: OSCAL reads Markdown in titles and descriptions."""
    return markdown(text, most).strip() or "-"


def props(**values: str) -> list[Node]:
    """Properties of ours; a value is one line."""
    rows = ((name, cut(value, LONGEST).strip()) for name, value in values.items())
    return [{"name": name.replace("_", "-"), "ns": SPACE, "value": value} for name, value in rows if value]


def metadata(document: Evidence, title: str) -> Node:
    """Title, dates and people; who is not stated is left out."""
    report = document.report
    people = [
        ("customer", sentences()("export.customer"), report.customer),
        ("operator", sentences()("export.operator"), report.operator),
        *(("responsible", sentences()("export.responsible"), name) for name in report.responsible),
    ]
    made: Node = {
        "title": prose(title),
        "last-modified": report.issued,
        "version": cut(report.id, LONGEST),
        "oscal-version": VERSION,
        "props": props(run=document.run.id, tool=f"{document.tester.name} {document.tester.version}"),
    }
    named = [(role, title, cut(name, LONGEST).strip()) for role, title, name in people if name and name.strip()]
    if named:
        titles = {role: title for role, title, _ in named}
        made["roles"] = [{"id": role, "title": title} for role, title in titles.items()]
        parties = {name: identity(document.run.id, "party", name) for _, _, name in named}
        made["parties"] = [{"uuid": each, "type": "person", "name": name} for name, each in parties.items()]
        made["responsible-parties"] = [
            {"role-id": role, "party-uuids": [parties[name] for other, _, name in named if other == role]}
            for role in titles
        ]
    return made


def control_of(duties: Iterable[str]) -> str:
    """The control that a check of these duties serves: the first of them, or the protocol."""
    first = next(iter(duties), None)
    return token(first.lower()) if first is not None else PROTOCOL


def reviewed(controls: Iterable[str]) -> Node:
    """The controls that are looked at, all of our catalogue."""
    chosen = [{"control-id": name} for name in dict.fromkeys(controls)]
    selection: Node = {"include-controls": chosen} if chosen else {"include-all": {}}
    return {"links": [{"href": CATALOG, "rel": "reference"}], "control-selections": [selection]}


def sealed(kind: str, body: Node) -> Iterator[bytes]:
    """The bytes of a document, whose UUID is that of its content."""
    body = shown(body)
    content = json.dumps(body, ensure_ascii=True, sort_keys=True, allow_nan=False)
    whole = {kind: {"uuid": identity(kind, content), **body}}
    yield ascii_json(whole)
