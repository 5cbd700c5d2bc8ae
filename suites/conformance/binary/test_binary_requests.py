"""Binary tensor data in requests: bytes of inputs after the JSON (Triton extension_binary_data.md).

All of it applies only where the extension is offered; see :mod:`harness.judging.binary`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from harness.check import NotApplicable, Untestable, check
from harness.endpoint.rest_route import outputs_of
from harness.endpoint.route import MANY_ROWS, with_id
from harness.judging.binary import NON_ASCII_ID, Binary, entries_of, is_listed, offered, size_of
from harness.judging.refusals import base_of
from harness.probing.probe import Probe
from harness.probing.replies import object_or_none, status_of
from harness.record.exchange import Exchange
from harness.wire.binary import LENGTH_HEADER, MEDIA_TYPE, binary_request
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor
from harness.wire.varied import all_binary, vary, wishing

# Enough bytes of one input for a server that reads a body in small pieces; and no more rows than any model is sent.
MANY_BYTES, MOST_ROWS = 2048, 600
MODELS_TRIED = 5


@check(
    "binary-listed-works",
    clauses=["BIN-01"],
    duties=["A15-4-d"],
    criterion="where binary_tensor_data is listed, a binary request is answered 200 on at least one model",
    faults=["binary-listed-refused", "binary-input-needs-data"],
    fix="List the extension only where it works, and then take binary inputs.",
)
def binary_listed_works(probe: Probe) -> None:
    """A server that lists binary tensor data takes binary requests.

    The accepted request of up to five models, with all inputs binary, labelled application/octet-stream and then
    application/json. Where the extension is not listed this does not apply; the other checks see whether it works.
    """
    if not is_listed(probe):
        probe.not_applicable("binary_tensor_data is not among the extensions")
    exchanges = list(_tried(probe))
    if not exchanges:
        probe.untestable("no model accepts a request that could be sent in binary")
    worked = [exchange for exchange in exchanges if exchange.ok]
    exchange = worked[0] if worked else exchanges[0]
    observed = f"{len(worked)} of {len(exchanges)} binary requests, first {status_of(exchanges[0])}"
    probe.holds(bool(worked), expected="status 200 for one of them", observed=observed, exchange=exchange)


def _tried(probe: Probe) -> Iterator[Exchange]:
    """Answers to binary requests, up to the first that works."""
    for model in probe.endpoint.models[:MODELS_TRIED]:
        with contextlib.suppress(Untestable, ValueError):
            body = binary_request(model.rest.accepted().request)
            for label in (MEDIA_TYPE, "application/json"):
                headers = [("Content-Type", label), *(each for each in body.headers if each[0] == LENGTH_HEADER)]
                exchange = probe.client.infer(model.name, body.body, model.address, headers)
                yield exchange
                if exchange.ok:
                    return


@check(
    "binary-request-works",
    clauses=["BIN-02"],
    duties=["A15-4-d"],
    criterion="a request with binary inputs is answered 200 where the same request in JSON is",
    per="model",
    faults=["binary-octet-stream-refused", "length-header-counts-characters", "binary-input-needs-data"],
    fix="Read the JSON up to Inference-Header-Content-Length bytes, then binary_data_size bytes for each binary input.",
)
def binary_request_works(probe: Probe) -> None:
    """Binary inputs are taken.

    The accepted request, with an id outside ASCII, and with more rows where the model takes them, up to a few thousand
    bytes; each in JSON and in binary, labelled application/octet-stream. What gets no answer in JSON is passed over.
    """
    with offered(probe) as binary:
        for name, _, exchange in _both_ways(binary):
            observed = f"{name}: {status_of(exchange)}"
            binary.probe.holds(exchange.ok, expected="status 200", observed=observed, exchange=exchange)
        names = sorted({tensor.datatype for tensor in probe.model.rest.accepted().request.inputs})
        probe.observe(f"binary inputs of type {', '.join(names)} were sent", "BIN-02")


@check(
    "binary-request-same-outputs",
    clauses=["BIN-02"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="a request with binary inputs gets the outputs of the same request in JSON",
    per="model",
    needs=["binary-request-works"],
    faults=["binary-rows-lost-above-1000", "binary-input-big-endian"],
    fix="Hand the model the same tensor, whichever way it came.",
)
def binary_request_same_outputs(probe: Probe) -> None:
    """Binary inputs mean what they mean in JSON.

    The same requests; outputs are compared on a model that answers alike, floats within the tolerance.
    """
    with offered(probe) as binary:
        for name, plain, exchange in _both_ways(binary):
            found = binary.differ(exchange, plain) if exchange.ok else None
            expected = "the outputs of the request in JSON"
            binary.probe.holds(
                found is None, expected=expected, observed=f"{name}: {found or 'the same'}", exchange=exchange
            )


def _both_ways(binary: Binary) -> Iterator[tuple[str, Exchange, Exchange]]:
    """Name, answer in JSON and answer in binary of each request that works in JSON."""
    for name, request in list(_requests(binary.probe)):
        plain = binary.json(request)
        if plain.ok:
            yield name, plain, binary.infer(request)


def _requests(probe: Probe) -> Iterator[tuple[str, InferRequest]]:
    plain = probe.model.rest.accepted().request
    yield "plain", plain
    answer = probe.infer(request_id=NON_ASCII_ID)
    if answer.ok and (object_or_none(answer) or {}).get("id") == NON_ASCII_ID:
        yield "id outside ASCII", with_id(plain, NON_ASCII_ID)
    for rows in (2, MANY_ROWS, rows_for(plain)):
        with contextlib.suppress(NotApplicable, Untestable):
            yield f"{rows} rows", probe.model.rest.batch(rows).request


def rows_for(request: InferRequest) -> int:
    """Rows that give each input a few thousand bytes, as far as a model may be sent that many."""
    least = min(_row_bytes(tensor) for tensor in request.inputs)
    return min(MOST_ROWS, max(MANY_ROWS + 1, -(-MANY_BYTES // max(least, 1))))


def _row_bytes(tensor: Tensor) -> int:
    entry = DATATYPES.get(tensor.datatype)
    rows = max(tensor.shape[0], 1) if tensor.shape else 1
    return (entry.size if entry and entry.size else 5) * len(tensor.elements) // rows


@check(
    "binary-inputs-in-request-order",
    clauses=["BIN-03"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="parts belong to the binary inputs in the order of the request, whichever inputs are binary",
    per="model",
    needs=["binary-request-works"],
    faults=[
        "parts-in-model-order",
        "second-part-is-first",
        "part-behind-json-input-shifted",
        "mixed-request-refused",
    ],
    fix="Walk the inputs in the order of the request and cut off each binary one's size; the others own no bytes.",
)
def binary_inputs_in_request_order(probe: Probe) -> None:
    """Bytes belong to inputs in the order of the request.

    A request with several inputs in both orders: all binary, then each input alone in JSON, then each alone in binary.
    Each is compared with the same request in JSON. Every input has values of its own.
    """
    with offered(probe) as binary:
        base = base_of(probe).request
        if len(base.inputs) < 2:
            probe.not_applicable("the model has one input only")
        for request in (base, vary(base, inputs=base.inputs[::-1])):
            plain = binary.json(request)
            for names in _subsets([tensor.name for tensor in request.inputs]) if plain.ok else ():
                exchange = binary.infer(request, *names)
                found = binary.differ(exchange, plain) if exchange.ok else status_of(exchange)
                order = ", ".join(f"{each.name}{'*' if each.name in names else ''}" for each in request.inputs)
                expected = "status 200 and the outputs of the request in JSON"
                observed = f"{order} (* binary): {found or 'the same'}"
                binary.probe.holds(found is None, expected=expected, observed=observed, exchange=exchange)


def _subsets(names: list[str]) -> list[list[str]]:
    """All, all but one, and one alone; of two names the last two kinds are the same."""
    found = [names, *([each for each in names if each != name] for name in names), *([name] for name in names)]
    return [each for position, each in enumerate(found) if each not in found[:position]][:12]


@check(
    "binary-answer-plain-unless-asked",
    clauses=["BIN-04"],
    duties=["A15-4-d"],
    criterion="where no output is asked for in binary, the answer is JSON with data in every output",
    per="model",
    needs=["binary-request-works"],
    faults=["binary-unasked", "plain-reply-labelled-octet", "binary-data-false-is-true"],
    fix="Answer in binary only what is asked for with binary_data or binary_data_output.",
)
def binary_answer_plain_unless_asked(probe: Probe) -> None:
    """An answer is plain JSON unless binary was asked for.

    A binary request that asks for nothing, one that asks for every output with binary_data false, one with
    binary_data_output false, and one after another that asked for binary.
    """
    with offered(probe) as binary:
        base = probe.model.rest.accepted().request
        names = list(outputs_of(probe.model.rest.accepted().exchange))
        requests = {
            "nothing asked": base,
            "binary_data false": wishing(base, dict.fromkeys(names, False)),
            "binary_data_output false": wishing(base, every=False),
        }
        for name, request in requests.items():
            _is_plain(binary, name, binary.infer(request))
        binary.infer(all_binary(base))
        _is_plain(binary, "after a request for binary", binary.infer(base))


def _is_plain(binary: Binary, name: str, exchange: Exchange) -> None:
    """One case: whether an answer is JSON with data; an answer that is none is another check's finding."""
    if not exchange.ok:
        binary.probe.observe(f"{name}: {status_of(exchange)}", "BIN-04")
        return
    problem = _not_plain(binary, exchange)
    observed = f"{name}: {problem or 'JSON with data'}"
    binary.probe.holds(problem is None, expected="JSON with data", observed=observed, exchange=exchange)


def _not_plain(binary: Binary, exchange: Exchange) -> str | None:
    if exchange.media_type == MEDIA_TYPE:
        return f"labelled {MEDIA_TYPE}"
    split = binary.split(exchange)
    if split.rest:
        return f"{len(split.rest)} bytes follow the JSON"
    for entry in entries_of(split):
        if "data" not in entry or size_of(entry) is not None:
            return f"output {entry.get('name')!r} {'announces bytes' if 'data' in entry else 'has no data'}"
    return None
