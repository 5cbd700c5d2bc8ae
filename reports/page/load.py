"""Load as the page shows it: for each check what its runs came to, and a picture for each question."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from harness.bundle.series import LoadSeries
from reports.document.sums import stretches
from reports.pictures.album import Album
from reports.pictures.load import latency_picture, rates_of, rates_picture
from reports.pictures.picture import Picture
from reports.pictures.timeline import columns_of, is_ours, over_time, row_of
from reports.text.formats import span
from reports.text.quoted import translated
from reports.text.sentences import Sentences

# Checks with pictures.
_MOST = 24


@dataclass(frozen=True, slots=True)
class LoadView:
    """The runs of one check on one model over one transport, or one that locust made by hand."""

    runs: tuple[LoadSeries, ...]
    title: str
    sentences: tuple[tuple[str, str], ...]
    pictures: tuple[Picture, ...]


def loads(said: Sentences, series: Sequence[Mapping[str, Any]], album: Album) -> list[LoadView]:
    """A view for each check, in the order of the document; what cannot be read as a run is passed over."""
    groups: dict[tuple[str | None, str, str], list[LoadSeries]] = {}
    for each in series:
        with contextlib.suppress(msgspec.ValidationError):
            run = msgspec.convert(each, LoadSeries)
            run = msgspec.structs.replace(run, name=translated(said, run.name))
            groups.setdefault((run.check, run.model, run.transport), []).append(run)
    return [_view(said, runs, f"load-{number}", album) for number, runs in enumerate(groups.values(), 1)]


def _view(said: Sentences, runs: Sequence[LoadSeries], name: str, album: Album) -> LoadView:
    first = runs[0]
    about = (first.check or first.name).partition("[")[0]
    title = said("plot.title", name=about, model=first.model, transport=_transport(first))
    told = tuple((run.name, said(_kind(run), verdict=run.verdict, reason=translated(said, run.reason))) for run in runs)
    if int(name.rpartition("-")[2]) > _MOST:
        return LoadView(tuple(runs), title, told, ())
    found = [album.take(f"{name}-rates", lambda: rates_picture(said, f"{name}-rates", about, runs))]
    if found[0] is None:
        found.append(album.take(f"{name}-times", lambda: latency_picture(said, f"{name}-times", about, runs)))
    found.append(album.take(f"{name}-over-time", lambda: _over_time(said, f"{name}-over-time", about, runs)))
    return LoadView(tuple(runs), title, told, tuple(each for each in found if each is not None))


def _over_time(said: Sentences, name: str, about: str, runs: Sequence[LoadSeries]) -> Picture | None:
    """The run with most stages, and of those the longest; None for a search, whose runs are even."""
    drawable = [each for each in runs if is_ours(each.points)]
    if rates_of(runs) or not drawable:
        return None
    run = max(drawable, key=lambda each: (len(each.stages), each.points.step_s * len(each.points.planned)))
    points = run.points
    seconds = points.step_s * len(points.planned)
    rows = [
        row_of(said, said("picture.part", number=at), points, begin, end)
        for at, (begin, end) in enumerate(stretches(points), 1)
    ]
    counts = {"offered": sum(points.planned), "answered": sum(points.ok), "bad": sum(points.failed)}
    return Picture(
        name=name,
        title=said("picture.over_time", about=about, run=run.name),
        told=said("picture.over_time_told", seconds=span(said, seconds), **counts),
        columns=columns_of(said),
        rows=tuple(row for row in rows if row is not None),
        svg=over_time(said, points),
    )


def _kind(run: LoadSeries) -> str:
    return "plot.open" if run.loop == "open" else "plot.closed"


def _transport(run: LoadSeries) -> str:
    return "grpc" if run.transport == "grpc" else "rest"
