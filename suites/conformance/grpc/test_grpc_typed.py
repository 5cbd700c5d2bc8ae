"""Typed contents: the field of each datatype, both ways (open_inference_grpc.proto, InferTensorContents)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.check import check
from harness.endpoint.rest_route import outputs_of
from harness.generate.boundaries import NOT_UTF8
from harness.judging.grpc_forms import (
    REPLY_DATA,
    TYPED_REFUSED,
    base_request,
    batch_request,
    described_inputs,
    echoes_of,
    keeps,
    keeps_all,
    replies,
    typable,
)
from harness.oracles.equality import difference
from harness.oracles.rows import row_request, rows_differ
from harness.probing.grpc_data import filled
from harness.probing.grpc_replies import outputs
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor, product

SIGNED = ("INT8", "INT16", "INT32", "INT64")
UNSIGNED = ("UINT8", "UINT16", "UINT32", "UINT64")
FLOATS = ("FP32", "FP64")
ROWS = 3


@check(
    "grpc-typed-bool",
    clauses=["GRPC-TC-01"],
    duties=["A15-4-d"],
    criterion="BOOL inputs are taken from bool_contents, BOOL outputs of typed replies stand there, an echo keeps them",
    per="model",
    needs=[],
    faults=["grpc-bool-in-int-contents", "grpc-bool-wanted-in-int-contents"],
    fix="Use bool_contents for BOOL in both directions.",
    transport="grpc",
)
def grpc_typed_bool(probe: Probe) -> None:
    """BOOL travels in bool_contents.

    The accepted request in typed form, the outputs of every typed reply, and on an echo a mixed tensor.
    """
    _field_of(probe, "GRPC-TC-01", ("BOOL",))


@check(
    "grpc-typed-signed",
    clauses=["GRPC-TC-02"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="INT8 to INT32 stand in int_contents and INT64 in int64_contents; an echo keeps the whole range",
    per="model",
    needs=[],
    faults=["grpc-int8-in-int64-contents", "grpc-int64-in-int-contents", "grpc-int8-sign-lost", "grpc-int16-clipped",
            "grpc-int64-through-double"],
    fix="Use int_contents up to 32 bits and int64_contents for 64; keep values in their own type.",
    transport="grpc",
)  # fmt: skip
def grpc_typed_signed(probe: Probe) -> None:
    """Signed integers travel in int_contents or int64_contents, and keep their full range.

    The accepted request in typed form, the outputs of every typed reply, and on an echo minimum, -1, 0, 1, maximum,
    numbers above 2^53 and drawn ones.
    """
    _field_of(probe, "GRPC-TC-02", SIGNED)


@check(
    "grpc-typed-unsigned",
    clauses=["GRPC-TC-03"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="UINT8 to UINT32 stand in uint_contents and UINT64 in uint64_contents; an echo keeps the whole range",
    per="model",
    needs=[],
    faults=["grpc-uint8-wanted-in-bytes", "grpc-uint32-in-uint64-contents", "grpc-uint16-in-int-contents",
            "grpc-uint64-loses-top-bit", "grpc-uint32-as-signed"],
    fix="Use uint_contents up to 32 bits and uint64_contents for 64; keep values in their own type.",
    transport="grpc",
)  # fmt: skip
def grpc_typed_unsigned(probe: Probe) -> None:
    """Unsigned integers travel in uint_contents or uint64_contents, and keep their full range.

    The accepted request in typed form, the outputs of every typed reply, and on an echo 0, 1, maximum, numbers above
    2^53 and drawn ones.
    """
    _field_of(probe, "GRPC-TC-03", UNSIGNED)


@check(
    "grpc-typed-floats",
    clauses=["GRPC-TC-04"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="FP32 stands in fp32_contents and FP64 in fp64_contents; an echo keeps every finite value bit for bit",
    per="model",
    needs=[],
    faults=["grpc-fp64-in-fp32-contents", "grpc-fp32-in-fp64-contents", "grpc-denormals-flushed",
            "grpc-negative-zero-lost", "grpc-fp32-through-half", "grpc-fp64-through-single"],
    fix="Use fp32_contents for FP32 and fp64_contents for FP64; copy values, do not convert them.",
    transport="grpc",
)  # fmt: skip
def grpc_typed_floats(probe: Probe) -> None:
    """Floats travel in fp32_contents or fp64_contents, and keep their bits.

    The accepted request in typed form, the outputs of every typed reply, and on an echo fractions, both zeros, the
    largest, the smallest normal and denormal numbers and drawn ones. Infinities and NaN are left to the comparison of
    forms.
    """
    _field_of(probe, "GRPC-TC-04", FLOATS)


@check(
    "grpc-typed-bytes",
    clauses=["GRPC-TC-05"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="each entry of bytes_contents is one element, taken and given back as it is, whatever its bytes",
    per="model",
    needs=[],
    faults=["grpc-bytes-joined", "grpc-bytes-prefixed", "grpc-bytes-empty-dropped", "grpc-bytes-text-wanted",
            "grpc-bytes-text-only", "grpc-bytes-cut-at-nul", "grpc-bytes-stripped"],
    fix="Pass entries of bytes_contents on as bytes: no length prefix, no decoding, no stripping.",
    transport="grpc",
)  # fmt: skip
def grpc_typed_bytes(probe: Probe) -> None:
    """BYTES travel in bytes_contents, one bare byte string per element.

    The accepted request in typed form, the outputs of every typed reply, and on an echo text, the empty string, NUL,
    white space, then bytes that are no UTF-8, and drawn bytes.
    """
    for echo in echoes_of(probe, "BYTES"):
        if typable(base_request(probe)):
            keeps(probe, echo, NOT_UTF8, "typed", "GRPC-TC-05")
    _field_of(probe, "GRPC-TC-05", ("BYTES",))


@check(
    "grpc-typed-row-major",
    clauses=["GRPC-TC-06"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="a typed batch is answered row by row as its rows alone, where REST or raw contents show that it should",
    per="model",
    needs=[],
    faults=["grpc-typed-by-columns", "grpc-typed-reply-by-columns"],
    fix="Read and write typed contents with the last dimension varying fastest.",
    transport="grpc",
)
def grpc_typed_row_major(probe: Probe) -> None:
    """Typed contents are in the order of the rows.

    A typed batch of three against each row alone, which has only one order. It is a finding only if the same batch
    agrees with the rows over REST or as raw contents: else the model mixes rows. Models without batches are compared
    with REST, where an input has two dimensions of several elements.
    """
    batch = batch_request(probe, ROWS)
    if not typable(batch) or not any(_wide(tensor) for tensor in batch.inputs):
        probe.not_applicable("no typed input has two dimensions of several elements")
    probe.steady()
    typed = probe.answered(probe.model.grpc.infer(batch, "typed"))
    if not typed.ok:
        probe.untestable(f"the typed form is answered {status_of(typed)}")
    found, witness = _against_rows(probe, batch, outputs(typed))
    observed = f"{found} (not so {witness})" if found else "in order"
    probe.holds(found is None, expected="the values of each row", observed=observed, exchange=typed)


def _against_rows(probe: Probe, batch: InferRequest, answer: dict[str, Tensor]) -> tuple[str | None, str]:
    """Where a typed answer is out of order, and what shows that it is not the model that mixes rows."""
    if any(tensor.shape[0] != ROWS for tensor in batch.inputs):
        if probe.endpoint.rest is None:
            probe.not_applicable("the model takes no batches, and there is no REST to compare with")
        return difference(answer, outputs_of(probe.model.rest.infer(batch)), exact=False), "over REST"
    singles = [outputs(probe.model.grpc.infer(row_request(batch, index), "typed")) for index in range(ROWS)]
    found = rows_differ(answer, range(ROWS), ROWS, singles)
    if found is None:
        return None, ""
    for words, other in _witnesses(probe, batch):
        if set(other) == set(answer) and rows_differ(other, range(ROWS), ROWS, singles) is None:
            return found, words
    return probe.untestable(f"the rows of a batch depend on each other, or no form is in order: {found}")


def _witnesses(probe: Probe, batch: InferRequest) -> list[tuple[str, dict[str, Tensor]]]:
    found = []
    if probe.endpoint.rest is not None:
        found.append(("over REST", outputs_of(probe.model.rest.infer(batch))))
    found.append(("as raw contents", outputs(probe.model.grpc.infer(batch, "raw"))))
    return [(words, answer) for words, answer in found if answer]


def _wide(tensor: Tensor) -> bool:
    return sum(size > 1 for size in tensor.shape) > 1 and product(tensor.shape) > 1


def _field_of(probe: Probe, clause: str, datatypes: Sequence[str]) -> None:
    """The rules of one field: taken from there, answered there, and kept by an echo."""
    base = base_request(probe)
    if typable(base) and any(tensor.datatype in datatypes for tensor in base.inputs):
        exchange = probe.answered(probe.model.grpc.infer(base, "typed"))
        fields = ", ".join(sorted({str(DATATYPES[tensor.datatype].grpc_field) for tensor in base.inputs}))
        expected, observed = f"OK to elements in {fields}", status_of(exchange)
        probe.holds(exchange.ok, clause=clause, expected=expected, observed=observed, exchange=exchange,
                    root=TYPED_REFUSED)  # fmt: skip
    for words, exchange, message in replies(probe):
        for output in message.outputs:
            fields_there = filled(output)
            if output.datatype in datatypes and fields_there and not message.raw_output_contents:
                _answered_in(probe, clause, words, output, exchange)
    keeps_all(probe, datatypes, "typed", clause)
    if not probe.outcome.cases:
        there = any(tensor.datatype in datatypes for tensor in described_inputs(probe).values())
        of = " or ".join(datatypes)
        probe.not_applicable(
            f"the request has no typed form ({of} beside FP16)" if there else f"the model has no typed {of}"
        )


def _answered_in(probe: Probe, clause: str, words: str, output: Any, exchange: Any) -> None:  # noqa: ANN401 -- messages
    own, there = DATATYPES[output.datatype].grpc_field, filled(output)
    observed = f"{words}: output {output.name!r} of {output.datatype} in {', '.join(there)}"
    probe.holds(there == [own], clause=clause, expected=f"{output.datatype} in {own}", observed=observed,
                exchange=exchange, root=REPLY_DATA)  # fmt: skip
