"""Where a model comes from: the places from registry to log entry, and what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.bundle.provenance import LinkState, Place
from reports.pictures import canvas
from reports.pictures.picture import Picture
from reports.text.sentences import Sentences

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Face, width and dashes of the frame, and a sign that the font has.
_LOOKS: dict[LinkState | None, tuple[str, float, str, str]] = {
    "verified": ("#d6ebf7", 1.6, "-", "✓"),
    "computed": ("#eef6fb", 1.0, "-", "="),
    "claimed": (canvas.PAPER, 1.0, "--", "“”"),
    "missing": ("#fdf0d2", 1.6, ":", "–"),
    "contradicted": ("#fbdccb", 2.4, "-", "✗"),
    None: (canvas.PAPER, 0.6, ":", "·"),
}
_BOX, _STEP = 1.16, 1.485


def chain_picture(
    said: Sentences, name: str, model: str, places: Sequence[tuple[Place, LinkState | None, int]]
) -> Picture:
    """The chain of one model: of each place the state to be seen first, and how many things are known of it."""
    words = [(said(f"link_place.{place}"), said(f"link_state.{state or 'unseen'}")) for place, state, _ in places]

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, canvas.WIDTH)
        axes.set_ylim(0, 0.8)
        axes.axis("off")
        for at, ((place, known), (_, state, _)) in enumerate(zip(words, places, strict=True)):
            face, width, dashes, sign = _LOOKS[state]
            left = 0.05 + at * _STEP
            x, y = [left, left + _BOX, left + _BOX, left, left], [0.08, 0.08, 0.72, 0.72, 0.08]
            axes.fill(x, y, facecolor=face, edgecolor="none")
            axes.plot(x, y, color=canvas.INK, linewidth=width, linestyle=dashes)
            axes.text(left + _BOX / 2, 0.53, place, ha="center", va="center", fontsize=9)
            axes.text(left + _BOX / 2, 0.27, f"{sign} {known}", ha="center", va="center", fontsize=8)
            if at:
                arrow = {"arrowstyle": "->", "color": canvas.INK, "linewidth": 0.9}
                axes.annotate("", (left - 0.04, 0.4), (left - _STEP + _BOX + 0.04, 0.4), arrowprops=arrow)

    return Picture(
        name=name,
        title=said("picture.chain", model=model),
        told=said("picture.chain_told", places=[f"{place}: {known}" for place, known in words]),
        columns=(said("picture.place"), said("picture.state"), said("picture.known")),
        rows=tuple((*both, str(number)) for both, (_, _, number) in zip(words, places, strict=True)),
        svg=canvas.drawn(0.8, draw),
    )
