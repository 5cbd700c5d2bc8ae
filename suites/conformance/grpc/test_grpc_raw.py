"""Raw contents: entries, layout and replies (open_inference_grpc.proto, raw_input_contents, raw_output_contents)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.check import check
from harness.endpoint.rest_route import outputs_of
from harness.endpoint.route import MANY_ROWS
from harness.judging.grpc_forms import (
    RAW_REFUSED,
    REPLY_DATA,
    against_typed,
    base_request,
    batch_request,
    keeps_all,
    not_as_raw_bytes,
    replies,
    typable,
)
from harness.probing.grpc_data import data_problem
from harness.probing.grpc_replies import differ, outputs
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.varied import vary

# FP16, BF16 and BYTES have clauses of their own.
PLAIN = tuple(name for name, each in DATATYPES.items() if each.kind != "bytes" and each.grpc_field)


@check(
    "grpc-raw-entries-follow-inputs",
    clauses=["GRPC-RAW-01"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="a request with one raw entry for each input is answered OK, and alike in either order of the inputs",
    per="model",
    needs=[],
    faults=["grpc-raw-refused", "grpc-raw-in-model-order"],
    fix="Take the entries of raw_input_contents in the order of the request's own inputs.",
    transport="grpc",
)
def grpc_raw_entries_follow_inputs(probe: Probe) -> None:
    """Raw contents are taken, each entry for the input at its position.

    The accepted request in raw form; with several inputs once more with inputs and entries in reverse. A model with
    BYTES inputs may refuse the raw form (GRPC-RAW-06).
    """
    request = batch_request(probe)
    exchange = probe.answered(probe.model.grpc.infer(request, "raw"))
    not_as_raw_bytes(probe, request, exchange)
    probe.holds(exchange.ok, expected="OK", observed=status_of(exchange), exchange=exchange, root=RAW_REFUSED)
    if not exchange.ok or len(request.inputs) < 2:
        return
    if not outputs(exchange):
        probe.untestable("the reply cannot be read, so that orders cannot be compared")
    reverse = vary(request, inputs=request.inputs[::-1])
    if typable(reverse) and not _taken_typed(probe, reverse, exchange):
        return
    turned = probe.answered(probe.model.grpc.infer(reverse, "raw"))
    found = differ(probe, turned, exchange) if turned.ok else status_of(turned)
    observed = f"inputs and entries in reverse: {found or 'the same outputs'}"
    probe.holds(found is None, expected="the same outputs", observed=observed, exchange=turned)


def _taken_typed(probe: Probe, request: InferRequest, plain: Exchange) -> bool:
    """Whether inputs in this order get the same outputs in the typed form: else the order is it, and not the form."""
    exchange = probe.answered(probe.model.grpc.infer(request, "typed"))
    found = differ(probe, exchange, plain) if exchange.ok else status_of(exchange)
    if found is not None:
        probe.observe(f"typed inputs in reverse: {found}; so raw ones are not held against it")
    return found is None


@check(
    "grpc-raw-layout",
    clauses=["GRPC-RAW-02"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="raw elements of every fixed-size type give the outputs of typed ones, and an echo keeps every bit",
    per="model",
    needs=[],
    faults=["grpc-raw-bool-four-bytes", "grpc-raw-narrow-as-four-bytes", "grpc-raw-by-columns", "grpc-raw-big-endian",
            "grpc-int64-through-double-when-raw", "grpc-raw-bool-inverted"],
    fix="Read raw entries as the plain array of the datatype: little-endian, row-major, no padding.",
    transport="grpc",
)  # fmt: skip
def grpc_raw_layout(probe: Probe) -> None:
    """A raw entry is the flat array of its elements and nothing else.

    The accepted request with one row, three and forty, raw against typed; where they differ, REST says which of the two
    is right. Echoes are sent their whole range and drawn values. FP16 and BYTES have checks of their own.
    """
    base = base_request(probe)
    types = {tensor.datatype for tensor in base.inputs}
    if not types & set(PLAIN):
        probe.not_applicable("every input is FP16, BF16 or BYTES, which have checks of their own")
    if types <= set(PLAIN):
        _compared(probe, base)
    elif not probe.answered(probe.model.grpc.infer(base, "raw")).ok:
        probe.not_applicable("FP16 or BYTES beside other inputs are refused in raw form, which has checks of its own")
    keeps_all(probe, PLAIN, "raw", "GRPC-RAW-02")
    if not probe.outcome.cases:
        probe.not_applicable("with FP16 or BYTES beside, only echoes show what raw elements become")


def _compared(probe: Probe, base: InferRequest) -> None:
    """One case a batch: raw contents give what typed ones give."""
    probe.steady()
    requests = {_first_shape(each): each for each in (base, batch_request(probe), batch_request(probe, MANY_ROWS))}
    for shape, request in requests.items():
        raw = probe.answered(probe.model.grpc.infer(request, "raw"))
        if refused(raw):
            probe.holds(False, expected="OK", observed=status_of(raw), exchange=raw, root=RAW_REFUSED)
            continue
        found = against_typed(probe, request, raw)
        observed = f"first input of shape {list(shape)}: {found or 'the same outputs'}"
        root = None if outputs(raw) else REPLY_DATA
        probe.holds(found is None, expected="the outputs of typed contents", observed=observed, exchange=raw, root=root)


@check(
    "grpc-reply-data",
    clauses=["GRPC-RAW-05", "GRPC-RAW-08"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="every OK reply has all outputs in one form, with data of exactly the announced size, in the right field",
    per="model",
    needs=[],
    faults=["grpc-raw-padded", "grpc-reply-raw-entry-missing", "grpc-reply-raw-surplus", "grpc-reply-raw-short",
            "grpc-reply-raw-bytes-count", "grpc-reply-forms-mixed", "grpc-reply-both-forms", "grpc-reply-typed-surplus",
            "grpc-reply-without-data", "grpc-raw-bytes-unprefixed"],
    fix="Fill raw_output_contents with one entry for each output, or the typed field of each, and never both.",
    transport="grpc",
)  # fmt: skip
def grpc_reply_data(probe: Probe) -> None:
    """Outputs of a reply are in one form, complete, and of the announced size.

    Looks at replies to typed and raw requests: one row, two, forty, with an id, and edges of the range on echoes. An
    empty contents message beside raw entries counts as none. Which form answers which is recorded.
    """
    seen: dict[str, set[str]] = {}
    for words, exchange, message in replies(probe):
        asked = words.rpartition(", ")[2]
        seen.setdefault(asked, set()).add("raw" if message.raw_output_contents else "typed")
        problem = data_problem(message)
        observed = f"{words}: {problem or 'complete'}"
        probe.holds(problem is None, clause="GRPC-RAW-05", expected="all outputs in one form, of their size",
                    observed=observed, exchange=exchange, root=REPLY_DATA)  # fmt: skip
    if not seen:
        probe.untestable("no request was answered OK")
    for asked, answered in sorted(seen.items()):
        probe.observe(f"{asked} requests get {' and '.join(sorted(answered))} replies", "GRPC-RAW-08")
    probe.holds(True, clause="GRPC-RAW-08", expected="either form", observed="recorded")


@check(
    "grpc-raw-empty-tensor",
    clauses=["GRPC-RAW-11"],
    duties=["A15-4-c"],
    criterion="an empty raw entry for zero rows is answered with zero rows, or refused like zero rows in other forms",
    per="model",
    needs=[],
    faults=["grpc-raw-empty-entry-dropped", "grpc-raw-empty-becomes-one"],
    fix="Take an entry of no bytes for a tensor of no elements; answer no rows with no rows.",
    transport="grpc",
)
def grpc_raw_empty_tensor(probe: Probe) -> None:
    """The raw entry of a tensor without elements is there, and empty.

    Zero rows in every input, where metadata gives all of them a leading variable dimension. Outputs with such a
    dimension must then be empty. A refusal is right if zero rows are refused in typed form or over REST as well.
    """
    request = _empty(probe)
    exchange = probe.answered(probe.model.grpc.infer(request, "raw"))
    not_as_raw_bytes(probe, request, exchange)
    probe.observe(f"zero rows are answered {status_of(exchange)}", "GRPC-RAW-11")
    if not exchange.ok:
        other = _empty_elsewhere(probe, request)
        expected = "a refusal in every form" if other is None else f"OK, as {other}"
        probe.holds(other is None, expected=expected, observed=status_of(exchange), exchange=exchange)
        return
    if not outputs(exchange):
        probe.untestable("the reply cannot be read")
    metadata = probe.model.metadata
    batched = {each.name for each in (metadata.outputs if metadata else ()) if each.shape and each.shape[0] == -1}
    made_up = [name for name, tensor in outputs(exchange).items() if name in batched and tensor.elements]
    observed = f"OK, elements in {', '.join(made_up)}" if made_up else "OK, empty"
    probe.holds(not made_up, expected="no elements", observed=observed, exchange=exchange)


def _empty(probe: Probe) -> InferRequest:
    base = base_request(probe)
    metadata = probe.model.metadata
    described = {each.name: each.shape for each in (metadata.inputs if metadata else ())}
    if any(described.get(tensor.name, ())[:1] != (-1,) for tensor in base.inputs):
        probe.not_applicable("not every input has a leading variable dimension")
    return vary(base, inputs=[replace(each, shape=(0, *each.shape[1:]), elements=()) for each in base.inputs])


def _empty_elsewhere(probe: Probe, request: InferRequest) -> str | None:
    """A form in which zero rows are answered with zero rows, in words."""
    answers: dict[str, Any] = {}
    if typable(request):
        answers["typed"] = outputs(probe.model.grpc.infer(request, "typed"))
    if probe.endpoint.rest is not None:
        answers["over REST"] = outputs_of(probe.model.rest.infer(request))
    empty = [words for words, found in answers.items() if found and not any(each.elements for each in found.values())]
    return empty[0] if empty else None


def _first_shape(request: InferRequest) -> tuple[int, ...]:
    return request.inputs[0].shape
