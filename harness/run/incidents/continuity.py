"""Whether the endpoint is still there: noticed at the first request that meets nobody, waited for, and told once.

A request that meets nobody is no case of any clause. The check that ran is ended if one of its requests has done it;
otherwise the request is sent again as soon as the endpoint serves, and the check goes on as if nothing had been.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.budget import BudgetExhausted
from harness.check import Untestable
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.models import ModelUnderTest
from harness.endpoint.route import AnyRoute
from harness.incident import EndpointLost, Incident
from harness.record.clock import now
from harness.record.exchange import Exchange
from harness.record.intent import aside
from harness.record.store import Recorder
from harness.run.incidents.suspects import suspects_of
from harness.waiting import wait
from harness.wire.access import AccessError
from harness.wire.presence import refuses

if TYPE_CHECKING:
    from harness.wire.rest import RestClient
    from harness.wire.rpc import GrpcClient

# A process that ends closes its connections a moment before its port: three looks, and then it is taken to be there.
LOOKS = (0.0, 0.005, 0.015)
# Where one replica of several is gone, a share of the connections is refused: nobody is there where all of these are.
REFUSED = (0.0, *[0.002] * 5)
ASK_SECONDS = 2.0
# With less of the run left than this, an endpoint that is away is nobody's finding: it had no time to come back.
LEAST_WAIT = 1.0
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
# Models that must infer again before the run goes on.
MODELS = 4
# Incidents outside of checks, such as while models are read, after each of which the request is sent again.
OUTSIDE = 2
# Requests that are sent once more because their first try got no answer in time: each costs a whole time limit.
LATE = 24
# How long after its start a request may be suspected of an incident that was noticed then.
WINDOW_NS = 1_000_000_000
# Kinds of failure by which an answer ends that had begun.
BROKEN_OFF = frozenset({"timeout", "reset", "closed", "tls"})


class Continuity:
    """Asked by the recorder about each request without an answer.

    Args:
        recorder: knows what was sent last.
        clients: of the run, one for each address.
        patience: seconds to wait for the endpoint to come back.
        warm_up: seconds that it may then take until its models infer.

    Attributes:
        crowd: what is under way beside single requests, in words; empty if nothing is.
        untold: incidents that no check has reported yet.
    """

    def __init__(
        self,
        recorder: Recorder,
        clients: list[RestClient | GrpcClient],
        patience: float,
        warm_up: float,
    ) -> None:
        self.incidents: list[Incident] = []
        self.endpoint: Endpoint | None = None
        self.say: Callable[[str], None] = lambda _: None
        self.crowd = ""
        self._recorder, self._clients = recorder, clients
        self._patience, self._warm_up = patience, warm_up
        self._lock = threading.RLock()
        self._busy: int | None = None
        self._ended_ns = 0
        self._late: set[str] = set()
        self.untold: list[Incident] = []

    @property
    def lost(self) -> Incident | None:
        """The incident after which the endpoint did not come back."""
        return self.incidents[-1] if self.incidents and self.incidents[-1].lost else None

    def away(self, exchange: Exchange, *, whole_time: bool, tries: int) -> bool:
        """See :class:`harness.record.store.AwayHandler`."""
        if self._busy == threading.get_ident():
            return False
        with self._lock:
            last = self.incidents[-1] if self.incidents else None
            if last is not None and exchange.start_ns < self._ended_ns:
                # Under way at the same time as one that was looked into already.
                return self._again(last, tries) if _lost_answer(exchange) else False
            if last is not None and last.lost:
                raise EndpointLost(last)
            self._busy = threading.get_ident()
            try:
                kind = None if self._over(self._client(exchange)) else self._kind(exchange, whole_time)
                incident = None if kind in (None, "late") else self._wait(str(kind), exchange)
            finally:
                self._busy = None
            return kind == "late" if incident is None else self._again(incident, tries)

    def met_nobody(self, what: str) -> None:
        """See :class:`harness.record.store.AwayHandler`."""
        with self._lock:
            self._busy, self.crowd = threading.get_ident(), what
            try:
                incident = self._wait("gone", self._recorder.recent[-1][0], self._clients[0])
            finally:
                self._busy, self.crowd = None, ""
        raise EndpointLost(incident)

    def take_untold(self) -> list[Incident]:
        """The incidents that no check has reported yet, which is now the caller's to do."""
        found, self.untold = self.untold, []
        return found

    def look(self) -> None:
        """Whether connections are still taken, at the end of a check; what is noticed now was done by its requests."""
        recent = self._recorder.recent
        with self._lock:
            if self.lost is not None or not recent or self._over(self._clients[0]):
                return
            for client in self._clients:
                if self._takes_none(client):
                    self._busy = threading.get_ident()
                    try:
                        self._wait("gone", recent[-1][0], client)
                    finally:
                        self._busy = None
                    return

    def provoke(self, send: Callable[[], Exchange], incident: Incident) -> bool:
        """Send a suspect again: whether the endpoint goes away; waits for it then, and notes if it stays away."""
        with self._lock:
            self._busy = threading.get_ident()
            try:
                with aside():
                    exchange = send()
                kind = self._kind(exchange, True) if _lost_answer(exchange) else None
                if kind not in ("gone", "silent"):
                    return False
                client = self._client(exchange)
                again = replace(incident, kind="gone" if kind == "gone" else "silent")
                why = self._until_back(client, time.monotonic(), again)
                if why:
                    incident.back_after_s = None
                    incident.why_not_back = f"it came back once, and after a suspect was sent again {why}"
                return again.kind == incident.kind
            finally:
                self._busy = None
                self._ended_ns = time.monotonic_ns()

    @staticmethod
    def _over(client: RestClient | GrpcClient) -> bool:
        """Whether no time is left to wait for anybody: then nothing is said of who does not answer."""
        return client.budget.seconds_left <= LEAST_WAIT

    def _again(self, incident: Incident, tries: int) -> bool:
        """True where the request is to be sent again; ends the check where one of its own requests has done it."""
        if incident.lost:
            raise EndpointLost(incident)
        check = self._recorder.current_check
        if incident.kind == "silent":
            # Once it may have been the endpoint's own doing; twice in a row, and it is the request's.
            if tries > 1:
                raise EndpointLost(incident)
            return True
        own = any(each.check == check for each in incident.suspects)
        if (own and (check is not None or len(self.incidents) > OUTSIDE)) or incident.crowd:
            raise EndpointLost(incident)
        return True

    def _kind(self, exchange: Exchange, whole_time: bool) -> str | None:
        """What has happened: ``gone``, ``silent``, this request alone ``late``, or nothing to wait for."""
        error = exchange.error
        # Where nothing was ever answered, it is for discovery and for the checks to say so.
        if error is None or exchange.transport not in self._recorder.answering or not _lost_answer(exchange):
            return None
        client = self._client(exchange)
        if error.kind == "connect":
            return "gone" if self._takes_none(client) else self._unheard(exchange)
        if error.kind in ("reset", "closed", "tls") and any(refuses(client.access, pause) for pause in LOOKS):
            return "gone" if self._takes_none(client) else None
        if error.kind == "timeout" and whole_time:
            return self._late_or_lost(exchange, client)
        return None

    @staticmethod
    def _takes_none(client: RestClient | GrpcClient) -> bool:
        """Whether every one of several connections is refused."""
        return all(refuses(client.access, pause) for pause in REFUSED)

    def _late_or_lost(self, exchange: Exchange, client: RestClient | GrpcClient) -> str | None:
        if self._takes_none(client):
            return "gone"
        if not self._answers(client):
            return "silent"
        return None if exchange.answered else self._unheard(exchange)

    def _unheard(self, exchange: Exchange) -> str | None:
        """One request alone got no answer in time: that decides nothing yet, and it is sent once more.

        Of many at once it may be just their number: the check that sends them looks twice by itself.
        """
        if threading.current_thread() is not threading.main_thread():
            return None
        key = _key(exchange)
        if key in self._late or len(self._late) >= LATE:
            return None
        self._late.add(key)
        return "late"

    def _wait(self, kind: str, exchange: Exchange, client: RestClient | GrpcClient | None = None) -> Incident:
        """Wait until it serves again, and note what happened, also where the waiting is interrupted."""
        client = client or self._client(exchange)
        begin = time.monotonic()
        incident = Incident(
            kind="gone" if kind == "gone" else "silent",
            at=now(),
            address=client.access.address.place,
            check=self._recorder.current_check,
            patience_s=self._patience,
            crowd=self.crowd,
            why_not_back="the run ended while it was waited for",
        )
        try:
            self.say(f"the endpoint does not answer; waiting up to {self._patience:g} s for it")
            incident.why_not_back = self._until_back(client, begin, incident)
            if not incident.why_not_back:
                incident.back_after_s = time.monotonic() - begin
        finally:
            self._ended_ns = time.monotonic_ns()
            # Our own questions, which came after the request at which it was noticed, are none of them.
            recent = [row for row in self._recorder.recent if row[0].start_ns <= exchange.end_ns]
            incident.suspects = suspects_of(recent, exchange, exchange.end_ns - WINDOW_NS, self._model_of)
            self.incidents.append(incident)
            self.untold.append(incident)
        return incident

    def _until_back(self, client: RestClient | GrpcClient, begin: float, incident: Incident) -> str:
        """Why it is not back; empty if it is. What was silent, and then has no port any more, has gone."""
        pause, answered = FIRST_PAUSE, False
        left = client.budget.seconds_left
        while True:
            spent = time.monotonic() - begin
            limit = max(self._patience, self._warm_up) if answered else self._patience
            if spent >= min(limit, left):
                break
            if refuses(client.access, 0.0):
                incident.kind = "gone"
            else:
                answered = answered or self._answers(client)
                if answered and self._infers():
                    return ""
            wait(min(pause, max(0.0, min(limit, left) - spent)))
            pause = min(2 * pause, LONGEST_PAUSE)
        if answered:
            return f"it answers again, and did not infer within {max(self._patience, self._warm_up):g} s"
        return f"it did not come back within {min(self._patience, left):.3g} s"

    def _answers(self, client: RestClient | GrpcClient) -> bool:
        """Whether anything at all is answered on a new connection."""
        try:
            with aside():
                return client.server_live(fresh=True, timeout=ASK_SECONDS).answered
        except (BudgetExhausted, AccessError, Untestable):
            return False

    def _infers(self) -> bool:
        """Whether the models that have inferred before infer again."""
        endpoint = self.endpoint
        routes = [] if endpoint is None else [model.route for model in endpoint.models if model.route.known is not None]
        try:
            with aside():
                return all(map(self._infers_again, routes[:MODELS]))
        except (BudgetExhausted, AccessError, Untestable):
            return False

    @staticmethod
    def _infers_again(route: AnyRoute) -> bool:
        known = route.known
        return known is None or route.ask(known.request, fresh=True, timeout=ASK_SECONDS * 5).ok

    def _client(self, exchange: Exchange) -> RestClient | GrpcClient:
        """The client whose address an exchange went to."""
        fitting = [client for client in self._clients if client.transport == exchange.transport]
        return (fitting or self._clients)[0]

    def _model_of(self, exchange: Exchange) -> ModelUnderTest | None:
        models = self.endpoint.models if self.endpoint is not None else []
        found = [model for model in models if f"/models/{model.name}/" in exchange.url]
        return next(iter(found or models), None)


def _lost_answer(exchange: Exchange) -> bool:
    """Whether no answer came, or one that breaks off: whoever goes away may have begun to answer."""
    return exchange.error is not None and (not exchange.answered or exchange.error.kind in BROKEN_OFF)


def _key(exchange: Exchange) -> str:
    return hashlib.sha256(f"{exchange.method} {exchange.url}\n".encode() + exchange.request_body).hexdigest()
