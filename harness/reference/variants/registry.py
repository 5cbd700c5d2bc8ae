"""The list of benign variants and how a variant gets onto it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from harness.reference.hooks import Hooks

Install = Callable[[Hooks], None]
Transport = Literal["rest", "grpc"]
Effect = Literal[
    "answers",  # other answers, or other answers for some
    "slow",  # every request takes its time: one model says as much as all
    "load",  # only seen under load
]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of being different that the protocol allows.

    Attributes:
        transport: the one it was made for; the other may show it as well.
        effect: what kind of difference it is.
        lists_models: the server says which models it has; where it does not, they have to be named.
        excuses: checks that it leaves nothing to ask about, by slug or a pattern such as ``binary-*``, each with the
            reason; see :func:`excuse`.
    """

    name: str
    text: str
    transport: Transport
    effect: Effect
    lists_models: bool
    excuses: Mapping[str, str]
    install: Install


VARIANTS: dict[str, Variant] = {}


def variant(
    name: str,
    text: str,
    *,
    transport: Transport = "rest",
    effect: Effect = "answers",
    lists_models: bool = True,
    excuses: Mapping[str, str] | None = None,
) -> Callable[[Install], Install]:
    """Register the decorated function as variant ``name``; raises ValueError if the name is taken.

    Where a helper makes that function: ``variant(...)(helper(...))``.
    """

    def register(install: Install) -> Install:
        if name in VARIANTS:
            raise ValueError(f"variant {name!r} is registered twice")
        VARIANTS[name] = Variant(name, text, transport, effect, lists_models, excuses or {}, install)
        return install

    return register


def excuse(reason: str, *slugs: str) -> dict[str, str]:
    """Excuse checks from passing on a variant, for ``reason``; a check that is not excused must keep its pass.

    An excuse is for losing a pass. A finding on a variant is never excused, but where the reason begins with
    ``Missing:``: the variant leaves out what the protocol asks for, and that is found, rightly.
    """
    return dict.fromkeys(slugs, reason)


def sets(**members: object) -> Install:
    """Set members of :class:`harness.reference.hooks.Settings`."""

    def install(hooks: Hooks) -> None:
        for member, value in members.items():
            setattr(hooks.settings, member, value)

    return install
