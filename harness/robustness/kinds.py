"""Kinds of perturbation as data: their names, what each changes, and its usual ladder of sizes."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

Changed = Literal["numbers", "images", "texts"]
_TABLE = Path(__file__).with_name("perturbations.toml")


class PerturbationKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of perturbation.

    Attributes:
        name: in a policy.
        title: for people.
        of: what it changes.
        size: what a size of it is.
        sizes: the ladder, mildest first.
        scaled: whether sizes are in the unit that the policy names.
    """

    name: str
    title: str
    of: Changed
    size: str
    sizes: list[float]
    scaled: bool = False


@functools.cache
def kinds() -> dict[str, PerturbationKind]:
    """Every kind, by name."""
    tables = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {name: msgspec.convert({"name": name, **table}, PerturbationKind) for name, table in tables.items()}
