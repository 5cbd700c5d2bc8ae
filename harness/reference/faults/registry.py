"""The list of seeded faults and how a fault gets onto it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.reference.hooks import Hooks

Install = Callable[[Hooks], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way of being wrong.

    Attributes:
        clauses: what it breaks, the clause it was made for first.
        text: what the server does, as its operator would tell it.
        models: names of models it shows on; empty means any.
    """

    name: str
    clauses: tuple[str, ...]
    text: str
    models: tuple[str, ...]
    install: Install


FAULTS: dict[str, Fault] = {}


def fault(name: str, *clauses: str, text: str, models: tuple[str, ...] = ()) -> Callable[[Install], Install]:
    """Register the decorated function, which takes hold of the server's hooks, as fault ``name``.

    Raises:
        ValueError: the name is taken, or no clause is named.
    """

    def register(install: Install) -> Install:
        if name in FAULTS or not clauses:
            raise ValueError(f"fault {name!r} is registered twice, or breaks no clause")
        FAULTS[name] = Fault(name, clauses, text, models, install)
        return install

    return register


def relaxed(name: str, *clauses: str, text: str, rule: str, models: tuple[str, ...] = ()) -> None:
    """Register a fault that is one switch of :class:`harness.reference.protocol.rules.Rules`."""

    def install(hooks: Hooks) -> None:
        setattr(hooks.rules, rule, True)

    fault(name, *clauses, text=text, models=models)(install)
