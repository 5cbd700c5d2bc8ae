"""The binary tensor data extension at an endpoint: whether it is offered, and what it is asked for.

Where server metadata lists the extension, its clauses bind. Where it does not, but binary requests work, nothing was
promised: what holds counts, what does not is recorded and held against nobody (BIN-01).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from harness.check import Inconclusive, NotApplicable, Untestable
from harness.oracles.equality import elements_differ
from harness.probing.advisory import AdvisoryCases
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.record.intent import meant
from harness.wire.binary import (
    EXTENSION,
    BinaryBody,
    NotBinary,
    SplitReply,
    binary_request,
    read_binary_reply,
    split_reply,
)
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor

# JSON readers may keep integers as doubles, which are exact up to here; beyond, JSON is no witness against binary.
EXACT = 1 << 53
# Longer in UTF-8 than in characters: a length that counts characters ends within the JSON.
NON_ASCII_ID = "ключ-鍵-é"


@dataclass(slots=True)
class Binary:
    """The extension as offered for the model of a check."""

    probe: Probe
    listed: bool

    def settle(self) -> None:
        """Count what held of clauses that were never missed; see nothing else where the extension is not listed."""
        advisory, self.probe.advisory = self.probe.advisory, None
        if advisory is None:
            return
        for case in advisory.counting():
            self.probe.holds(
                True, clause=case.clause, expected=case.expected, observed=case.observed, exchange=case.exchange
            )
        if advisory.missed and not self.probe.outcome.cases:
            missed = ", ".join(sorted(advisory.missed))
            self.probe.not_applicable(f"{EXTENSION} works, but is not listed: that {missed} was not met is recorded")

    def send(self, body: BinaryBody, *, accept_encoding: str = "identity") -> Exchange:
        """Send a body to the model."""
        return send(self.probe, body, accept_encoding=accept_encoding)

    def infer(self, request: InferRequest, *names: str) -> Exchange:
        """Send a request whose inputs ``names`` (none given: all) are binary; a whole answer, or it is untestable."""
        # Where nothing is promised, what is sent to see whether it works is no valid request.
        with meant("valid" if self.listed else "neither"):
            return self.probe.answered(self.send(self.body(request, *names)))

    def body(self, request: InferRequest, *names: str) -> BinaryBody:
        """The body of such a request; untestable where the model's accepted values have no binary form."""
        try:
            return binary_request(request, names or None)
        except ValueError as error:
            self.probe.untestable(f"the request has no binary form: {error}")

    def json(self, request: InferRequest) -> Exchange:
        """Send a request in JSON, nested where the model insists on it."""
        route = self.probe.model.rest
        return self.probe.answered(route.infer(route.body_of(request)))

    def split(self, exchange: Exchange) -> SplitReply:
        """The JSON of an answer and the bytes behind it; untestable where it cannot be split: BIN-09 says so."""
        try:
            return split_reply(exchange)
        except NotBinary as error:
            self.probe.untestable(f"the answer cannot be read: {error}")

    def outputs(self, exchange: Exchange) -> Mapping[str, Tensor]:
        """All outputs of an answer, binary or not; untestable where they cannot be read."""
        try:
            return read_binary_reply(exchange).outputs
        except NotBinary as error:
            self.probe.untestable(f"the answer cannot be read: {error}")

    def differ(self, exchange: Exchange, plain: Exchange, *names: str) -> str | None:
        """Where outputs ``names`` (none given: all) of an answer differ from those of one in JSON, in words.

        Ends the check on a model that is not steady.
        """
        self.probe.steady()
        wanted = self.outputs(plain)
        try:
            found = read_binary_reply(exchange).outputs
        except NotBinary as error:
            return f"the answer cannot be read: {error}"
        chosen = names or (*wanted, *found)
        return outputs_differ(
            {name: tensor for name, tensor in found.items() if name in chosen},
            {name: tensor for name, tensor in wanted.items() if name in chosen},
        )


