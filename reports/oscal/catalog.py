"""The catalogue: the duties of Article 15 as controls, and one for the protocol."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bundle.store import Store
from reports.evidence import DutyRow, Evidence
from reports.oscal.form import PROTOCOL, Node, metadata, props, prose, sealed, token
from reports.text.sentences import sentences


def catalog(document: Evidence, _: Store) -> Iterator[bytes]:
    """A group for each paragraph, with a control for each duty."""
    said = sentences()
    paragraphs = dict.fromkeys(duty.paragraph for duty in document.duties)
    groups: list[Node] = [
        {
            "id": token(f"paragraph-{paragraph}"),
            "title": prose(said("export.paragraph", paragraph=paragraph)),
            "controls": [_control(duty) for duty in document.duties if duty.paragraph == paragraph],
        }
        for paragraph in paragraphs
    ]
    protocol: Node = {
        "id": PROTOCOL,
        "title": said("export.protocol"),
        "props": props(commit=document.catalogue.protocol_commit),
        "parts": [{"id": f"{PROTOCOL}_smt", "name": "statement", "prose": said("export.protocol_statement")}],
    }
    body = {"metadata": metadata(document, said("export.catalog")), "groups": groups, "controls": [protocol]}
    yield from sealed("catalog", body)


def _control(duty: DutyRow) -> Node:
    name = token(duty.id.lower())
    guidance = sentences()("export.guidance", can=duty.can_show, cannot=duty.cannot_show)
    return {
        "id": name,
        "title": prose(duty.text),
        "props": [{"name": "label", "value": duty.id}, *props(force=duty.force, paragraph=duty.paragraph)],
        "parts": [
            {"id": f"{name}_smt", "name": "statement", "prose": prose(duty.hook)},
            {"id": f"{name}_gdn", "name": "guidance", "prose": prose(guidance)},
        ],
    }
