"""What a run knows of where a model comes from: one link for each thing that is said or computed of it."""

from __future__ import annotations

from typing import Literal

from harness.bundle.events import JournalEvent
from harness.bundle.parts import Part

Place = Literal["registry", "artefact", "endpoint", "answer", "log"]
LinkState = Literal["verified", "computed", "claimed", "missing", "contradicted"]


class ProvenanceLink(Part, frozen=True, kw_only=True):
    """One thing of the chain from registry to log.

    ``state``: *claimed* was only said; *computed* was computed by the tester and is held against nothing; *verified*
    was computed, or looked up, and is what was claimed; *contradicted* is not what was claimed; *missing* was looked
    for and is not there. ``about`` is the claim, such as ``model.digest``.
    """

    place: Place
    about: str
    state: LinkState
    claimed: str = ""
    found: str = ""
    words: str = ""


class ProvenanceChain(Part, frozen=True, kw_only=True):
    """The links of one model over one transport, as one check knows them."""

    check: str | None = None
    model: str
    transport: str
    links: list[ProvenanceLink] = []


class ProvenanceSeen(JournalEvent, frozen=True, kw_only=True):
    """``provenance``: links of the chain of one model, and the check that asked."""

    kind_of_line = "provenance"
    check: str | None = None
    chain: ProvenanceChain
