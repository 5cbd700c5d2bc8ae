"""Odd requests: each is answered, by something else than a breakdown of the server; what is not is asked again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from harness.criteria import Advice, Criterion
from harness.judging.passive.fair import UNKNOWN, may_say_no
from harness.judging.passive.looks import server_error_root
from harness.judging.passive.odd_requests import (
    ODD_HEADERS,
    OddRequest,
    OddRoute,
    odd_inferences,
    odd_names,
    odd_to,
    with_headers,
)
from harness.judging.ready_infers import server_failed
from harness.judging.still_serves import alive, serving, valid_body
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.record.intent import meant

MISTAKE, HANG = "REST-ERR-05", Criterion.NO_HANG.clause
ANSWERED = Advice.ANSWERS_EVERYTHING.clause
AGAIN = 2
# Routes on which odd headers that were refused together are sent one by one.
SPLIT = 2
# A server may close a connection over a head that is longer than it reads.
MAY_CLOSE = ("a long header", "many headers")


def routes_of(probe: Probe, *, server: bool) -> list[OddRoute]:
    """The routes of the model under test, and with ``server`` those that name no model."""
    client, model = probe.client, probe.model
    body = valid_body(model)
    path = partial(client.model_path, model.name, model.address)
    nobody = partial(client.model_path, UNKNOWN_MODEL, model.address)
    found = [
        OddRoute("GET", path(), of_nobody=nobody()),
        OddRoute("GET", path("ready"), of_nobody=nobody("ready")),
        OddRoute("POST", path("infer"), body, of_nobody=nobody("infer")),
    ]
    if not server:
        return found
    paths = [f"/{probe.endpoint.metadata_path.rstrip('/')}", "/v2/health/live", "/v2/health/ready"]
    found += [OddRoute("GET", each) for each in paths]
    if probe.endpoint.extension("model_repository"):
        found.append(OddRoute("POST", "/v2/repository/index", b"{}"))
    return found


@dataclass(slots=True)
class OddRequests:
    """Sends odd requests and reports each class once for each thing that is wrong."""

    probe: Probe
    sent: int = 0
    split: int = 0

    def all(self, *, server: bool) -> Iterator[OddRequest]:
        """Every odd request but those of odd headers."""
        routes = routes_of(self.probe, server=server)
        for route in routes:
            yield from odd_to(route)
        infer = next(route for route in routes if route.path.endswith("/infer"))
        yield from odd_inferences(infer)
        yield from odd_names(quote(self.probe.model.name, safe=""), infer.body or b"", server=server)

    def judge(self, requests: Iterable[OddRequest]) -> None:
        """Send each and judge it; those that depend on nothing are asked ahead."""
        every = list(requests)
        self.probe.endpoint.ahead.ask(partial(self._send, each) for each in every)
        for each in every:
            self.one(each, self._send(each))

    def headers(self, route: OddRoute) -> None:
        """Send all odd headers at once, and one by one where that is not answered as the plain request is."""
        plain = self._send(OddRequest("", "", route.method, route.path, route.body))
        every = with_headers(route, "odd headers", ODD_HEADERS)
        with meant("open"):  # which of them it is, if any, is what counts
            together = self._send(every)
        if together.error is None and together.status == plain.status:
            self.probe.holds(True, clause=MISTAKE, expected="", observed="")
            return
        if self.split >= SPLIT and not server_failed(together):
            return
        self.split += 1
        before = len(self.probe.outcome.violations)
        self.judge(with_headers(route, f"the header {header[0]}", (header,)) for header in ODD_HEADERS)
        if len(self.probe.outcome.violations) == before:
            self.one(every, together)

    def one(self, odd: OddRequest, exchange: Exchange) -> None:
        """One case: an answer that is no breakdown."""
        self.sent += 1
        observed = f"{odd.kind}: {odd.name}: {status_of(exchange)}"
        if server_failed(exchange) and not _says_no(odd, exchange):
            again = [self._send(odd, fresh=True) for _ in range(AGAIN)]
            # What fails by itself now says nothing of what was odd.
            if all(map(server_failed, again)) and alive(self.probe, patience=1.0).problem is None:
                raised = self.probe.endpoint.policy.criteria.server_error_for_client_mistake == "fail"
                expected, root = "an answer, or a status from 400 to 499", server_error_root(exchange, "neither")
                self.probe.holds(False, clause=MISTAKE, expected=expected, observed=observed, exchange=exchange,
                                 root=root, by_policy=raised)  # fmt: skip
            return
        if exchange.error is not None:
            self._unanswered(odd, exchange, observed)
            return
        self.probe.holds(True, clause=MISTAKE, expected="", observed="")

    def _unanswered(self, odd: OddRequest, exchange: Exchange, observed: str) -> None:
        if not serving(self.probe, alive(self.probe), f"after {odd.kind}: {odd.name}"):
            self.probe.untestable("the endpoint serves no more")
        again = self._send(odd, fresh=True)
        if again.error is None or exchange.cut:
            self.probe.observe(f"{observed}, then {status_of(again)}")
        elif again.timed_out and exchange.timed_out:
            self.probe.holds(False, clause=HANG, expected="an answer in time", observed=f"{observed}, twice",
                             exchange=exchange, root=f"no-answer-to:{odd.kind}")  # fmt: skip
        elif odd.kind in MAY_CLOSE:
            self.probe.observe(f"{observed}, twice: the connection ends without an answer")
        else:
            expected, root = "an answer, if only a refusal", f"closed-over:{odd.kind}"
            self.probe.holds(False, clause=ANSWERED, expected=expected, observed=f"{observed}, twice",
                             exchange=exchange, root=root)  # fmt: skip

    def _send(self, odd: OddRequest, *, fresh: bool = False) -> Exchange:
        return self.probe.client.send(odd.method, odd.path, odd.body, odd.headers, fresh=fresh)


def _says_no(odd: OddRequest, exchange: Exchange) -> bool:
    """Whether a 5xx is how the endpoint says that something is not ready, or is not there."""
    return may_say_no(exchange) and (exchange.status == 503 or odd.kind in UNKNOWN)
