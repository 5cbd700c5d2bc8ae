"""Raw binary requests: a body without JSON (extension_binary_data.md, "Raw Binary Request")."""

from __future__ import annotations

from dataclasses import replace

from harness.check import check
from harness.judging.binary import Binary, entries_of, offered, parts_of, size_of
from harness.oracles.rows import row_request
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.wire.binary import LENGTH_HEADER, MEDIA_TYPE, BinaryBody
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest, TensorMetadata
from harness.wire.raw import as_bytes, to_raw
from harness.wire.tensor import product
from harness.wire.varied import all_binary

# Looks like an element with its length in front, and is six bytes of text without one.
LOOKS_PREFIXED = b"\x02\x00\x00\x00ab"


@check(
    "binary-raw-request",
    clauses=["BIN-14", "BIN-12"],
    duties=["A15-4-d"],
    criterion="with the length header 0 the body is the only input and all outputs are binary; of several, an error",
    per="model",
    needs=["binary-reply-lengths"],
    faults=[
        "raw-mode-refused",
        "raw-mode-plain-reply",
        "raw-mode-first-element-lost",
        "raw-mode-any-model",
        "raw-mode-bytes-prefixed",
    ],
    fix="Take the whole body as data of the only input where Inference-Header-Content-Length is 0.",
)
def binary_raw_request(probe: Probe) -> None:
    """A raw request is the data of the only input.

    Models with one input whose shape follows from the number of bytes (one dimension at most is variable): one row,
    sent raw; all outputs must be binary, with the values of the other forms. A byte too many should be refused.
    BYTES go without a length, as one element; where the metadata does not fix that it is one, a refusal is permitted.
    Models with several inputs must refuse.
    """
    with offered(probe) as binary:
        inputs = probe.model.metadata.inputs if probe.model.metadata else ()
        base = probe.model.rest.accepted().request
        if len(base.inputs) > 1 and len(inputs) > 1:
            _several(binary, base)
            return
        if len(inputs) != 1 or len(base.inputs) != 1 or inputs[0].shape.count(-1) > 1:
            probe.not_applicable("the metadata does not give one input with one variable dimension at most")
        if inputs[0].datatype == "BYTES":
            _text(binary, inputs[0], base)
            return
        request = row_request(base, 0) if inputs[0].shape[:1] == (-1,) and len(base.inputs[0].shape) > 1 else base
        plain = binary.json(request)
        if not plain.ok:
            probe.untestable(f"one row in JSON is answered {status_of(plain)}")
        _bare_taken(binary, request)
        part = to_raw(request.inputs[0].datatype, request.inputs[0].elements)
        exchange = _send(binary, part)
        if _all_binary(binary, exchange, f"{len(part)} bytes"):
            found = _unlike(binary, exchange, (plain, binary.infer(all_binary(request))))
            expected = "the outputs of the same input in JSON or after JSON"
            observed = found or "the same"
            binary.probe.holds(found is None, clause="BIN-14", expected=expected, observed=observed, exchange=exchange)
            _one_byte_more(binary, request, part)


def _bare_taken(binary: Binary, request: InferRequest) -> None:
    """End the check where the model needs what a raw request cannot carry: everything but the data."""
    bare = InferRequest(tuple(replace(tensor, parameters=None) for tensor in request.inputs))
    exchange = binary.json(bare) if bare != request else None
    if exchange is not None and not exchange.ok:
        binary.probe.not_applicable(f"without parameters or outputs the model takes nothing: {status_of(exchange)}")


def _send(binary: Binary, body: bytes) -> Exchange:
    headers = (("Content-Type", MEDIA_TYPE), (LENGTH_HEADER, "0"))
    return binary.probe.answered(binary.send(BinaryBody(body, headers)))


def _unlike(binary: Binary, exchange: Exchange, others: tuple[Exchange, ...]) -> str | None:
    """How the outputs differ from all others; to be like one is enough, as what is wrong there has its own check."""
    found = [binary.differ(exchange, other) for other in others if other.ok]
    return found[0] if found and None not in found else None


def _several(binary: Binary, request: InferRequest) -> None:
    first = request.inputs[0]
    exchange = _send(binary, to_raw(first.datatype, first.elements))
    observed = f"{len(request.inputs)} inputs: {status_of(exchange)}"
    binary.probe.holds(
        refused(exchange), clause="BIN-14", expected="an error status", observed=observed, exchange=exchange
    )


def _all_binary(binary: Binary, exchange: Exchange, what: str) -> bool:
    observed = f"{what}: {status_of(exchange)}"
    if not binary.probe.holds(
        exchange.ok, clause="BIN-14", expected="status 200", observed=observed, exchange=exchange
    ):
        return False
    plain = [
        str(entry.get("name"))
        for entry in entries_of(binary.split(exchange))
        if size_of(entry) is None and "data" in entry
    ]
    observed = f"{what}: {', '.join(plain) or 'no output'} in JSON"
    return binary.probe.holds(
        not plain, clause="BIN-14", expected="all outputs in binary", observed=observed, exchange=exchange
    )


def _one_byte_more(binary: Binary, request: InferRequest, part: bytes) -> None:
    """One byte is no element of a type with more than one."""
    if DATATYPES[request.inputs[0].datatype].size == 1:
        return
    exchange = _send(binary, part + b"\x01")
    observed = f"raw, {len(part) + 1} bytes: {status_of(exchange)}"
    binary.probe.holds(
        refused(exchange), clause="BIN-12", expected="an error status", observed=observed, exchange=exchange
    )


def _text(binary: Binary, described: TensorMetadata, request: InferRequest) -> None:
    """One element without a length; an echo shows whether the whole body is that element."""
    fixed = -1 not in described.shape
    if product([abs(size) for size in described.shape]) != 1:
        binary.probe.not_applicable("the only input is more than one element of BYTES")
    _bare_taken(binary, request)
    text = as_bytes(request.inputs[0].elements[0])
    echo = binary.probe.model.rest.echoes().get(described.name)
    for body in (text, LOOKS_PREFIXED):
        exchange = _send(binary, body)
        if refused(exchange) and (not fixed or body != text):
            binary.probe.observe(f"raw text of {len(body)} bytes is answered {status_of(exchange)}", "BIN-14")
            continue
        if _all_binary(binary, exchange, f"{len(body)} bytes of text") and echo is not None:
            part = parts_of(binary.split(exchange)).get(echo)
            observed = f"{body!r}: {part!r}"
            binary.probe.holds(part == to_raw("BYTES", [body]), clause="BIN-14", expected="the text as one element",
                         observed=observed, exchange=exchange)  # fmt: skip
    if not binary.probe.outcome.cases and binary.listed:
        binary.probe.not_applicable("the input of BYTES has a variable shape, and raw texts are refused")
