"""Attacks as the page draws them: how near they come with queries, and radii that hold for how many samples."""

from __future__ import annotations

from harness.bundle.attacks import AttackSeen, CertifiedSeen
from reports.page.charts import Chart, Curve, Tick, across, bound, pieces, pixel, ticks, upright_by_tens, upright_share
from reports.text.sentences import Sentences


def attack_chart(said: Sentences, seen: AttackSeen, name: str) -> Chart | None:
    """The median distance after so many queries; None where fewer than two of them are known."""
    known = [each for each in seen.curve if each.median is not None]
    medians = [each.median for each in known if each.median]
    if len(medians) < 2:
        return None
    # Steps of the ladder, as far from each other as they are: they double.
    x = across(len(seen.curve) - 1 + 0.3, -0.3)
    y = upright_by_tens(min([*medians, seen.limit or medians[0]]), max([*medians, seen.limit or medians[0]]))
    places = [(n, each.median) for n, each in enumerate(seen.curve) if each.median]
    return Chart(
        name=name,
        title=said("attacks.chart", title=seen.title),
        told=said(
            "attacks.told",
            first=said.figure(medians[0], 4),
            last=said.figure(medians[-1], 4),
            queries=str(known[-1].queries),
        ),
        along=said("attacks.along"),
        rows=ticks(said, y),
        columns=tuple(Tick(pixel(x.at(n)), str(each.queries)) for n, each in enumerate(seen.curve)),
        curves=(Curve(pieces(places, 1.5, x, y), "share", said("attacks.median")),),
        bounds=() if seen.limit is None else (bound(y, seen.limit, said("attacks.limit", limit=seen.limit)),),
    )


def radius_chart(said: Sentences, seen: CertifiedSeen, name: str) -> Chart | None:
    """For which share of the samples a radius is certified; None where there is none."""
    if len(seen.curve) < 2 or not seen.samples:
        return None
    x, y = across(seen.curve[-1].radius), upright_share()
    places = [(each.radius, each.certified / seen.samples) for each in seen.curve]
    least = None if seen.share is None else seen.share.limit
    return Chart(
        name=name,
        title=said("attacks.radii"),
        told=said(
            "attacks.radii_told", radius=said.figure(seen.curve[-1].radius, 4), certified=str(seen.curve[-1].certified)
        ),
        along=said("attacks.radius"),
        rows=ticks(said, y),
        columns=tuple(Tick(pixel(x.at(each)), said.figure(each, 3)) for each in x.ticks()),
        curves=(Curve(pieces(places, float("inf"), x, y), "share", said("attacks.certified")),),
        bounds=() if least is None else (bound(y, least, said("attacks.least", limit=least)),),
    )
