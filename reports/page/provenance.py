"""Where a model comes from as the page shows it: the chain from registry to log, and all that is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from harness.bundle.provenance import LinkState, Place, ProvenanceChain, ProvenanceLink
from reports.pictures.album import Album
from reports.pictures.chain import chain_picture
from reports.pictures.picture import Picture
from reports.text.sentences import Sentences

PLACES: tuple[Place, ...] = get_args(Place)
STATES: tuple[LinkState, ...] = ("contradicted", "missing", "claimed", "computed", "verified")
"""The one that a reader wants to see first in front."""
MARKS: dict[LinkState, str] = {
    "contradicted": "✗", "missing": "–", "claimed": "“", "computed": "=", "verified": "✓",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChainView:
    """All that the checks know of one model, over whichever transport."""

    model: str
    picture: Picture | None
    rows: tuple[tuple[str, ProvenanceLink], ...]


def chains(said: Sentences, found: Sequence[ProvenanceChain], album: Album) -> list[ChainView]:
    """A chain for each model, in the order of the document."""
    views = []
    for number, model in enumerate(dict.fromkeys(each.model for each in found), 1):
        told = [(each.transport, link) for each in found if each.model == model for link in each.links]
        # What was held against something is more than the same claim alone.
        known = {(way, link.place, link.about) for way, link in told if link.state in ("verified", "contradicted")}
        rows = [
            (way, link)
            for way, link in dict.fromkeys(told)
            if link.state != "claimed" or (way, link.place, link.about) not in known
        ]
        ordered = tuple(sorted(rows, key=lambda row: PLACES.index(row[1].place)))
        picture = album.take(f"chain-{number}", lambda: _picture(said, f"chain-{number}", model, ordered))  # noqa: B023
        views.append(ChainView(model, picture, ordered))
    return views


def _picture(said: Sentences, name: str, model: str, rows: Sequence[tuple[str, ProvenanceLink]]) -> Picture:
    by_place = {place: [link for _, link in rows if link.place == place] for place in PLACES}
    return chain_picture(said, name, model, [(each, _worst(links), len(links)) for each, links in by_place.items()])


def _worst(links: Sequence[ProvenanceLink]) -> LinkState | None:
    return next((state for state in STATES if any(link.state == state for link in links)), None)
