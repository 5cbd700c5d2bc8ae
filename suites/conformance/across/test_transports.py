"""The same by every way: a tensor, what a server says of itself, and of a model (inference_grpc.md, "gRPC")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.check import check
from harness.endpoint.route import MANY_ROWS
from harness.generate.boundaries import NOT_FINITE, NOT_UTF8, full_range
from harness.generate.members import carried
from harness.judging.encodings import (
    RAW,
    TYPED,
    EncodedAnswer,
    answers,
    apart,
    both_answer,
    json_asked,
    may_refuse,
    read,
)
from harness.judging.grpc_forms import EchoedInput, base_request, echoes_of, outputs_reversed
from harness.oracles.changes import value_root
from harness.oracles.transports import bits_differ
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.wire import strictjson
from harness.wire.binary import EXTENSION
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.raw import from_raw, to_raw
from harness.wire.rest import json_of
from harness.wire.varied import vary

# Quiet NaNs with bits of their own, little-endian.
PAYLOADS = {"FP32": b"\x45\x23\xc1\x7f", "FP64": b"\x45\x23\x01\x00\x00\x00\xf8\x7f"}


@check(
    "transports-same-answer",
    clauses=["GRPC-INFER-07"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="JSON, binary data, typed and raw contents give the same names, datatypes, shapes and bits",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["grpc-second-row-wrong", "grpc-output-column", "grpc-output-flattened", "grpc-output-shape-reversed",
            "grpc-output-datatype-widened", "grpc-raw-big-endian-replies"],
    fix="Decode every form into the same tensor, and encode every reply from the same one.",
    transport="both",
)  # fmt: skip
def transports_same_answer(probe: Probe) -> None:
    """One tensor gets one answer, whichever way it comes.

    The accepted request, batches of three and forty, and the inputs, then the outputs asked for, in reverse order, by
    every way that the endpoint offers, each held against flat JSON: names, datatypes, shapes and values, bit for bit in
    their datatype. Half precision in JSON and raw BYTES over gRPC may be refused.
    """
    both_answer(probe)
    probe.steady()
    for request in _requests(probe):
        found = answers(probe, request)
        base = next((each for each in found if each.readable), None)
        if base is None:
            probe.untestable("no way gives an answer that can be read")
        for each in found:
            if each is base:
                continue
            if may_refuse(each, request):
                probe.observe(f"{each.way}: {status_of(each.exchange)}", "GRPC-INFER-07")
                continue
            problem = apart(base, each) if each.readable else _unreadable(each)
            observed = f"{base.way} against {each.way}: {problem or 'the same'}"
            root = f"way-refused:{each.way}" if refused(each.exchange) else f"transports-differ:{each.way}"
            probe.holds(
                problem is None, expected="the same answer", observed=observed, exchange=each.exchange, root=root
            )


def _requests(probe: Probe) -> list[InferRequest]:
    """The accepted request, candidates of one row and more, other orders of inputs and outputs; none twice."""
    found = [probe.accepted().request]
    found += [each for rows in (1, 3, MANY_ROWS) for each in list(probe.model.rest.candidates(rows))[:1]]
    last = found[-1]
    found += [vary(last, inputs=last.inputs[::-1]), outputs_reversed(probe, last) or last]
    taken = [request for request in found if probe.model.rest.infer(request).ok]
    return list({repr(request): request for request in taken}.values()) or [base_request(probe)]


@check(
    "transports-same-values",
    clauses=["GRPC-INFER-07"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="values across the whole range of a datatype come back from an echo bit for bit, whichever way they went",
    per="model",
    needs=[],
    faults=["grpc-int64-through-double", "grpc-uint64-loses-top-bit", "grpc-denormals-flushed",
            "grpc-fp16-denormals-flushed", "grpc-negative-zero-lost", "grpc-fp32-through-half",
            "grpc-fp64-through-single", "grpc-infinity-becomes-largest", "grpc-nan-becomes-zero",
            "grpc-nan-payload-lost"],
    fix="Keep values in their own type on every path; none needs a double, a decimal text or UTF-8 on the way.",
    transport="both",
)  # fmt: skip
def transports_same_values(probe: Probe) -> None:
    """The full range of a datatype survives each way.

    Echoes are sent integers above 2^53 and at both ends, both zeros, denormal and the largest floats, text with NUL and
    beyond ASCII, by every way; then infinities and NaN by the ways that can carry them, which may refuse these. A NaN
    with a payload that typed contents keep is kept by raw ones.
    """
    both_answer(probe)
    echoes = echoes_of(probe, *DATATYPES)
    if not echoes:
        probe.not_applicable("the model gives none of its inputs back")
    for echo in echoes:
        _survive(probe, echo, full_range(echo.datatype))
        if DATATYPES[echo.datatype].kind == "float":
            _survive(probe, echo, NOT_FINITE, special=True)
            _payload(probe, echo)


def _survive(probe: Probe, echo: EchoedInput, values: Sequence[Any], *, special: bool = False) -> None:
    """One case a way: the values come back. If every way loses the same, it is the model that changes them."""
    request = probe.model.with_elements(base_request(probe), echo.source, tuple(values))
    found = answers(probe, request)
    if all(refused(each.exchange) for each in found):
        probe.observe(f"{echo.datatype} {list(values)!r}: {status_of(found[0].exchange)} by every way")
        return
    sent = carried(request, echo.source)
    lost = {each.way: _lost(each, echo, sent) for each in found}
    if len(found) > 1 and all(lost.values()) and len(set(lost.values())) == 1 and all(each.readable for each in found):
        probe.observe(f"{echo.datatype}: {lost[found[0].way]}, by every way: the model itself does so")
        return
    for each in found:
        if may_refuse(each, request) or (special and not each.exchange.ok and each.exchange.error is None):
            probe.observe(f"{echo.datatype} {list(values)!r} by {each.way}: {status_of(each.exchange)}")
            continue
        observed = f"{echo.datatype} by {each.way}: {lost[each.way] or 'kept'}"
        tensor = each.outputs.get(echo.output)
        root = f"transports-differ:{each.way}"
        if tensor is not None and lost[each.way]:
            root = value_root(echo.datatype, sent, tensor.elements)
        probe.holds(lost[each.way] is None, clause="GRPC-INFER-07", expected=f"{list(values)!r} back",
                    observed=observed, exchange=each.exchange, root=root)  # fmt: skip


def _lost(answer: EncodedAnswer, echo: EchoedInput, values: Sequence[Any]) -> str | None:
    tensor = answer.outputs.get(echo.output)
    return _unreadable(answer) if tensor is None else bits_differ(echo.datatype, values, tensor.elements)


def _unreadable(answer: EncodedAnswer) -> str:
    said = status_of(answer.exchange)
    return f"{said}, without outputs that can be read" if answer.exchange.ok else said


def _payload(probe: Probe, echo: EchoedInput) -> None:
    """Bits of a NaN: free to change on the way, but not on the raw way alone, where nothing has to be converted."""
    if echo.datatype not in PAYLOADS:
        return
    sent = PAYLOADS[echo.datatype]
    request = probe.model.with_elements(base_request(probe), echo.source, from_raw(echo.datatype, sent))
    kept: dict[str, bool] = {}
    for each in answers(probe, request):
        tensor = each.outputs.get(echo.output)
        if tensor is not None and each.way in (TYPED, RAW):
            kept[each.way] = to_raw(echo.datatype, tensor.elements[:1]) == sent
            last = each.exchange
    if len(kept) == 2 and any(kept.values()):
        observed = (
            f"{echo.datatype}: a NaN with a payload is kept {' and '.join(way for way in kept if kept[way])} only"
        )
        probe.holds(kept[RAW], expected="the same bits by raw contents", observed=observed, exchange=last)


@check(
    "transports-bytes",
    clauses=["GRPC-INFER-07", "BYTES-04"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="bytes that are no UTF-8 are refused or kept by every way that carries bytes; in JSON all is right",
    per="model",
    needs=[],
    faults=["grpc-bytes-text-only", "grpc-raw-bytes-text-only"],
    fix="Carry BYTES as bytes; refuse to write into JSON what is no text, and offer binary outputs for it.",
    transport="both",
)
def transports_bytes(probe: Probe) -> None:
    """Bytes that are no text survive, or are refused.

    Echoes of BYTES are sent such bytes as binary data, typed and raw contents. Then ff 00 as binary data with the
    answer asked for in JSON, which cannot carry it: what comes is recorded, and no outcome is wrong by the text of OIP.
    """
    both_answer(probe)
    echoes = echoes_of(probe, "BYTES")
    if not echoes:
        probe.not_applicable("the model echoes no BYTES")
    for echo in echoes:
        _survive(probe, echo, NOT_UTF8, special=True)
        if not probe.endpoint.extension(EXTENSION):
            probe.observe(f"without {EXTENSION} there is no way to ask for such bytes in JSON", "BYTES-04")
            continue
        exchange = json_asked(probe, probe.model.with_elements(base_request(probe), echo.source, (b"\xff\x00",)))
        observed = f"{status_of(exchange)}, {_text_form(exchange, echo.output)}"
        probe.observe(f"ff 00 in JSON: {observed}", "BYTES-04")
        if exchange.answered:
            expected = "an error or any text"
            probe.holds(True, clause="BYTES-04", expected=expected, observed=observed, exchange=exchange)


def _text_form(exchange: Any, output: str) -> str:  # noqa: ANN401 -- an exchange
    try:
        document = json_of(exchange)
    except strictjson.NotJson as error:
        return f"a body that is no JSON ({error})"
    valid = not any(problem.kind == "invalid-utf8" for problem in document.problems)
    tensor = read(exchange).get(output)
    text = f", elements {list(tensor.elements)!r}" if tensor is not None else ""
    return f"a body of {'valid' if valid else 'invalid'} UTF-8{text}"
