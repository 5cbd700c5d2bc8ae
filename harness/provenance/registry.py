"""Registries: what one holds under the name that an endpoint claims, whichever kind of registry it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class NotThere(Exception):
    """The registry was asked and has no such entry; the message says what was looked for."""


class CannotAsk(Exception):
    """Nothing was learnt of the registry; the message says why."""


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """One entry.

    Attributes:
        name: how the registry calls it, for people.
        digests: any of these is a right digest of its artefact, each with its algorithm: ``sha256:...``.
        broken: what the registry says of the entry that is not so, in words; empty for nothing.
        facts: name of a claim -> what the registry says of the entry, such as ``model.run``.
        undigested: why there is no digest of it, in words.
        moving: the tag, alias or stage by which it was asked for, where that may name another entry tomorrow.
    """

    name: str
    digests: tuple[str, ...]
    broken: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    undigested: str = ""
    moving: str = ""


class ModelRegistry(Protocol):
    """Where models come from. What it holds is as foreign as what an endpoint says."""

    def implied(self, claims: Mapping[str, str]) -> str | None:
        """The URI of the entry that claims of other kinds name together, by the names of the claims; None for none."""
        ...

    def named(self, reference: str) -> RegistryEntry:
        """The entry that a claimed URI names, with all that can be verified of it.

        Raises:
            NotThere: there is none.
            CannotAsk: the reference is of another kind of registry, or the registry cannot be read.
        """
        ...

    def holding(self, digests: Sequence[str]) -> RegistryEntry:
        """The entry whose artefact has one of the digests.

        Raises:
            NotThere: there is none.
            CannotAsk: the registry cannot be read.
        """
        ...
