"""The list of benign variants and how a variant gets onto it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.reference.hooks import Hooks

Install = Callable[[Hooks], None]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of being different that the protocol allows."""

    name: str
    text: str
    install: Install


VARIANTS: dict[str, Variant] = {}


def variant(name: str, text: str) -> Callable[[Install], Install]:
    """Register the decorated function as variant ``name``; raises ValueError if the name is taken."""

    def register(install: Install) -> Install:
        if name in VARIANTS:
            raise ValueError(f"variant {name!r} is registered twice")
        VARIANTS[name] = Variant(name, text, install)
        return install

    return register


def setting(name: str, text: str, **members: object) -> None:
    """Register a variant that is nothing but members of :class:`harness.reference.hooks.Settings`."""

    def install(hooks: Hooks) -> None:
        for member, value in members.items():
            setattr(hooks.settings, member, value)

    variant(name, text)(install)
