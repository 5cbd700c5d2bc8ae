"""Every model the server offers, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from harness.reference.models import awkward, small, story
from harness.reference.models.model import Model
from harness.reference.models.trained import DESCRIPTIONS, trained

BUILDERS: dict[str, Callable[[], Model]] = {
    **{name: partial(trained, name) for name in DESCRIPTIONS},
    "matrix": small.matrix,
    "pair": small.pair,
    "optional": small.optional,
    "text": small.text,
    "fixed": small.fixed,
    "story": story.story,
    "accumulator": story.accumulator,
    **{name: partial(small.echo, name, datatype) for name, datatype in small.echoes().items()},
    # Rank cannot be variable in metadata, so the ranks above one have models of their own.
    "echo-grid": partial(small.echo, "echo-grid", "FP32", 2),
    "echo-cube": partial(small.echo, "echo-cube", "INT32", 3),
}

# Only where they are named.
AWKWARD: dict[str, Callable[[], Model]] = {
    "wide": awkward.wide,
    "wide-echo": awkward.wide_echo,
    "large": awkward.large,
    "unsaid": awkward.unsaid,
    "phrase": awkward.phrase,
    "uneven": awkward.uneven,
    "half-row": awkward.half_row,
}


def build(names: Sequence[str]) -> dict[str, Model]:
    """The named models, or all that are not awkward for none.

    Raises:
        KeyError: there is no such model.
    """
    return {name: (BUILDERS | AWKWARD)[name]() for name in names or BUILDERS}
