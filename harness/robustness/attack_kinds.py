"""Kinds of attack as data: their names, the distances they make small, and what they need."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

NormName = Literal["l2", "linf"]
_TABLE = Path(__file__).with_name("attacks.toml")


class AttackKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of attack.

    Attributes:
        name: in a policy.
        title: for people.
        norms: of the distances that it makes small, its own first.
        scores: whether it needs a score for each class.
        within: whether it searches within a distance that is given.
        toolbox: its name in the Adversarial Robustness Toolbox; None: it is ours.
        techniques: of MITRE ATLAS.
    """

    name: str
    title: str
    norms: Annotated[list[NormName], msgspec.Meta(min_length=1)]
    scores: bool = False
    within: bool = False
    toolbox: str | None = None
    techniques: list[str]


@functools.cache
def attack_kinds() -> dict[str, AttackKind]:
    """Every kind, by name."""
    tables = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {name: msgspec.convert({"name": name, **table}, AttackKind) for name, table in tables.items()}
