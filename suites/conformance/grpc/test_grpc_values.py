"""Raw values of the datatypes that need words of their own: BYTES, byte order, FP16, BOOL."""

from __future__ import annotations

from typing import Any

from harness.check import check
from harness.endpoint.rest_route import outputs_of
from harness.generate.boundaries import MANY_BYTES, NOT_UTF8, full_range
from harness.generate.members import carried
from harness.judging.grpc_forms import (
    RAW_REFUSED,
    REPLY_DATA,
    against_typed,
    base_request,
    batch_request,
    echoes_of,
    elements_were_refused,
    forms,
    keeps,
    keeps_all,
    not_as_raw_bytes,
    replies,
    typable,
)
from harness.oracles.halves import OTHER, read_as_the_other
from harness.oracles.transports import answers_differ
from harness.probing.grpc_data import filled
from harness.probing.grpc_replies import infer_reply, outputs
from harness.probing.grpc_swapped import bytes_swapped, entries_swapped
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor


@check(
    "grpc-raw-bytes",
    clauses=["GRPC-RAW-06"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="raw BYTES with 4-byte lengths are refused, or each element is what stands behind its length",
    per="model",
    needs=[],
    faults=["grpc-raw-bytes-prefix-as-data", "grpc-raw-bytes-unprefixed", "grpc-raw-bytes-text-only",
            "grpc-bytes-cut-at-nul"],
    fix="Put a 4-byte little-endian length before each element of raw BYTES, and take it off again.",
    transport="grpc",
)  # fmt: skip
def grpc_raw_bytes(probe: Probe) -> None:
    """Raw BYTES have a length before each element, or are refused.

    The accepted request raw, against its typed form; echoes are sent text, empty strings, NUL and bytes that are no
    UTF-8. OIP does not describe the layout: a refusal is right, and recorded.
    """
    base = batch_request(probe)
    if not any(tensor.datatype == "BYTES" for tensor in base.inputs):
        probe.not_applicable("the model has no BYTES input")
    exchange = probe.answered(probe.model.grpc.infer(base, "raw"))
    probe.observe(f"raw BYTES are answered {status_of(exchange)}", "GRPC-RAW-06")
    if refused(exchange):
        probe.holds(True, expected="a refusal, or the same outputs", observed="refused", exchange=exchange)
        return
    found = "the reply cannot be read"
    if outputs(exchange):
        found = (against_typed(probe, base, exchange) if typable(base) else None) or ""
    expected = "a refusal, or the outputs of typed contents"
    probe.holds(not found, expected=expected, observed=found or "the same outputs", exchange=exchange)
    for echo in echoes_of(probe, "BYTES"):
        for values in (MANY_BYTES, NOT_UTF8):
            keeps(probe, echo, values, "raw", "GRPC-RAW-06", may_refuse=True)


@check(
    "grpc-raw-byte-order",
    clauses=["GRPC-RAW-07"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="raw numbers, and lengths of raw BYTES, are little-endian in requests and in replies",
    per="model",
    needs=[],
    faults=["grpc-raw-big-endian", "grpc-raw-big-endian-replies", "grpc-raw-bytes-big-endian"],
    fix="Write and read raw entries in little-endian byte order, whatever the machine.",
    transport="grpc",
)
def grpc_raw_byte_order(probe: Probe) -> None:
    """Raw entries are little-endian.

    A raw request against the same in typed form, or over REST. Only if they agree once the bytes of the request, of the
    reply or of both are reversed is the order at fault; any other difference belongs to the layout (GRPC-RAW-02).
    Refused BYTES are sent once more with big-endian lengths.
    """
    request = batch_request(probe)
    wide = [name for name in (tensor.datatype for tensor in request.inputs) if (DATATYPES[name].size or 4) > 1]
    raw = probe.answered(probe.model.grpc.infer(request, "raw"))
    if not wide and not any((DATATYPES[each.datatype].size or 4) > 1 for each in outputs(raw).values()):
        probe.not_applicable("every element is one byte long")
    probe.steady()
    order, exchange = _order(probe, request, _references(probe, request))
    probe.holds(
        order == "little-endian", expected="little-endian both ways", observed=order, exchange=exchange or raw
    )  # fmt: skip


def _references(probe: Probe, request: InferRequest) -> list[dict[str, Tensor]]:
    """What the request is answered where no byte order is involved: typed both ways, and JSON."""
    found = []
    if typable(request):
        exchange = probe.model.grpc.infer(request, "typed")
        message, _ = infer_reply(exchange)
        if message is not None and not message.raw_output_contents:
            found.append(outputs(exchange))
    if probe.endpoint.rest is not None:
        found.append(outputs_of(probe.model.rest.infer(request)))
    return [each for each in found if each] or probe.not_applicable(
        "neither typed contents nor REST give values to compare with"
    )


def _order(probe: Probe, request: InferRequest, references: list[dict[str, Tensor]]) -> tuple[str, Any]:
    """The byte order under which a raw exchange agrees with a reference, in words, and the exchange."""
    for turned, words in ((False, ""), (True, "big-endian in requests")):
        exchange = probe.model.grpc.infer(request, "raw", entries_swapped if turned else None)
        for back in (False, True):
            found = bytes_swapped(exchange) if back else outputs(exchange)
            if found and any(answers_differ(found, each) is None for each in references):
                said = " and ".join(each for each in (words, "big-endian in replies" if back else "") if each)
                return said or "little-endian", exchange
    not_as_raw_bytes(probe, request, exchange)
    return probe.untestable("raw contents give other values under either byte order, or are refused")


@check(
    "grpc-raw-halves",
    clauses=["GRPC-RAW-09"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="raw FP16 is taken with two bytes an element, answered raw with as many, and kept bit for bit by an echo",
    per="model",
    needs=[],
    faults=[
        "grpc-fp16-in-fp32-contents",
        "grpc-fp16-refused",
        "grpc-fp16-as-fp32",
        "grpc-fp16-denormals-flushed",
        "grpc-fp16-read-as-bf16",
    ],
    fix="Carry FP16 in raw contents, two bytes an element, in both directions.",
    transport="grpc",
)
def grpc_raw_halves(probe: Probe) -> None:
    """FP16 travels raw, two bytes an element.

    The accepted request raw, of which no output gives what the bytes say as BF16, the form of every FP16 output, and on
    an echo halves across the whole range and drawn ones.
    """
    request = batch_request(probe)
    if any(tensor.datatype == "FP16" for tensor in request.inputs):
        exchange = probe.answered(probe.model.grpc.infer(request, "raw"))
        probe.holds(exchange.ok, expected="OK to raw FP16", observed=status_of(exchange), exchange=exchange)
        for tensor in request.inputs:
            for name, output in outputs(exchange).items():
                if read_as_the_other(tensor, output):
                    observed = f"{name} gives the bytes of {tensor.name} read as {OTHER[tensor.datatype]}"
                    probe.holds(False, expected=tensor.datatype, observed=observed, exchange=exchange)
    for words, exchange, message in replies(probe):
        for output in message.outputs:
            if output.datatype == "FP16" and (filled(output) or message.raw_output_contents):
                observed = f"{words}: output {output.name!r} in {', '.join(filled(output)) or 'a raw entry'}"
                probe.holds(not filled(output), expected="FP16 in a raw entry", observed=observed, exchange=exchange,
                            root=REPLY_DATA)  # fmt: skip
    keeps_all(probe, ("FP16",), "raw", "GRPC-RAW-09")
    if not probe.outcome.cases:
        probe.not_applicable("the model has no FP16")


@check(
    "grpc-raw-bool",
    clauses=["GRPC-RAW-12"],
    duties=["A15-4-d"],
    criterion="the raw bytes 01 00 01 are true, false, true; raw replies hold no other bytes than 00 and 01",
    per="model",
    needs=[],
    faults=["grpc-raw-bool-inverted", "grpc-raw-bool-ff"],
    fix="Write raw BOOL as one byte, 00 or 01.",
    transport="grpc",
)
def grpc_raw_bool(probe: Probe) -> None:
    """A raw BOOL is one byte, 00 or 01.

    Looks at the bytes of every BOOL output of raw replies. Echoes are sent 01 00 01; the same in typed form shows that
    they give it back.
    """
    for words, exchange, message in replies(probe):
        for output, data in zip(message.outputs, message.raw_output_contents, strict=False):
            if output.datatype == "BOOL":
                odd = data.strip(b"\0\1")
                observed = f"{words}: output {output.name!r} has bytes {data[:20].hex(' ')}"
                probe.holds(not odd, expected="bytes 00 and 01", observed=observed, exchange=exchange)
    for echo in echoes_of(probe, "BOOL"):
        _echoes_truth(probe, echo.source, echo.output)
    if not probe.outcome.cases:
        probe.not_applicable("the model has no raw BOOL")


def _echoes_truth(probe: Probe, source: str, output: str) -> None:
    """One case: true in each form is true in the reply, read from whichever form it has."""
    values = full_range("BOOL")
    request = probe.model.with_elements(base_request(probe), source, values)
    answers = {form: probe.answered(probe.model.grpc.infer(request, form)) for form in forms(request)}
    exchange = answers["raw"]
    tensor = outputs(exchange).get(output)
    if not exchange.ok:
        elements_were_refused(probe, source, len(values))
        probe.holds(False, expected="OK to raw BOOL", observed=status_of(exchange), exchange=exchange, root=RAW_REFUSED)
    elif tensor is not None:
        sent = carried(request, source)
        observed = f"sent {list(sent)}, returned {list(tensor.elements)}"
        probe.holds(tensor.elements == sent, expected="the same truth values", observed=observed, exchange=exchange)
