"""What hostile requests have in common: how they are sent, and what must be true afterwards.

No answer at all is held against the endpoint only if it happens twice, and only while a valid request is answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial

from harness.criteria import Criterion
from harness.endpoint.rest_route import outputs_of
from harness.generate.hostile.bodies import HostileBody
from harness.generate.hostile.names import INJECTED
from harness.generate.hostile.requests import Hostile, Valid
from harness.judging.still_serves import alive, answers_as_before, serving_before, valid_body
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.rawhttp import head, send_raw

# What survives() reports cases of.
SURVIVES = (Criterion.NO_HANG, Criterion.NO_CRASH, Criterion.READY_INFERS, Criterion.SAME_ANSWER)
# Statuses that say nothing of the request.
BUSY = (429, 503)
# For requests that need no answer: what comes within it is looked at, what does not is not missed.
SHORT_SECONDS = 1.5
# A second answer that is on its way comes at once: it is told apart from none by this.
LINGER_SECONDS = 0.5
# Enough of hangs: each costs the time for two requests, or for four where the whole server is held up.
HANGING_SECONDS = 30.0

Send = Callable[[], Exchange]


def valid_of(probe: Probe) -> Valid:
    """The model's accepted request, to make hostile ones of; the endpoint is seen to serve first."""
    serving_before(probe)
    client, model = probe.client, probe.model
    path = client.model_path(model.name, model.address, "infer")
    return Valid(partial(head, client), path, valid_body(model))


def send_hostile(probe: Probe, case: Hostile, *, answers: int = 1) -> list[Exchange]:
    """Send it over a connection of its own, and read the answers."""
    return send_raw(
        probe.client,
        case.pieces,
        answers=answers,
        hang_up=case.end == "hang-up",
        half_close=case.end == "half-close",
        method=case.method,
        linger=LINGER_SECONDS,
        seconds=None if case.complete else SHORT_SECONDS,
    )


def first_answer(probe: Probe, case: Hostile) -> Exchange:
    """Send it, and read one answer."""
    return send_hostile(probe, case)[0]


class HostileSequence:
    """The cases of one check, one after another; ends the sending where the endpoint serves no more."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._hanging = 0.0

    def each(self, cases: Iterable[tuple[str, str, Send]]) -> Iterable[tuple[str, Exchange]]:
        """Send each, judge that it is answered and survived, and give its answer."""
        for name, why, send in cases:
            begin = time.monotonic()
            exchange = send()
            if not self.answered(name, why, exchange, send):
                self._hanging += time.monotonic() - begin
            yield name, exchange
            if not survives(self._probe, name, why, exchange) or self._hanging >= HANGING_SECONDS:
                return

    def answered(self, name: str, why: str, exchange: Exchange, again: Send) -> bool:
        """Whether a whole request was answered, or its connection ended, within the time for one request; one case."""
        probe = self._probe
        if exchange.timed_out and alive(probe, patience=1.0).problem is None:
            exchange = again()
        hung = exchange.timed_out
        return probe.holds(
            not hung,
            clause=Criterion.NO_HANG.clause,
            expected="an answer, or the end of the connection",
            observed=f"{name} ({why}), twice: {status_of(exchange)}",
            exchange=exchange,
            root=f"no-answer:{name}",
        )


def survives(probe: Probe, name: str, why: str, exchange: Exchange) -> bool:
    """Whether the endpoint serves after a request, infers if it says so, and as before; three cases.

    Args:
        exchange: the hostile one, which is the evidence.
    """
    seen = alive(probe)
    what = f"after {name} ({why})"
    if seen.problem is None and seen.tries > 1:
        probe.observe(f"{what} the endpoint served again after {seen.seconds:.1f} s")
    probe.holds(
        seen.problem is None,
        clause=Criterion.NO_CRASH.clause,
        expected="a valid inference is answered on a new connection",
        observed=f"{what}: {seen.problem}",
        exchange=exchange,
        root=f"{seen.root}:{name}",
    )
    probe.holds(
        seen.problem is None or not seen.ready,
        clause=Criterion.READY_INFERS.clause,
        expected="a model that is ready infers",
        observed=f"{what}: {seen.problem}",
        exchange=seen.exchange,
        root=f"{seen.root}:{name}",
    )
    if seen.problem is not None:
        return False
    change = answers_as_before(probe, seen.exchange)
    probe.holds(
        change is None,
        clause=Criterion.SAME_ANSWER.clause,
        expected="the answer to the valid request is the same as before",
        observed=f"{what}: {change}",
        exchange=seen.exchange,
        root=f"answer-changed-after:{name}",
    )
    return True


def no_injection(probe: Probe, name: str, why: str, exchange: Exchange) -> None:
    """Nothing that stood behind a line break in a value of the request is a header of the answer; one case."""
    probe.holds(
        exchange.header(INJECTED) is None,
        clause=Criterion.NO_LEAK.clause,
        expected=f"no header {INJECTED}: it stood behind a line break in a value of the request",
        observed=f"{name} ({why}): a header {INJECTED} in the answer, {status_of(exchange)}",
        exchange=exchange,
        root="line-break-becomes-header",
    )


def body_sender(probe: Probe, body: HostileBody) -> Send:
    """Sends a hostile body as any client would send a body, on a connection of its own."""
    model = probe.model
    return lambda: probe.client.infer(model.name, body.data, model.address, body.headers, fresh=True)


def changed_outputs(probe: Probe, exchange: Exchange) -> str | None:
    """Where outputs were given, how they differ from those of the valid request; None if they do not."""
    if not exchange.ok or not outputs_of(exchange):
        return None
    return answers_as_before(probe, exchange)
