"""Contents that a server should refuse: the wrong field, number, range, form or length (open_inference_grpc.proto)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.check import check
from harness.generate.grpc_contents import (
    ContentMistake,
    counts,
    entries,
    mixtures,
    out_of_range,
    typed_halves,
    wrong_fields,
)
from harness.judging.grpc_forms import base_request, batch_request, not_as_raw_bytes, typable
from harness.probing.grpc_replies import outputs
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.wire.messages import InferRequest

if TYPE_CHECKING:
    from harness.wire.protobuf import Form

ROWS = 4


@check(
    "grpc-wrong-field-refused",
    clauses=["GRPC-TC-07"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="elements in the field of another datatype, or in two fields, are answered with an error status",
    per="model",
    needs=[],
    faults=["grpc-wrong-field-accepted", "grpc-second-field-ignored"],
    fix="Look at which fields are filled, and refuse all but the one of the datatype.",
    transport="grpc",
)
def grpc_wrong_field_refused(probe: Probe) -> None:
    """Typed contents in the wrong field are refused.

    Each input in turn: its elements in the field of another datatype, then in its own and another one.
    """
    _refused(probe, "typed", wrong_fields(batch_request(probe, 2)))


@check(
    "grpc-wrong-count-refused",
    clauses=["GRPC-TC-08"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="typed contents with another number of elements than shape says are answered with an error status",
    per="model",
    needs=[],
    faults=["grpc-one-value-for-all", "grpc-surplus-values-ignored"],
    fix="Compare the number of elements with the product of shape before using either.",
    transport="grpc",
)
def grpc_wrong_count_refused(probe: Probe) -> None:
    """Typed contents of the wrong size are refused.

    Each input in turn: one element more, one less, one element alone for all, and a whole tensor more.
    """
    _refused(probe, "typed", counts(batch_request(probe, ROWS)))


@check(
    "grpc-out-of-range-refused",
    clauses=["GRPC-TC-09"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="integers that INT8, INT16, UINT8 or UINT16 cannot hold are answered with an error status",
    per="model",
    needs=[],
    faults=["grpc-out-of-range-wraps", "grpc-out-of-range-becomes-other"],
    fix="Compare the elements of the shared field with the range of the datatype.",
    transport="grpc",
)
def grpc_out_of_range_refused(probe: Probe) -> None:
    """Integers out of the range of a narrower datatype are refused.

    The field holds 32 bits, the datatype 8 or 16: one element just above the range, one far above, one below.
    """
    _refused(probe, "typed", out_of_range(base_request(probe)))


@check(
    "grpc-mixed-forms-refused",
    clauses=["GRPC-RAW-03"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="a request with raw entries and typed contents is answered with an error status",
    per="model",
    needs=[],
    faults=["grpc-both-forms-accepted", "grpc-forms-mixed-accepted"],
    fix="Refuse contents where raw_input_contents is filled.",
    transport="grpc",
)
def grpc_mixed_forms_refused(probe: Probe) -> None:
    """A mixture of typed and raw contents is refused.

    All inputs in both forms, the first input alone in both, and with several inputs each in another form.
    """
    _refused(probe, "raw", mixtures(batch_request(probe, 2)))


@check(
    "grpc-raw-entries-refused",
    clauses=["GRPC-RAW-04"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="too few, too many, too short and too long raw entries are answered with an error status",
    per="model",
    needs=[],
    faults=["grpc-raw-surplus-ignored", "grpc-raw-short-padded", "grpc-raw-long-cut", "grpc-raw-too-few-remembered"],
    fix="Compare the number of raw entries with that of the inputs, and the length of each with its shape.",
    transport="grpc",
)
def grpc_raw_entries_refused(probe: Probe) -> None:
    """Raw entries of the wrong number or length are refused.

    One entry more, an empty one more, and with several inputs one less; each entry a byte and an element too short and
    too long. Each mistake follows a valid request, so that nothing of that may be put in its place.
    """
    _refused(probe, "raw", entries(batch_request(probe, 2)), valid_before=True)


@check(
    "grpc-typed-halves-refused",
    clauses=["GRPC-RAW-10"],
    duties=["A15-4-c"],
    criterion="FP16 with elements in fp32_contents is answered with an error status",
    per="model",
    needs=[],
    faults=["grpc-fp16-typed-accepted"],
    fix="Refuse FP16 in typed contents, which have no field for it.",
    transport="grpc",
)
def grpc_typed_halves_refused(probe: Probe) -> None:
    """FP16 in typed contents is refused.

    The accepted request with the elements of its FP16 inputs in fp32_contents and no raw entries.
    """
    request = base_request(probe)
    if not any(tensor.datatype == "FP16" for tensor in request.inputs):
        probe.not_applicable("the model has no FP16 input")
    _refused(probe, "raw", typed_halves(request))


def _refused(
    probe: Probe, form: Form, found: tuple[InferRequest, Iterator[ContentMistake]], *, valid_before: bool = False
) -> None:
    """Every mistake is refused, one case each; the request without it must have been taken."""
    request, mistakes = found
    if form == "typed" and not typable(request):
        probe.not_applicable("an input has no typed form")
    valid = probe.answered(probe.model.grpc.infer(request, form))
    if form == "raw":
        not_as_raw_bytes(probe, request, valid)
    if not valid.ok:
        probe.untestable(f"the {form} form is refused even without a mistake: {status_of(valid)}")
    for mistake in mistakes:
        if valid_before and probe.outcome.cases:
            probe.model.grpc.infer(request, form)
        exchange = probe.model.grpc.infer(request, form, mistake.edit)
        observed = f"{mistake.why}: {status_of(exchange)}"
        if exchange.ok:
            values = {name: list(tensor.elements[:6]) for name, tensor in outputs(exchange).items()}
            observed += f", outputs begin with {values}"
        root = f"grpc-no-answer:{mistake.name}" if exchange.error is not None else None
        probe.holds(refused(exchange), expected="an error status", observed=observed, exchange=exchange, root=root)
    if not probe.outcome.cases:
        probe.not_applicable("the model's inputs leave no such mistake to make")
