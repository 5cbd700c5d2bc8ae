"""What was and was not shown: clauses by subject, duties by paragraph, and what the searches drew, each by count."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from reports.evidence import ClauseRow, DutyRow
from reports.pictures import canvas
from reports.pictures.picture import Picture
from reports.text.sentences import Sentences

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW, _MOST_ROWS, _FEW_ROWS = 0.2, 40, 7
# Colour and hatch, so that states differ on paper of one colour as well.
_LOOKS = {
    "broke": (canvas.VERMILION, "////"),
    "warn": (canvas.ORANGE, "\\\\\\\\"),
    "undecided": (canvas.YELLOW, "----"),
    "held": (canvas.BLUE, ""),
    "not_applicable": (canvas.RULE, ""),
    "not_tested": (canvas.PAPER, ""),
    "contradicted": (canvas.VERMILION, "////"),
    "inconclusive": (canvas.YELLOW, "----"),
    "supported": (canvas.BLUE, ""),
    "not_testable_from_outside": (canvas.RULE, "||||"),
    "declared_not_applicable": (canvas.RULE, ""),
}
_DUTIES = (
    *("contradicted", "inconclusive", "supported", "not_tested", "not_testable_from_outside"),
    "declared_not_applicable",
)
_CLAUSES = ("broke", "warn", "undecided", "held", "not_tested", "not_applicable")
_STATE_OF = {
    "fail": "broke", "warn": "warn", "pass": "held", "not_applicable": "not_applicable", "inconclusive": "undecided",
    "tool_error": "undecided", "untestable": "undecided", None: "not_tested",
}  # fmt: skip
_VALUES = re.compile(r"(BOOL|U?INT(?:8|16|32|64)|FP(?:16|32|64)|BF16|BYTES) (.+)")


def clauses_picture(said: Sentences, clauses: Sequence[ClauseRow], width: float = canvas.WIDTH) -> Picture | None:
    """How many clauses of each subject held, broke, or were left open; None without any.

    A narrow one draws some subjects, first those with most that broke, that was not met, and that is open.
    """
    counts: dict[str, Counter[str]] = {}
    for row in clauses:
        counts.setdefault(said.spoken("area", row.area), Counter())[_STATE_OF.get(row.verdict, "undecided")] += 1
    if width < canvas.WIDTH:
        counts = dict(sorted(counts.items(), key=lambda each: _by_weight(each[1])))
    total = sum(counts.values(), Counter[str]())
    names = {state: said(f"clause_picture.{state}") for state in _CLAUSES}
    told = said("picture.clauses_told", counts=[f"{total[state]} {names[state]}" for state in _CLAUSES if total[state]])
    if width < canvas.WIDTH and len(counts) > _FEW_ROWS:
        told = f"{told} {said('picture.some_subjects')}"
    return _stacked(
        said, "clauses-by-subject", said("picture.clauses"), told, said("picture.subject"), counts, names, width
    )


def _by_weight(found: Counter[str]) -> tuple[int, ...]:
    return (*(-found[state] for state in ("broke", "warn", "undecided")), -found.total())


def duties_picture(said: Sentences, duties: Sequence[DutyRow], width: float = canvas.WIDTH) -> Picture | None:
    """How many duties of each paragraph of Article 15 were and were not shown; None without any."""
    counts: dict[str, Counter[str]] = {}
    for row in duties:
        counts.setdefault(row.paragraph, Counter())[row.state] += 1
    total = sum(counts.values(), Counter[str]())
    names = {state: said(f"state.{state}") for state in _DUTIES}
    told = said("picture.duties_told", counts=[f"{total[state]} {names[state]}" for state in _DUTIES if total[state]])
    return _stacked(
        said, "duties-by-state", said("picture.duties"), told, said("picture.paragraph"), counts, names, width
    )


def coverage_picture(said: Sentences, drawn: Mapping[str, int]) -> Picture | None:
    """How often the searches drew each kind of value of each data type; None where fewer than two kinds were drawn.

    The table holds what they drew besides: shapes, and mistakes in requests that are to be refused.
    """
    cells = {(found[1], found[2]): count for name, count in drawn.items() if (found := _VALUES.fullmatch(name))}
    types = sorted({datatype for datatype, _ in cells})
    kinds = sorted({kind for _, kind in cells})
    if len(kinds) < 2:
        return None
    rest = {name: count for name, count in sorted(drawn.items()) if not _VALUES.fullmatch(name)}
    rows = [
        (datatype, said.spoken("drawn_kind", kind), str(count)) for (datatype, kind), count in sorted(cells.items())
    ]
    return Picture(
        name="drawn-values",
        title=said("picture.coverage"),
        told=said("picture.coverage_told", types=types, kinds=len(kinds)),
        columns=(said("picture.datatype"), said("picture.values"), said("picture.drawn")),
        rows=(*rows, *(("–", drawn_in(said, name), str(count)) for name, count in rest.items())),
        svg=_grid(said, types, kinds, cells),
    )


def drawn_in(said: Sentences, name: str) -> str:
    """What a search drew, in the language: a kind of value of a data type, or a mistake."""
    found = _VALUES.fullmatch(name)
    return f"{found[1]} {said.spoken('drawn_kind', found[2])}" if found else said.spoken("drawn_kind", name)


def _grid(said: Sentences, types: Sequence[str], kinds: Sequence[str], cells: Mapping[tuple[str, str], int]) -> bytes:
    most = max(cells.values())
    shown = [said.spoken("drawn_kind", kind) for kind in kinds]
    left, above = canvas.room_for(shown), 0.5
    height = above + 0.15 + 0.22 * len(kinds)

    def draw(figure: Figure) -> None:
        right = max(0.15, canvas.WIDTH - left - 0.75 * len(types))
        axes = canvas.panel(figure, left=left, right=right, above=above, below=0.15)
        for x, datatype in enumerate(types):
            for y, kind in enumerate(kinds):
                count = cells.get((datatype, kind), 0)
                share = (count / most) ** 0.5
                colour = (1 - share, 1 - 0.55 * share, 1 - 0.3 * share) if count else canvas.PAPER
                axes.barh(y, 1, 1, left=x - 0.5, color=colour, edgecolor=canvas.RULE, linewidth=0.6)
                ink = canvas.PAPER if share > 0.9 else canvas.INK
                axes.text(x, y, str(count) if count else "–", ha="center", va="center", color=ink)
        axes.set_xlim(-0.5, len(types) - 0.5)
        axes.set_ylim(len(kinds) - 0.5, -0.5)
        axes.set_xticks(range(len(types)), types)
        axes.set_yticks(range(len(kinds)), [canvas.label(each) for each in shown])
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.spines[:].set_visible(False)
        axes.set_title(said("picture.drawn_times"), loc="left", pad=18)

    return canvas.drawn(height, draw)


def _stacked(
    said: Sentences, name: str, title: str, told: str, first: str, counts: Mapping[str, Counter[str]],
    names: Mapping[str, str], width: float,
) -> Picture | None:  # fmt: skip
    """Rows of counts as bars that are stacked by state."""
    if not counts:
        return None
    rows = tuple((each, *(str(found[state]) for state in names)) for each, found in counts.items())
    shown = dict(list(counts.items())[: _MOST_ROWS if width == canvas.WIDTH else _FEW_ROWS])
    seen = [state for state in names if any(found[state] for found in shown.values())]
    return Picture(name, title, told, (first, *names.values()), rows, _bars(said, shown, seen, names, width))


def _bars(
    said: Sentences, counts: Mapping[str, Counter[str]], states: Sequence[str], names: Mapping[str, str], width: float
) -> bytes:
    is_narrow = width < canvas.WIDTH
    words = [canvas.label(each, 23 if is_narrow else 28) for each in counts]
    longest = max(found.total() for found in counts.values())
    lines = 1 if is_narrow else -(-len(states) // 3)
    height = 0.55 + 0.18 * lines + _ROW * len(words)

    def draw(figure: Figure) -> None:
        axes = canvas.panel(figure, left=canvas.room_for(words), above=0.1 + 0.18 * lines, below=0.45)
        before = [0] * len(words)
        for state in states:
            colour, hatch = _LOOKS[state]
            values = [found[state] for found in counts.values()]
            axes.barh(
                range(len(words)), values, 0.72, left=before, label=names[state], color=colour, hatch=hatch,
                edgecolor=canvas.INK, linewidth=0.6,
            )  # fmt: skip
            for at, value in enumerate(values):
                if value >= longest / (20 if is_narrow else 40):
                    box = {"boxstyle": "square,pad=0.1", "facecolor": canvas.PAPER, "edgecolor": "none"}
                    middle = before[at] + value / 2
                    axes.text(
                        middle,
                        at,
                        str(value),
                        ha="center",
                        va="center",
                        fontsize=7,
                        bbox=box if hatch else None,
                        color=canvas.PAPER if colour == canvas.BLUE else canvas.INK,
                    )
            before = [each + value for each, value in zip(before, values, strict=True)]
        axes.set_yticks(range(len(words)), words)
        axes.set_ylim(len(words) - 0.5, -0.5)
        axes.set_xlim(0, longest * 1.01)
        axes.locator_params(axis="x", integer=True)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        axes.set_xlabel(said("picture.number"))
        canvas.keyed(axes, 3)

    return canvas.drawn(height, draw, width=width)
