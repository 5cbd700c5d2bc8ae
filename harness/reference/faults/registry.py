"""The list of seeded faults and how a fault gets onto it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from harness.reference.hooks import Hooks

Install = Callable[[Hooks], None]
Transport = Literal["rest", "grpc"]
Effect = Literal[
    "answers",  # a wrong answer to a single request
    "state",  # a wrong answer because of what was asked before
    "concurrency",  # a wrong answer, or none, because of what is asked at the same time
    "wear",  # worse with every request, or every error
    "load",  # only under load
    "crash",  # the process ends
    "hang",  # no answer in time
    "connection",  # only on the bytes of a connection: framing, and clients that leave
    "access",  # somebody without the right credentials is let in
    "disclosure",  # an answer holds what belongs to the inside
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way of being wrong.

    Attributes:
        clauses: what it breaks, the clause it was made for first.
        text: what the server does, as its operator would tell it.
        models: names of models it shows on; empty means any.
        transport: the one it was made for; the other may show it as well.
        effect: what kind of fault it is.
        place: its file below this folder, as that of its checks below ``suites``: ``conformance/rest/health``.
    """

    name: str
    clauses: tuple[str, ...]
    text: str
    models: tuple[str, ...]
    transport: Transport
    effect: Effect
    place: str
    install: Install


FAULTS: dict[str, Fault] = {}


def fault(
    name: str,
    *clauses: str,
    text: str,
    models: tuple[str, ...] = (),
    transport: Transport = "rest",
    effect: Effect = "answers",
) -> Callable[[Install], Install]:
    """Register the decorated function, which takes hold of the server's hooks, as fault ``name``.

    Where a helper makes that function: ``fault(...)(helper(...))``.

    Raises:
        ValueError: the name is taken, or no clause is named.
    """

    frame = inspect.currentframe()
    caller = frame.f_back if frame is not None else None
    module = str(caller.f_globals["__name__"]) if caller is not None else ""
    place = module.removeprefix(f"{__package__}.").replace(".", "/")

    def register(install: Install) -> Install:
        if name in FAULTS or not clauses:
            raise ValueError(f"fault {name!r} is registered twice, or breaks no clause")
        FAULTS[name] = Fault(name, clauses, text, models, transport, effect, place, install)
        return install

    return register


def relaxes(rule: str) -> Install:
    """Set one switch of :class:`harness.reference.protocol.rules.Rules`."""

    def install(hooks: Hooks) -> None:
        setattr(hooks.rules, rule, True)

    return install
