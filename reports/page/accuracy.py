"""Accuracy as the page shows it: declared levels apart from what was only measured, groups and scores as pictures."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from harness.bundle.accuracy import AccuracyRecord, MetricSeen
from reports.document.sums import bounded_bins
from reports.evidence import Evidence
from reports.pictures.accuracy import BinView, groups_picture, reliability_picture
from reports.pictures.album import Album
from reports.pictures.picture import Picture
from reports.text.sentences import Sentences


@dataclass(frozen=True, slots=True)
class AccuracyView:
    """One table of labelled data.

    Attributes:
        declared: metrics that a level is declared for.
        measured: all others.
        groups: a picture for each metric that was measured by group.
        reliability: what scores say against what is right.
    """

    data: AccuracyRecord
    anchor: str
    declared: list[MetricSeen]
    measured: list[MetricSeen]
    groups: tuple[Picture, ...]
    bins: tuple[BinView, ...]
    reliability: Picture | None


def accuracies(said: Sentences, document: Evidence, album: Album) -> list[AccuracyView]:
    """Every table, in the order of the document."""
    views = []
    for number, record in enumerate(document.accuracy, 1):
        anchor = f"accuracy-{number}"
        bins = tuple(BinView(each, bounds) for each, bounds in bounded_bins(record))
        views.append(
            AccuracyView(
                data=record,
                anchor=anchor,
                declared=[each for each in record.metrics if each.limit is not None],
                measured=[each for each in record.metrics if each.limit is None],
                groups=_by_group(said, record, anchor, album),
                bins=bins,
                reliability=_reliability(said, bins, f"{anchor}-reliability", album),
            )
        )
    return views


def _by_group(said: Sentences, record: AccuracyRecord, anchor: str, album: Album) -> tuple[Picture, ...]:
    by_metric: dict[tuple[str, str], list[MetricSeen]] = {}
    for each in record.metrics:
        by_metric.setdefault((each.metric, each.about), []).append(each)
    pictures = []
    for number, seen in enumerate(by_metric.values(), 1):
        name = f"{anchor}-groups-{number}"
        whole = next((each for each in seen if each.group is None), None)
        if whole is not None:
            make = functools.partial(groups_picture, said, whole, seen, name)
            pictures.append(album.take(name, make))
    return tuple(each for each in pictures if each is not None)


def _reliability(said: Sentences, bins: tuple[BinView, ...], name: str, album: Album) -> Picture | None:
    return album.take(name, lambda: reliability_picture(said, bins, name)) if bins else None
