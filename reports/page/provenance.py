"""Where a model comes from as the page shows it: the chain from registry to log, and what is known of each link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from harness.bundle.provenance import LinkState, Place, ProvenanceChain, ProvenanceLink

PLACES: tuple[Place, ...] = get_args(Place)
STATES: tuple[LinkState, ...] = ("contradicted", "missing", "claimed", "computed", "verified")
"""The one that a reader wants to see first in front."""
MARKS: dict[LinkState | None, str] = {
    "contradicted": "✗", "missing": "–", "claimed": "“", "computed": "=", "verified": "✓", None: "·",
}  # fmt: skip
BOX, STEP, HEIGHT = 116, 146, 64
WIDTH = STEP * (len(PLACES) - 1) + BOX


@dataclass(frozen=True, slots=True)
class PlaceView:
    """One place of the picture, its left edge in pixels; ``state`` is None where nobody looked."""

    place: Place
    state: LinkState | None
    x: int

    @property
    def mark(self) -> str:
        """What tells states apart without colour."""
        return MARKS[self.state]


@dataclass(frozen=True, slots=True)
class ChainView:
    """All that the checks know of one model, over whichever transport."""

    model: str
    name: str
    places: tuple[PlaceView, ...]
    rows: tuple[tuple[str, ProvenanceLink], ...]


def chains(found: Sequence[ProvenanceChain]) -> list[ChainView]:
    """A chain for each model, in the order of the document."""
    views = []
    for number, model in enumerate(dict.fromkeys(each.model for each in found), 1):
        said = [(each.transport, link) for each in found if each.model == model for link in each.links]
        # What was held against something is more than the same claim alone.
        known = {(way, link.place, link.about) for way, link in said if link.state in ("verified", "contradicted")}
        rows = [
            (way, link)
            for way, link in dict.fromkeys(said)
            if link.state != "claimed" or (way, link.place, link.about) not in known
        ]
        worst = {place: _worst([link for _, link in rows if link.place == place]) for place in PLACES}
        places = tuple(PlaceView(place, worst[place], STEP * at) for at, place in enumerate(PLACES))
        ordered = tuple(sorted(rows, key=lambda row: PLACES.index(row[1].place)))
        views.append(ChainView(model, f"chain-{number}", places, ordered))
    return views


def _worst(links: Sequence[ProvenanceLink]) -> LinkState | None:
    return next((state for state in STATES if any(link.state == state for link in links)), None)
