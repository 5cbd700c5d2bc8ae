"""The sheet that pictures are drawn on: matplotlib, set so that the same numbers give the same bytes.

Nothing of the machine counts: no style file, no date, no random id, no font of the reader. Letters are outlines, so a
picture shows no text of a script that its font lacks; the table beside it does. Matplotlib is imported at the first
picture: it takes longer than a small page.
"""

from __future__ import annotations

import functools
import io
import math
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from reports.text.neutralise import visible
from reports.text.sentences import Sentences

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HALF = 7.2, 3.6
"""Inches from left to right, of which the screen shows a hundred pixels each; the half of it stands beside another."""
_KEY_LINE, _NARROW_KEY, _LONG_KEYS = 0.15, 7.0, 46
# The colours of Okabe and Ito, which people see apart whatever their sight; a mark or a hatch tells as much.
BLUE, VERMILION, ORANGE, GREEN = "#0072B2", "#D55E00", "#E69F00", "#009E73"
SKY, PURPLE, YELLOW = "#56B4E9", "#CC79A7", "#F0E442"
INK, QUIET, RULE, PAPER = "#1b1f24", "#565d66", "#d9dbde", "#ffffff"
_STYLE: dict[str, Any] = {
    "svg.hashsalt": "art15", "svg.fonttype": "path", "text.parse_math": False, "path.simplify": False,
    "font.family": ["DejaVu Sans"], "font.size": 8.0, "axes.labelsize": 8.0, "axes.titlesize": 8.0,
    "axes.edgecolor": QUIET, "axes.linewidth": 0.7, "axes.labelcolor": INK, "text.color": INK, "axes.axisbelow": True,
    "xtick.color": QUIET, "ytick.color": QUIET, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "axes.spines.top": False, "axes.spines.right": False, "grid.color": RULE, "grid.linewidth": 0.6,
    "legend.frameon": False, "legend.fontsize": 8.0, "legend.handlelength": 2.2, "legend.columnspacing": 1.4,
    "hatch.linewidth": 0.7, "lines.linewidth": 1.4, "axes.unicode_minus": True,
}  # fmt: skip
_LONG = re.compile(r"(\d*[1-9]\d*\.\d\d)\d+")
_LETTER = re.compile(r'<use xlink:href="#(DejaVuSans-\w+)" transform="translate\((\d[\d.]*) 0\)"/>')
_NOT_OURS = re.compile(r"(?s)<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>")


def drawn(
    height: float, draw: Callable[[Figure], object], said: Sentences | None = None, width: float = WIDTH
) -> bytes:
    """The picture, so many inches high, as SVG that refers to nothing outside of itself.

    With sentences, plain figures along its axes have the decimal sign of their language.
    """
    matplotlib = _loaded()
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        figure = Figure(figsize=(width, height), facecolor=PAPER)
        FigureCanvasSVG(figure)
        draw(figure)
        if said is not None and said("format.decimal") != ".":
            _write_figures(figure, said)
        made = io.BytesIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(made, format="svg", metadata=nothing)
    return _shortened(made.getvalue().decode()).encode()


def _shortened(text: str) -> str:
    """The same drawing in a third of the bytes, without what only matplotlib has a use for."""
    text = _LONG.sub(r"\1", _NOT_OURS.sub("", text))
    text = _LETTER.sub(r'<use href="#\1" x="\2"/>', text).replace("xlink:href", "href").replace("DejaVuSans-", "l")
    text = re.sub(r'<g id="\w+">', "<g>", text).replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    return re.sub(r"\s*\n\s*", "\n", text).strip() + "\n"