@contextmanager
def offered(probe: Probe) -> Iterator[Binary]:
    """The extension for the model of a check; not applicable where it is neither listed nor seen to work."""
    binary = Binary(probe, is_listed(probe))
    if not binary.listed:
        _seen_to_work(binary)
        probe.advisory = AdvisoryCases()
    try:
        yield binary
    except (Untestable, Inconclusive) as error:
        if binary.listed:
            raise
        binary.settle()
        raise NotApplicable(f"{EXTENSION} is not listed, and: {error}") from None
    binary.settle()


def is_listed(probe: Probe) -> bool:
    """Whether server metadata lists the extension."""
    return probe.endpoint.extension(EXTENSION)


def send(probe: Probe, body: BinaryBody, *, accept_encoding: str = "identity") -> Exchange:
    """Send a body to the model of a check."""
    path = probe.client.model_path(probe.model.name, probe.model.address, "infer")
    return probe.client.send("POST", path, body.body, body.headers, accept_encoding=accept_encoding)


def _seen_to_work(binary: Binary) -> None:
    probe = binary.probe
    try:
        exchange = binary.infer(probe.accepted().request)
    except Untestable as error:
        probe.not_applicable(f"{EXTENSION} is not listed, and cannot be tried: {error}")
    if not exchange.ok:
        probe.not_applicable(f"{EXTENSION} is not listed, and a binary request is answered {status_of(exchange)}")
    probe.observe(f"{EXTENSION} works, but is not listed: its clauses are advisory")


def entries_of(split: SplitReply) -> list[dict[str, Any]]:
    """The entries of outputs that are objects, in order."""
    outputs = split.value.get("outputs")
    return [each for each in outputs if isinstance(each, dict)] if isinstance(outputs, list) else []


def parts_of(split: SplitReply) -> dict[str, bytes]:
    """The bytes of each binary output by name, cut by the sizes alone; of two with one name, the first."""
    found: dict[str, bytes] = {}
    rest = split.rest
    for entry in entries_of(split):
        size = size_of(entry)
        if isinstance(size, int) and is_size(size):
            found.setdefault(str(entry.get("name")), rest[:size])
            rest = rest[size:]
    return found


def size_of(entry: Mapping[str, Any]) -> object:
    """What an output gives as its ``binary_data_size``, of any JSON type; None if nothing."""
    parameters = entry.get("parameters")
    return parameters.get("binary_data_size") if isinstance(parameters, dict) else None


def is_size(size: object) -> bool:
    """Whether a value is a number of bytes."""
    return isinstance(size, int) and not isinstance(size, bool) and size >= 0


def outputs_differ(found: Mapping[str, Tensor], plain: Mapping[str, Tensor]) -> str | None:
    """Where outputs differ from those of a JSON answer, in words; None if they agree, floats within the tolerance.

    What JSON cannot carry says nothing: null or text for a number, integers above 2^53, texts that are no UTF-8.
    """
    if set(found) != set(plain):
        return f"outputs {sorted(found)} against {sorted(plain)}"
    for name, tensor in found.items():
        one, other = tensor.elements, plain[name].elements
        if len(one) == len(other):
            pairs = [pair for pair in zip(one, other, strict=True) if _carried(tensor.datatype, *pair)]
            one, other = tuple(first for first, _ in pairs), tuple(second for _, second in pairs)
        problem = elements_differ(one, other, exact=False)
        if problem is not None:
            return f"output {name!r}: {problem}"
    return None


def _carried(datatype: str, one: object, other: object) -> bool:
    """Whether JSON could have carried both elements."""
    for element in (one, other):
        if element is None or (datatype != "BYTES" and isinstance(element, str)):
            return False
        if isinstance(element, int) and abs(element) > EXACT:
            return False
        if isinstance(element, bytes) and b"\xef\xbf\xbd" in element.decode("utf-8", "replace").encode():
            return False
    return True
