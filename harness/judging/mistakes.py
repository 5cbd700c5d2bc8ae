"""Drawn mistakes in a request that the model has accepted, and sending them."""

from __future__ import annotations

from hypothesis.strategies import SearchStrategy

from harness.generate.invalid import Invalid, invalid_requests, operators
from harness.judging.refusals import base_of
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.record.intent import meant


def send_mistake(probe: Probe, drawn: Invalid, *, fresh: bool = False) -> Exchange:
    """Send it to the version that it asks for, or to the model's own; ``fresh`` on a connection of its own."""
    version = drawn.version or probe.model.address
    with meant("neither" if drawn.tolerance == "any" else "invalid"):
        return probe.client.infer(probe.model.name, drawn.body, version, fresh=fresh)


def mistakes(probe: Probe, *, heavy: bool = False) -> list[SearchStrategy[Invalid]]:
    """Mistakes in a request that the model has accepted, by kind; the check is not applicable where there are none.

    Args:
        heavy: those that announce a size that nobody could serve.
    """
    # Before the first mistake: what some of them leave behind would pass for a model that answers as it likes.
    probe.model.rest.steady()
    base, metadata = base_of(probe).request, probe.model.metadata
    versions = metadata.versions if metadata else ()
    named = bool(metadata and metadata.inputs)
    allowed = operators(base.to_value(), section="heavy" if heavy else "light", named=named, versions=bool(versions))
    if not allowed:
        probe.not_applicable("the model's inputs leave no such mistake to make")
    return [invalid_requests(base, allowed, first=each, versions=versions) for each in allowed]


def mistake_classes(drawn: Invalid) -> list[str]:
    """What is counted: its mistakes in words, and that there are two."""
    names = drawn.name.split("+")
    return [*(name.replace("-", " ") for name in names), *(["two mistakes at once"] if len(names) > 1 else [])]
