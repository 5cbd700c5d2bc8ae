"""What a scenario is: a name, an endpoint that lives as long as a context, and the options it is probed with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from tests.harness.wire.hostile import GoodServer

from .peers import Behaving, Behaviour
from .service import Part, service

Url = AbstractContextManager[str]


@dataclass(frozen=True)
class Scenario:
    """One hostile endpoint.

    Attributes:
        start: makes the endpoint; the context gives its URL, or HOST:PORT for gRPC.
        options: of the run, beside those that all have.
        environ: of the run.
        mute: whether there may be nothing to probe, so that one line and exit code 4 are right as well.
    """

    start: Callable[[], Url]
    options: tuple[str, ...] = ()
    environ: dict[str, str] = field(default_factory=dict)
    mute: bool = False


def rest(every: Part | None = None, *, options: tuple[str, ...] = (), mute: bool = False, **parts: Part) -> Scenario:
    """A service with parts replaced."""
    return Scenario(lambda: GoodServer(service(every, **parts)), options, mute=mute)


def behaving(behaviour: Behaviour, *, options: tuple[str, ...] = (), mute: bool = False) -> Scenario:
    """A behaviour of connections."""
    return Scenario(lambda: Behaving(behaviour), options, mute=mute)


def rpc(start: Callable[[], Url], *, options: tuple[str, ...] = (), mute: bool = False) -> Scenario:
    """An endpoint that has gRPC alone."""

    @contextmanager
    def renamed() -> Iterator[str]:
        with start() as url:
            yield url.replace("http://", "grpc://")

    return Scenario(renamed, options, mute=mute)
