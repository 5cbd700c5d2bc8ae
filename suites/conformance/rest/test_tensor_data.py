"""Tensor data: flat and nested spellings, row-major order, conversions (inference_rest.md, "Tensor Data")."""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace
from typing import Any

from harness.check import check
from harness.criteria import Criterion
from harness.endpoint.rest_route import outputs_of
from harness.endpoint.route import Accepted
from harness.generate.conversions import OUT_OF_RANGE, conversions
from harness.generate.members import encoded, with_data
from harness.judging.refusals import base_of
from harness.probing.json_values import shown
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.wire.binary import EXTENSION, NotBinary, binary_request, read_binary_reply
from harness.wire.tensor import nest, product
from harness.wire.varied import vary, wishing

CHANGE = Criterion.NO_SILENT_CHANGE.clause
# What no number of JSON says.
SPECIAL = (math.nan, math.inf, -math.inf)


@check(
    "rest-data-flat-and-nested",
    clauses=["TDATA-01", "TDATA-02", "TDATA-03"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="the same tensor, flat and nested, is accepted and gives the same outputs",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["nested-refused", "column-major"],
    fix="Accept both spellings; read flat lists with the last dimension varying fastest.",
)
def rest_data_flat_and_nested(probe: Probe) -> None:
    """Flat and nested spellings are accepted and mean the same tensor.

    The accepted request (with several rows where the model takes them) in both spellings. Only for inputs of rank two
    and more: for rank one the spellings are the same.
    """
    base = _wide(probe)
    flat = probe.answered(probe.model.rest.infer(base.request))
    body = base.request.to_bytes(nested=True)
    nested = probe.answered(probe.client.infer(probe.model.name, body, probe.model.address))
    probe.holds(flat.ok, clause="TDATA-01", expected="flat: status 200", observed=status_of(flat), exchange=flat)
    probe.holds(
        nested.ok, clause="TDATA-02", expected="nested: status 200", observed=status_of(nested), exchange=nested
    )
    if flat.ok and nested.ok:
        found = probe.differ(flat, nested)
        observed = found or "the same"
        probe.holds(found is None, clause="TDATA-03", expected="the same outputs", observed=observed, exchange=nested)


@check(
    "rest-data-half-nested",
    clauses=["TDATA-07"],
    duties=["A15-4-d"],
    criterion="data nested deeper than its shape is refused, or read in row-major order",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["extra-nesting-reversed"],
    fix="Refuse what is neither flat nor natural, or flatten it in order.",
)
def rest_data_half_nested(probe: Probe) -> None:
    """Data that is neither flat nor natural is refused, or read in order.

    The accepted data wrapped in one list too many. Which of the two readings is followed is recorded.
    """
    base = base_of(probe)
    data = [nest(base.request.inputs[0].elements, base.request.inputs[0].shape)]
    exchange = probe.answered(_send(probe, base, data))
    probe.observe(f"one nesting too many is answered {status_of(exchange)}", "TDATA-07")
    found = probe.differ(exchange, base.exchange) if exchange.ok else None
    good = refused(exchange) or (exchange.ok and found is None)
    observed = found or status_of(exchange)
    probe.holds(good, expected="an error status, or the same outputs", observed=observed, exchange=exchange)


@check(
    "rest-data-scalar-shape",
    clauses=["TDATA-08"],
    duties=["A15-4-d"],
    criterion="shape [] with one element is refused, or answered with outputs that are not empty",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["scalar-becomes-empty"],
    fix="Refuse rank zero, or read it as one element.",
)
def rest_data_scalar_shape(probe: Probe) -> None:
    """A scalar is refused, or is one element.

    Whether shape [] is allowed is not said; an answer with no element at all is outside every reading.
    """
    base = probe.accepted()
    exchange = probe.answered(_send(probe, base, list(base.request.inputs[0].elements[:1]), shape=[]))
    probe.observe(f"shape [] is answered {status_of(exchange)}", "TDATA-08")
    empty = exchange.ok and any(not tensor.elements for tensor in outputs_of(exchange).values())
    observed = f"{status_of(exchange)}{', an empty output' if empty else ''}"
    good = refused(exchange) or (exchange.ok and not empty)
    probe.holds(good, expected="an error status, or one element", observed=observed, exchange=exchange)


@check(
    "rest-data-empty-tensor",
    clauses=["TDATA-09"],
    duties=["A15-4-c"],
    criterion="a batch of zero rows is refused, or answered with no made-up elements",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["empty-tensor-answers-values"],
    fix="Answer an empty batch with an empty batch, or refuse it.",
)
def rest_data_empty_tensor(probe: Probe) -> None:
    """An empty tensor is answered with an empty one, or refused.

    Zero rows in every input, where metadata gives all of them a leading variable dimension; outputs whose metadata has
    one too must then be empty.
    """
    inputs = probe.model.metadata.inputs if probe.model.metadata else ()
    if not inputs or any(not tensor.shape or tensor.shape[0] != -1 for tensor in inputs):
        probe.not_applicable("not every input has a leading variable dimension")
    value = probe.accepted().request.to_value()
    for entry in value["inputs"]:
        entry["shape"][0], entry["data"] = 0, []
    exchange = probe.answered(probe.client.infer(probe.model.name, encoded(value), probe.model.address))
    probe.observe(f"zero rows are answered {status_of(exchange)}", "TDATA-09")
    outputs = probe.model.metadata.outputs if probe.model.metadata else ()
    batched = {tensor.name for tensor in outputs if tensor.shape and tensor.shape[0] == -1}
    made_up = [name for name, tensor in outputs_of(exchange).items() if name in batched and tensor.elements]
    good = refused(exchange) or (exchange.ok and not made_up)
    observed = f"{status_of(exchange)}{', elements in ' + ', '.join(made_up) if made_up else ''}"
    probe.holds(good, expected="an error status, or empty outputs", observed=observed, exchange=exchange)


@check(
    "rest-data-converted-or-refused",
    clauses=["TDATA-11"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="an element of another JSON type is refused, or gives the outputs of the value it evidently means",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["string-as-character-code", "boolean-as-zero"],
    fix="Convert to the value that is meant, or refuse; nothing else.",
)
def rest_data_converted_or_refused(probe: Probe) -> None:
    """An element of the wrong JSON type is converted, or the request fails.

    Per data type: a number as text, an integer with a fraction of zero, a boolean for a number, a number for a boolean
    or a text. A 200 is compared with the answer to the value in its own type, so that no echo is needed.
    """
    base = probe.accepted()
    first = base.request.inputs[0]
    asked = 0
    for conversion in conversions(first.datatype):
        plain = [conversion.meant, *first.elements[1:]]
        proper = probe.answered(_send(probe, base, plain))
        exchange = probe.answered(_send(probe, base, [conversion.sent, *first.elements[1:]]))
        if not proper.ok:
            continue
        asked += 1
        found = probe.differ(exchange, proper) if exchange.ok else None
        good = refused(exchange) or (exchange.ok and found is None)
        observed = f"{first.datatype} {shown(conversion.sent)}: {found or status_of(exchange)}"
        expected = f"an error status, or the answer to {conversion.meant!r}"
        probe.holds(good, expected=expected, observed=observed, exchange=exchange)
    if not asked:
        probe.untestable(f"the model takes no {first.datatype} value that a conversion could mean")


@check(
    "rest-data-out-of-range",
    clauses=["TDATA-12"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="a value outside the range of its data type is refused, truncated, saturated or wrapped",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["out-of-range-becomes-other"],
    fix="Refuse values that the data type cannot hold.",
)
def rest_data_out_of_range(probe: Probe) -> None:
    """A value that the data type cannot hold is refused, or changed in a known way.

    Only on a model seen to echo an integer input. Which way is followed is recorded: wrap-around is nowhere called an
    error, but a value unrelated to what was sent is outside every reading.
    """
    for name, output, datatype in _echoes(probe):
        for sent, readings in OUT_OF_RANGE.get(datatype, ()):
            exchange = probe.answered(_send_input(probe, name, [sent]))
            tensor = outputs_of(exchange).get(output)
            value = tensor.elements[0] if exchange.ok and tensor and tensor.elements else None
            probe.observe(f"{datatype} {sent} is answered {status_of(exchange)} {value if exchange.ok else ''}".strip())
            good = refused(exchange) or value in readings
            expected = f"an error status, or one of {readings}"
            observed = f"{datatype} {sent}: {status_of(exchange)}, {shown(value)}"
            probe.holds(good, expected=expected, observed=observed, exchange=exchange)
    if not probe.outcome.cases:
        probe.not_applicable("the model echoes no integer input")


@check(
    "rest-data-nan-stays",
    clauses=["TDATA-14"],
    criteria=[Criterion.NO_SILENT_CHANGE],
    duties=["A15-4-c", "A15-5-i"],
    criterion="NaN and infinities are refused, or are no finite number in JSON; a negative zero keeps its sign",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["nan-becomes-zero", "infinity-becomes-the-largest-number", "negative-zero-unsigned-in-json"],
    fix="Refuse what JSON has no number for, or write it in one documented form; write the sign of a zero.",
)
def rest_data_nan_stays(probe: Probe) -> None:
    """NaN and infinities are refused, or become no finite number.

    Only on a model seen to echo a float input, which is sent the bare token NaN; where the server lists the extension,
    NaN and both infinities in binary as well, with an answer in JSON, and a negative zero, where it comes back so in
    binary: that its sign is gone in JSON, twice, is a warning, since both zeros are the same number.
    """
    for name, output, datatype in _echoes(probe):
        if datatype not in ("FP16", "FP32", "FP64"):
            continue
        answers = {"NaN": probe.answered(_send_input(probe, name, [float("nan")]))}
        if probe.endpoint.extension(EXTENSION):
            for special in SPECIAL:
                answers[f"{special} in binary"] = probe.answered(_send_in_binary(probe, name, special))
        for what, exchange in answers.items():
            tensor = outputs_of(exchange).get(output)
            value: Any = tensor.elements[0] if exchange.ok and tensor and tensor.elements else None
            finite = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
            observed = f"{what}: {status_of(exchange)}, {shown(value)}"
            probe.observe(f"{datatype} {observed}", "TDATA-14")
            probe.holds(
                not finite, clause="TDATA-14", expected="no finite number", observed=observed, exchange=exchange
            )
        if probe.endpoint.extension(EXTENSION):
            _zero_keeps_sign(probe, name, output, datatype)
    if not probe.outcome.cases:
        probe.not_applicable("the model echoes no float input")


def _zero_keeps_sign(probe: Probe, name: str, output: str, datatype: str) -> None:
    """One case: a negative zero in binary has its sign in JSON, where it has it in binary."""
    if not _negative(_send_in_binary(probe, name, -0.0, wanted=output), output):
        return
    answers = [probe.answered(_send_in_binary(probe, name, -0.0)) for _ in range(2)]
    good = any(refused(each) or _negative(each, output) is not False for each in answers)
    observed = f"{datatype} -0.0 in binary comes back as -0.0 in binary, and {'so' if good else 'as 0.0'} in JSON"
    probe.holds(good, clause=CHANGE, expected="-0.0, or a refusal", observed=observed, exchange=answers[0],
                root=f"value-changed:{datatype}:signs of zero", mild=True)  # fmt: skip


def _negative(exchange: Exchange, output: str) -> bool | None:
    """Whether the first element of an output is a negative zero; None where it is no zero."""
    with contextlib.suppress(NotBinary):
        tensor = read_binary_reply(exchange).outputs.get(output) if exchange.ok else None
        value = tensor.elements[0] if tensor and tensor.elements else None
        if isinstance(value, int | float) and not isinstance(value, bool) and value == 0:
            return math.copysign(1, float(value)) < 0
    return None


def _wide(probe: Probe) -> Accepted:
    """An accepted request with an input of rank two or more that has more than one element."""
    base = base_of(probe)
    if not any(len(tensor.shape) > 1 and product(tensor.shape) > 1 for tensor in base.request.inputs):
        probe.not_applicable("all inputs have rank one: flat and nested are the same")
    return base


def _echoes(probe: Probe) -> list[tuple[str, str, str]]:
    """Input, output and data type of every input that the model was seen to echo and that has rank one."""
    probe.accepted()
    inputs = {tensor.name: tensor for tensor in (probe.model.metadata.inputs if probe.model.metadata else ())}
    found = probe.model.rest.echoes()
    return [(name, out, inputs[name].datatype) for name, out in found.items() if len(inputs[name].shape) == 1]


def _send(probe: Probe, base: Accepted, data: object, **members: object) -> Exchange:
    body = with_data(base.request, data, **members)
    return probe.client.infer(probe.model.name, body, probe.model.address)


def _send_input(probe: Probe, name: str, data: list[Any]) -> Exchange:
    """The accepted request with every input cut to one element and one of them replaced."""
    value = probe.accepted().request.to_value()
    for entry in value["inputs"]:
        entry["shape"] = [1] * len(entry["shape"])
        entry["data"] = data if entry["name"] == name else entry["data"][:1]
    return probe.client.infer(probe.model.name, encoded(value), probe.model.address)


def _send_in_binary(probe: Probe, name: str, special: float, wanted: str | None = None) -> Exchange:
    """The same with a value in binary, for an answer in JSON, or with one output, ``wanted``, in binary."""
    base = probe.accepted().request
    cut = [replace(each, shape=(1,) * len(each.shape), elements=each.elements[:1]) for each in base.inputs]
    inputs = [replace(each, elements=(special,)) if each.name == name else each for each in cut]
    request = vary(base, inputs=inputs)
    body = binary_request(request if wanted is None else wishing(request, {wanted: True}), {name})
    return probe.client.infer(probe.model.name, body.body, probe.model.address, body.headers)
