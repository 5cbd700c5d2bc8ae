"""The two forms of tensors over gRPC, typed and raw: what carries the elements, and whether an echo keeps them.

May be imported without the extra ``grpc``, as :mod:`harness.probing.grpc_replies` may.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.check import NotApplicable, Untestable
from harness.endpoint.rest_route import outputs_of
from harness.endpoint.route import MANY_ROWS, with_id
from harness.generate.boundaries import full_range
from harness.generate.members import carried
from harness.generate.values import raw_lists
from harness.judging.own_limits import ordinary_are_taken
from harness.oracles.changes import value_root
from harness.oracles.transports import answers_differ, bits_differ
from harness.probing.grpc_data import output_elements
from harness.probing.grpc_replies import differ, infer_reply, outputs
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest, TensorMetadata
from harness.wire.varied import vary

if TYPE_CHECKING:
    from harness.wire.protobuf import Form

# Roots that checks of several clauses share.
TYPED_REFUSED = "grpc-typed-contents-refused"
RAW_REFUSED = "grpc-raw-contents-refused"
REPLY_DATA = "grpc-reply-data"


@dataclass(frozen=True, slots=True)
class EchoedInput:
    """An input whose values an output was seen to give back."""

    source: str
    output: str
    datatype: str


def described_inputs(probe: Probe) -> dict[str, TensorMetadata]:
    """Inputs by name, as over REST where there is REST: whether gRPC agrees is a matter of its own (GRPC-META-06)."""
    metadata = probe.model.metadata or probe.model.grpc.metadata
    return {tensor.name: tensor for tensor in (metadata.inputs if metadata else ())}


def base_request(probe: Probe) -> InferRequest:
    """A request that the model accepts over gRPC; if none with elements was found there, the one accepted over REST."""
    found: InferRequest | None = None
    try:
        found = probe.model.grpc.accepted().request
    except Untestable:
        if probe.endpoint.rest is None:
            raise
    if found is not None and (probe.endpoint.rest is None or _has_elements(found)):
        return found
    return probe.accepted().request


def _has_elements(request: InferRequest) -> bool:
    return all(tensor.elements for tensor in request.inputs)


def batch_request(probe: Probe, rows: int = 3) -> InferRequest:
    """The same with several rows, where the model takes them."""
    try:
        return probe.model.grpc.batch(rows).request
    except (NotApplicable, Untestable):
        return base_request(probe)


def typable(request: InferRequest) -> bool:
    """Whether every input has a typed form (FP16 and BF16 have none)."""
    known = [DATATYPES.get(tensor.datatype) for tensor in request.inputs]
    return all(each is not None and each.grpc_field is not None for each in known)


def echoes_of(probe: Probe, *datatypes: str) -> list[EchoedInput]:
    """Echoes of these data types, of any length.

    Where there is REST, its answers say what is an echo, so that a reply over gRPC that cannot be read is no excuse.
    """
    found: dict[str, str] = {}
    if not _has_elements(base_request(probe)):
        return []  # what an empty tensor gives back shows nothing, and its neighbours could not be filled up
    with contextlib.suppress(Untestable):
        found = probe.model.grpc.echoes()
    if probe.endpoint.rest is not None:
        found = {**found, **probe.model.rest.echoes()}
    known = described_inputs(probe)
    return [
        EchoedInput(name, output, known[name].datatype)
        for name, output in found.items()
        if name in known and known[name].datatype in datatypes and known[name].shape[:1] == (-1,)
    ]  # fmt: skip


def replies(probe: Probe) -> Iterator[tuple[str, Exchange, Any]]:
    """OK replies of many kinds, as ``(words, exchange, message)``: one row and many, with id, outputs named, echoes."""
    base = base_request(probe)
    requests = {"one request": base, "a request with an id": with_id(base, "15")}
    if (turned := outputs_reversed(probe, base)) is not None:
        requests["outputs in reverse"] = turned
    for rows in (2, MANY_ROWS):
        with contextlib.suppress(NotApplicable, Untestable):
            requests[f"{rows} rows"] = probe.model.grpc.batch(rows).request
    for echo in echoes_of(probe, *DATATYPES):
        requests[f"edges of {echo.datatype}"] = probe.model.with_elements(base, echo.source, full_range(echo.datatype))
    asks = [partial(probe.model.grpc.infer, request, form) for request in requests.values() for form in forms(request)]
    probe.endpoint.ahead.ask(asks)
    for words, request in requests.items():
        for form in forms(request):
            exchange = probe.model.grpc.infer(request, form)
            message, _ = infer_reply(exchange)
            if message is not None:
                yield f"{words}, {form}", exchange, message


def not_as_raw_bytes(probe: Probe, request: InferRequest, exchange: Exchange) -> None:
    """End the check where a raw request is refused and has BYTES: OIP does not say how they look (GRPC-RAW-06)."""
    if refused(exchange) and any(tensor.datatype == "BYTES" for tensor in request.inputs):
        probe.not_applicable(f"raw BYTES are refused, as they may be: {status_of(exchange)}")


def outputs_reversed(probe: Probe, request: InferRequest) -> InferRequest | None:
    """The request with all outputs of the metadata asked for, last one first; None for a single output."""
    metadata = probe.model.metadata or probe.model.grpc.metadata
    names = tuple(tensor.name for tensor in (metadata.outputs if metadata else ()))[::-1]
    return vary(request, outputs=names) if len(names) > 1 else None


def forms(request: InferRequest) -> tuple[Form, ...]:
    """The forms that a request can have."""
    return ("typed", "raw") if typable(request) else ("raw",)


def echo_once(probe: Probe, echo: EchoedInput, values: Sequence[Any], form: Form) -> tuple[Exchange, str | None]:
    """Send values to an echo: the exchange, and which of them was lost, in words."""
    request = probe.model.with_elements(base_request(probe), echo.source, tuple(values))
    exchange = probe.answered(_sent_to(probe, echo, values, form))
    if refused(exchange):
        elements_were_refused(probe, echo.source, len(values))
    message, problem = infer_reply(exchange)
    elements, problem = ((), problem) if message is None else output_elements(message, echo.output, echo.datatype)
    if problem is not None:
        return exchange, problem
    found = bits_differ(echo.datatype, carried(request, echo.source), elements)
    if found is not None and _same_over_rest(probe, request, echo.output, elements):
        probe.observe(f"{echo.datatype}: {found}, over REST as well: the model itself does so")
        return exchange, None
    return exchange, None if found is None else f"sent and returned: {found}"


def elements_were_refused(probe: Probe, source: str, count: int) -> None:
    """Go on where as many ordinary elements are taken in one form at least."""
    base = base_request(probe)
    ways = [partial(probe.model.grpc.infer, form=form) for form in forms(base)]
    ordinary_are_taken(probe, base, source, count, *ways)


def _sent_to(probe: Probe, echo: EchoedInput, values: Sequence[Any], form: Form) -> Exchange:
    return probe.model.grpc.infer(probe.model.with_elements(base_request(probe), echo.source, tuple(values)), form)


def _same_over_rest(probe: Probe, request: InferRequest, output: str, returned: Sequence[Any]) -> bool:
    """Whether REST gives the very same values for the request: then it is the model that changes them."""
    if probe.endpoint.rest is None:
        return False
    try:
        exchange = probe.model.rest.infer(request)
    except ValueError:
        return False  # NaN, or bytes that are no text: nothing that JSON could carry
    tensor = outputs_of(exchange).get(output) if exchange.ok else None
    return tensor is not None and bits_differ(tensor.datatype, tensor.elements, returned) is None


def against_typed(probe: Probe, request: InferRequest, raw: Exchange) -> str | None:
    """Where the raw form differs from the typed one, unless REST says that it is the typed one that is wrong."""
    typed = probe.answered(probe.model.grpc.infer(request, "typed"))
    if not typed.ok or not outputs(typed):
        return None  # nothing to compare with; the typed form has its own clauses
    found = differ(probe, raw, typed)
    if found is None or probe.endpoint.rest is None:
        return found
    over_rest = outputs_of(probe.model.rest.infer(request))
    return None if over_rest and answers_differ(outputs(raw), over_rest) is None else found


def keeps(
    probe: Probe, echo: EchoedInput, values: Sequence[Any], form: Form, clause: str, *, may_refuse: bool = False
) -> bool:
    """One case: whether an echo gives values back bit for bit (``may_refuse``: or refuses them, which is recorded)."""
    exchange, lost = echo_once(probe, echo, values, form)
    if may_refuse and refused(exchange):
        probe.observe(f"{echo.datatype}, {form}: {list(values)!r} is answered {status_of(exchange)}", clause)
        return probe.holds(True, clause=clause, expected="a refusal, or the values", observed="refused")
    observed = f"{echo.datatype}, {form}: {lost or 'kept'}"
    expected = f"{list(values)!r} back"
    root = None
    if lost and exchange.ok:
        root = _lost_root(probe, echo, values, exchange) if outputs(exchange) else REPLY_DATA
    return probe.holds(
        lost is None, clause=clause, expected=expected, observed=observed, exchange=exchange, root=root
    )  # fmt: skip


def _lost_root(probe: Probe, echo: EchoedInput, values: Sequence[Any], exchange: Exchange) -> str | None:
    message, _ = infer_reply(exchange)
    if message is None:
        return None
    elements, problem = output_elements(message, echo.output, echo.datatype)
    sent = carried(probe.model.with_elements(base_request(probe), echo.source, tuple(values)), echo.source)
    return value_root(echo.datatype, sent, elements) if problem is None else None


def keeps_all(probe: Probe, datatypes: Sequence[str], form: Form, clause: str) -> None:
    """Every echo of the data types keeps the edges of its range, and drawn values."""
    for echo in echoes_of(probe, *datatypes):
        if form == "typed" and not typable(base_request(probe)):
            continue
        if keeps(probe, echo, full_range(echo.datatype), form, clause):
            draws_kept(probe, echo, form, clause)


def draws_kept(probe: Probe, echo: EchoedInput, form: Form, clause: str) -> None:
    """Draw values of the type; the smallest list that does not come back is one more case."""
    found = probe.search(
        raw_lists(echo.datatype),
        lambda values: echo_once(probe, echo, values, form)[1] is None,
        sends=lambda values: _sent_to(probe, echo, values, form),
    )
    if found is not None:
        keeps(probe, echo, found.smallest, form, clause)
