"""The chain of a model on the page: every state of a link, in a picture and a table; hostile words harm nobody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from harness.bundle.exchange import NOT_KEPT
from harness.bundle.provenance import LinkState, Place, ProvenanceChain, ProvenanceLink
from reports.evidence import decode
from reports.page.provenance import MARKS, PLACES, chains
from reports.page.render import ANNEX, render
from reports.pictures.album import Album
from reports.text.sentences import sentences
from reports.verification.provenance_checks import provenance_contradictions
from tests.reports.reading import Page


def link(place: Place, about: str, state: LinkState, **more: str) -> ProvenanceLink:
    return ProvenanceLink(place=place, about=about, state=state, **more)


def chain(*links: ProvenanceLink, transport: str = "rest") -> ProvenanceChain:
    return ProvenanceChain(check="c", model="m", transport=transport, links=list(links))


def test_of_each_place_the_worst_is_shown() -> None:
    (view,) = chains(sentences(), [chain(link("endpoint", "a", "verified"), link("endpoint", "b", "contradicted"),
                            link("artefact", "a", "computed"))], Album())  # fmt: skip
    assert view.picture is not None
    assert view.picture.rows == (
        ("Registry", "not looked at", "0"), ("Artefact", "computed", "1"), ("Endpoint", "contradicted", "2"),
        ("Answer", "not looked at", "0"), ("Log entry", "not looked at", "0"),
    )  # fmt: skip
    assert [row[1].place for row in view.rows] == ["artefact", "endpoint", "endpoint"]


def test_what_was_verified_is_no_mere_claim_any_more() -> None:
    said = link("endpoint", "a", "claimed")
    (view,) = chains(
        sentences(), [chain(said), chain(link("endpoint", "a", "verified")), chain(said, transport="grpc")], Album()
    )
    assert [(way, each.state) for way, each in view.rows] == [("rest", "verified"), ("grpc", "claimed")]


def test_every_state_has_a_mark_and_every_place_a_box() -> None:
    assert set(MARKS) == {*get_args(LinkState)}
    assert get_args(Place) == PLACES
    assert len(set(MARKS.values())) == len(MARKS)


def test_the_page_shows_the_chain_and_escapes_what_was_claimed(sealed: Path) -> None:
    document = json.loads((sealed / "evidence.json").read_bytes())
    row = {"place": "endpoint", "about": "model.digest", "state": "claimed", "claimed": "<script>x</script>",
           "found": "", "words": "the metadata"}  # fmt: skip
    document["provenance"] = [{"check": "c", "model": "<b>m", "transport": "rest", "links": [row]}]
    html = render(json.dumps(document).encode())[ANNEX].decode()
    page = Page(html)
    assert "&lt;script&gt;x" in html
    assert "<b>m" not in html
    assert "Registry: not looked at, Artefact: not looked at, Endpoint: claimed" in page.words
    assert all(table.captions == 1 and table.headers and not table.unscoped for table in page.tables)


A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (link("endpoint", "model.digest", "verified", claimed=A, found=B), "not what is claimed"),
        (link("endpoint", "model.digest", "contradicted", claimed=A, found=A), "is what is claimed"),
        (link("registry", "model.digest", "verified", claimed=A, found=f"{B}, sha256:0"), "not what is claimed"),
        (link("artefact", "model.digest", "computed"), "nothing was found"),
    ],
)
def test_a_state_that_does_not_follow_is_named(made: ProvenanceLink, told: str) -> None:
    (found,) = provenance_contradictions([chain(made)], [])
    assert told in found


def test_what_was_not_kept_contradicts_nothing() -> None:
    withheld = (link("endpoint", "model.digest", state, claimed=NOT_KEPT, found=NOT_KEPT)
                for state in ("contradicted", "verified"))  # fmt: skip
    assert list(provenance_contradictions([chain(*withheld)], [])) == []


def test_right_links_contradict_nothing_and_no_check_passes_with_a_broken_one(sealed: Path) -> None:
    right = chain(
        link("endpoint", "model.digest", "verified", claimed=A, found=A),
        link("endpoint", "model.digest", "contradicted", claimed=A, found=B),
        link("registry", "model.digest", "contradicted", claimed=A, found=f"{B}, {A}"),
        link("registry", "model.registry", "verified", claimed="oci://r/m:1", found=B),
        link("log", "request.id", "missing"),
    )
    assert not list(provenance_contradictions([right], []))
    checks = decode((sealed / "evidence.json").read_bytes()).checks
    passed = next(check.id for check in checks if check.verdict == "pass")
    broken = ProvenanceChain(check=passed, model="m", transport="rest", links=[link("log", "request.id", "missing")])
    (found,) = provenance_contradictions([broken], checks)
    assert "its check passed" in found
