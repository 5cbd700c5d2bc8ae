"""Odd calls over gRPC: each ends in a status, and none in one that blames the server; what does is asked again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.criteria import Advice, Criterion
from harness.judging.passive.fair import grpc_blame
from harness.judging.passive.odd_requests import LONG, MANY, MARK, ODD_HEADERS
from harness.judging.still_serves import alive, serving
from harness.probing.grpc_calls import infer_message, named
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.access import Header

MISTAKE, HANG = "GRPC-ERR-03", Criterion.NO_HANG.clause
ANSWERED = Advice.ANSWERS_EVERYTHING.clause
AGAIN = 2
OF_SERVER = ("ServerLive", "ServerReady", "ServerMetadata")
OF_MODEL = ("ModelReady", "ModelMetadata")
NAMES = {"empty": "", "blank": " ", "nul": "a\0b", "astral": "\U0001f600", "path": "../a%2f", "long": "n" * 2000}
VERSIONS = {"word": "latest-a15", "negative": "-1", "fraction": "1.5", "huge": "9" * 40}
# Field 1000, an integer: readers pass over what they do not know.
UNKNOWN_FIELD = b"\xc0\x3e\x01"
METADATA: tuple[tuple[str, tuple[Header, ...]], ...] = (
    ("a long header", ((MARK.lower(), "a" * (LONG - 1024)),)),
    ("many headers", tuple((f"{MARK.lower()}-{n}", "a") for n in range(MANY))),
    ("odd headers", tuple((name.lower(), value) for name, value in ODD_HEADERS if value.isascii())),
)


@dataclass(frozen=True, slots=True)
class OddCall:
    """A call that is odd in one way."""

    kind: str
    name: str
    method: str
    message: bytes
    metadata: tuple[Header, ...] = ()


@dataclass(slots=True)
class OddCalls:
    """Sends odd calls, and reports each status that blames the server."""

    probe: Probe
    sent: int = 0

    def judge(self) -> None:
        """Every odd call."""
        for odd in self._all():
            self.sent += 1
            exchange = self._send(odd)
            if exchange.error is not None:
                self._unanswered(odd, exchange)
                continue
            root = grpc_blame(exchange, "neither")
            blamed = root is not None and self._stays(odd, root)
            raised = self.probe.endpoint.policy.criteria.server_error_for_client_mistake == "fail"
            self.probe.holds(not blamed, clause=MISTAKE, expected="a code that blames the client, and details",
                             observed=f"{odd.kind}: {odd.name}: {status_of(exchange)}", exchange=exchange, root=root,
                             by_policy=raised)  # fmt: skip

    def _stays(self, odd: OddCall, root: str) -> bool:
        """Whether the call is answered so again, and a valid one rightly."""
        again = [self._send(odd, fresh=True) for _ in range(AGAIN)]
        same = all(grpc_blame(each, "neither") == root for each in again)
        return same and alive(self.probe, patience=1.0).problem is None

    def _unanswered(self, odd: OddCall, exchange: Exchange) -> None:
        if not serving(self.probe, alive(self.probe), f"after {odd.kind}: {odd.name}"):
            self.probe.untestable("the endpoint serves no more")
        again = self._send(odd, fresh=True)
        observed = f"{odd.kind}: {odd.name}: {status_of(exchange)}, then {status_of(again)}"
        if again.timed_out and exchange.timed_out:
            self.probe.holds(False, clause=HANG, expected="a status in time", observed=observed, exchange=exchange,
                             root=f"no-answer-to:{odd.kind}")  # fmt: skip
        elif again.error is not None and not odd.metadata and not again.timed_out:
            self.probe.holds(False, clause=ANSWERED, expected="a status", observed=observed, exchange=exchange,
                             root=f"closed-over:{odd.kind}")  # fmt: skip
        else:
            self.probe.observe(observed)

    def _send(self, odd: OddCall, *, fresh: bool = False) -> Exchange:
        return self.probe.grpc.call(odd.method, odd.message, metadata=odd.metadata, fresh=fresh)

    def _all(self) -> Iterator[OddCall]:
        model = self.probe.model
        right = dict.fromkeys(OF_SERVER, b"")
        right |= {method: named(method, model.name, model.grpc.version).SerializeToString() for method in OF_MODEL}
        right["ModelInfer"] = infer_message(model).SerializeToString()
        for method, message in right.items():
            for kind, metadata in METADATA:
                yield OddCall(kind, method, method, message, metadata)
            yield OddCall("an unknown field", method, method, message + UNKNOWN_FIELD)
        for kind, texts in (("an odd name", NAMES), ("an odd version", VERSIONS)):
            for name, text in texts.items():
                asked = (text, None) if kind == "an odd name" else (model.name, text)
                for method in OF_MODEL:
                    yield OddCall(kind, f"{method}, {name}", method, named(method, *asked).SerializeToString())
                infer = infer_message(model)
                infer.model_name, infer.model_version = asked[0], asked[1] or ""
                yield OddCall(kind, f"ModelInfer, {name}", "ModelInfer", infer.SerializeToString())
