"""Whether the endpoint still serves after a risky request: asked anew, and by inferring, whatever health says.

One refused connection is no crash, and one slow answer no hang: the question is put on new connections again and
again until the patience is used up. What counts is the last word.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from harness.check import NotApplicable, Untestable
from harness.criteria import Criterion
from harness.endpoint.models import ModelUnderTest
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.waiting import wait

# For a server that restarts its workers, sheds load, or has still to finish what it was made to do.
PATIENCE_SECONDS = 10.0
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
CRASHED, NO_INFERENCE = "endpoint-gone-after-request", "endpoint-infers-no-more"


@dataclass(frozen=True, slots=True)
class ServingState:
    """What was seen after a risky request.

    Attributes:
        problem: why it does not serve, in words; None if it does.
        answers: whether anything at all was answered at last.
        ready: what the endpoint says of its readiness; None if it was not asked, or said nothing.
        exchange: the last answer, or the last attempt.
        tries: how often it had to be asked.
        seconds: until it served, or until the patience was used up.
    """

    problem: str | None
    answers: bool
    ready: bool | None
    exchange: Exchange
    tries: int
    seconds: float

    @property
    def root(self) -> str:
        """The root cause of not serving, whatever the request was."""
        return NO_INFERENCE if self.answers else CRASHED


def alive(probe: Probe, patience: float = PATIENCE_SECONDS) -> ServingState:
    """Whether the endpoint serves, asked on new connections until the patience is used up.

    With a model that has accepted a request, serving means that it answers this request again with 200. Without one,
    that server metadata is answered, with whatever status.

    Raises:
        BudgetExhausted: the run may send nothing more, so nobody knows.
    """
    begin, pause, tries = time.monotonic(), FIRST_PAUSE, 0
    while True:
        exchange, serves = _ask(probe)
        tries += 1
        spent = time.monotonic() - begin
        if serves:
            return ServingState(None, True, None, exchange, tries, spent)
        if spent >= patience:
            break
        wait(min(pause, max(0.0, patience - spent)))
        pause = min(pause * 2, LONGEST_PAUSE)
    ready = _says_ready(probe) if exchange.answered else None
    said = "" if ready is None else f"; it calls itself {'ready' if ready else 'not ready'}"
    problem = f"asked {tries} times in {spent:.0f} s on new connections: {status_of(exchange)}{said}"
    return ServingState(problem, exchange.answered, ready, exchange, tries, spent)


def serving(probe: Probe, seen: ServingState, after: str = "") -> bool:
    """One case of no-crash: whether the endpoint serves, by what was seen of it last.

    Args:
        after: what was sent before, in words.
    """
    found = seen.problem or "it serves"
    return probe.holds(
        seen.problem is None,
        clause=Criterion.NO_CRASH.clause,
        expected="an endpoint that still serves",
        observed=f"{after}: {found}" if after else found,
        exchange=seen.exchange,
        root=seen.root,
    )


def serving_before(probe: Probe) -> None:
    """End the check unless the endpoint serves now: what does not serve before a request is not broken by it."""
    model = _model(probe)
    if model is not None:
        # Whether the model is steady is to be known before anything hostile may have disturbed it.
        with contextlib.suppress(Untestable):
            model.route.steady()
    seen = alive(probe, patience=1.0)
    if seen.problem is not None:
        probe.untestable(f"the endpoint did not serve before the first request of this check: {seen.problem}")


def answers_as_before(probe: Probe, exchange: Exchange) -> str | None:
    """Where the answer to the accepted request differs from the first one; None if it does not, or nobody can say."""
    model = _model(probe)
    if model is None or probe.endpoint.rest is None or not exchange.ok:
        return None
    try:
        return probe.differ(exchange, model.rest.accepted().exchange) if probe.on_model else None
    except (NotApplicable, Untestable):
        return None


def valid_body(model: ModelUnderTest) -> bytes:
    """The bytes of the request that the model has accepted.

    Raises:
        Untestable: it accepted none.
    """
    return model.rest.body_of(model.rest.accepted().request)


def _model(probe: Probe) -> ModelUnderTest | None:
    return probe.on_model or next(iter(probe.endpoint.models), None)


def _ask(probe: Probe) -> tuple[Exchange, bool]:
    model = _model(probe)
    if model is not None:
        route = model.route
        try:
            request = route.accepted().request
        except Untestable:
            pass
        else:
            answer = route.ask(request, fresh=True)
            return answer, answer.ok and bool(route.outputs(answer))
    if probe.endpoint.rest is None:
        answer = probe.grpc.server_live(fresh=True)
    else:
        answer = probe.client.send("GET", f"/{probe.endpoint.metadata_path}", fresh=True)
    return answer, answer.answered and answer.error is None


def _says_ready(probe: Probe) -> bool | None:
    if probe.endpoint.rest is None:
        return None
    model = _model(probe)
    client = probe.client
    path = "/v2/health/ready" if model is None else client.model_path(model.name, model.address, "ready")
    answer = client.send("GET", path, fresh=True)
    return None if answer.error is not None else answer.status == 200
