"""Load cases for a rollout: each request with its answer from the version in service, and from the one that comes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from harness.check import Untestable
from harness.drills.declared import Drill, Rollout
from harness.drills.drill import Repetition
from harness.drills.versions import VersionAccount, versions_of
from harness.endpoint.candidate import recorded_as_candidate
from harness.endpoint.route import AnyRoute
from harness.generate.distinct import distinct
from harness.load.plan.cases import SentCase
from harness.load.plan.load_plan import LoadCase
from harness.oracles.equality import difference
from harness.probing.load.cases import DISTINCT, mark_of, sent_over
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest

if TYPE_CHECKING:
    from harness.probing.load.loading import Loader
    from harness.probing.probe import Probe


EARLY = "the version that is rolled out answered before it was"


def versions_seen(drill: Drill, done: Repetition) -> VersionAccount | None:
    """Which version answered when; None where none was rolled out."""
    run = done.run
    if drill.rollout is None or run is None or run.start_ns is None or not (done.injected and done.reverted):
        return None
    return versions_of(run.merged, run.start_ns, drill.rollout, done.injected, done.reverted)


def cases_of_rollout(load: Loader, rollout: Rollout) -> tuple[LoadCase, ...]:
    """Several small requests that both versions answer, and do not answer alike.

    The version that comes is asked by its versioned path; at the candidate where one was named.

    Raises:
        Untestable: the answers of both cannot be had, or cannot be told apart.
    """
    probe, route = load.probe, load.route
    if route.version is not None:
        raise Untestable(f"a rollout is not seen by requests that name version {route.version!r}")
    if probe.declared_varying or not route.steady():
        raise Untestable("the model answers one request differently: no answer tells its version")
    found: list[LoadCase] = []
    with _coming(probe, route, rollout) as coming:
        for request in distinct(route.accepted().request, 3 * DISTINCT):
            case = _told_apart(probe, route, coming, rollout, request)
            found += [] if case is None else [case]
            if len(found) >= DISTINCT:
                break
    if not found:
        raise Untestable(f"versions {rollout.old!r} and {rollout.new!r} answer alike: nobody could tell them apart")
    return tuple(found)


@contextlib.contextmanager
def _coming(probe: Probe, route: AnyRoute, rollout: Rollout) -> Iterator[AnyRoute]:
    """The model in the version that comes."""
    candidate = probe.endpoint.candidate
    if candidate is None or route.transport not in candidate.transports:
        yield route.at(rollout.new)
        return
    with candidate.route(route) as other:
        yield other


def _told_apart(
    probe: Probe, route: AnyRoute, coming: AnyRoute, rollout: Rollout, request: InferRequest
) -> LoadCase | None:
    """The case of one request; None where both answer it alike.

    Raises:
        Untestable: one of them does not answer, or another version than the declared one is in service.
    """
    mark = mark_of(probe, request)
    now = _answered(sent_over(route, request, mark), "the endpoint")
    apart = coming.client is not route.client
    with recorded_as_candidate(coming.client.recorder) if apart else contextlib.nullcontext():
        new = _answered(sent_over(coming, request, mark), f"version {rollout.new!r}")
    old = route.at(rollout.old).ask(request)
    if old.ok and (where := _differ(route, old, now.exchange)) is not None:
        raise Untestable(f"the endpoint does not answer as version {rollout.old!r} does: {where}")
    one, other = now.case(), new.case()
    if one.answer is None or other.answer is None:
        raise Untestable("the id of a request does not come back, so that no answer is known by its bytes")
    alike = _differ(route, new.exchange, now.exchange) is None
    return None if alike else msgspec.structs.replace(one, name=probe.model.id, others=(other.answer,))


def _answered(sent: SentCase, who: str) -> SentCase:
    if not sent.exchange.ok:
        raise Untestable(f"{who} does not answer ({status_of(sent.exchange)}): name where it does with --oip-candidate")
    return sent


def _differ(route: AnyRoute, one: Exchange, other: Exchange) -> str | None:
    return difference(route.outputs(one), route.outputs(other), exact=False)