@functools.cache
def _loaded() -> Any:  # noqa: ANN401 -- the package, without the types of its settings
    """Matplotlib, which is kept from writing to the home and from looking for the machine's fonts.

    A home that cannot be written is no reason to have no pictures, and leave nothing there that nobody asked for.
    """
    ours = {"MPL_IGNORE_SYSTEM_FONTS": "1", "MPLBACKEND": "svg"}
    theirs = {name: os.environ.get(name) for name in (*ours, "MPLCONFIGDIR")}
    with tempfile.TemporaryDirectory(prefix="art15-fonts-") as folder:
        os.environ.update(ours, MPLCONFIGDIR=folder)
        try:
            import matplotlib.backends.backend_svg  # noqa: PLC0415 -- see above
        finally:
            for name, value in theirs.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
    return matplotlib


def _write_figures(figure: Figure, said: Sentences) -> None:
    from matplotlib.ticker import FuncFormatter, ScalarFormatter  # noqa: PLC0415

    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        if type(axis.get_major_formatter()) is ScalarFormatter:
            axis.set_major_formatter(FuncFormatter(lambda value, _: said.figure(value)))


def warm() -> None:
    """Import what a picture needs, so that a process forked from this one need not."""
    drawn(1.0, panel)


def panel(figure: Figure, *, left: float = 0.75, right: float = 0.15, above: float = 0.35, below: float = 0.5) -> Axes:
    """Axes with these margins, in inches."""
    width, height = figure.get_size_inches()
    return figure.add_axes((left / width, below / height, 1 - (left + right) / width, 1 - (above + below) / height))


def keyed(axes: Axes, columns: int = 4) -> None:
    """The key above the axes; of a narrow picture at its top, and the picture grows by all lines but the first."""
    figure = axes.get_figure(root=True)
    handles, words = axes.get_legend_handles_labels()
    if figure is None or figure.get_figwidth() == WIDTH:
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.2)
        return
    half = -(-len(words) // 2)
    longest = [max((len(each) for each in some), default=0) for some in (words[:half], words[half:])]
    columns = 2 if sum(longest) <= _LONG_KEYS else 1
    width, height = figure.get_size_inches()
    grown = height + _KEY_LINE * (-(-len(words) // columns) - 1)
    for each in figure.axes:
        place = each.get_position()
        each.set_position((place.x0, place.y0 * height / grown, place.width, place.height * height / grown))
    figure.set_size_inches(width, grown)
    figure.legend(
        handles, words, loc="upper left", bbox_to_anchor=(0.0, 1.0), ncols=columns, fontsize=_NARROW_KEY,
        borderaxespad=0.2, columnspacing=1.0,
    )  # fmt: skip


def label(words: str, signs: int = 40) -> str:
    """Words of somebody else as a picture can show them: one line, nothing hidden, beginning and end of long ones.

    Names often differ in their end alone.
    """
    shown = str(visible(" ".join(words.split())))
    if len(shown) > signs:
        end = (signs - 1) // 2
        shown = f"{shown[: signs - 1 - end]}…{shown[len(shown) - end :]}"
    return "".join(each if _has(each) else "\ufffd" for each in shown)


def _has(sign: str) -> bool:
    """Whether the font has it: letters of Europe, and some signs."""
    place = ord(sign)
    return 0x20 <= place < 0x250 or 0x370 <= place < 0x530 or sign in "–—‘’“”…‹›≤≥×�"


def room_for(words: Sequence[str]) -> float:
    """Inches that the longest of these takes, about."""
    return 0.2 + 0.068 * max((len(each) for each in words), default=0)


def decades(axis: Any, low: float, high: float, said: Callable[[float], str]) -> None:  # noqa: ANN401 -- either axis
    """Ticks by powers of ten between two ends of an axis, of a short one between them as well; each in words."""
    tens = [10.0**each for each in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
    steps = (1, 2, 5) if high / low < 300 else (1,)
    ticks = [step * each for each in tens for step in steps if low <= step * each <= high]
    if len(ticks) < 2:
        ticks = [low, high]
    axis.set_ticks(ticks, [said(each) for each in ticks])
    axis.set_ticks([], minor=True)
