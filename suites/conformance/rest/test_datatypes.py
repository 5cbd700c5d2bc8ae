"""Data types: what a value must survive (inference_rest.md, "Tensor Data Types").

Round trips show only on a model that gives its input back. Whether it does is seen, never assumed
(`ModelUnderTest.echoes`); elsewhere these checks are not applicable.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import cycle, islice

from harness.check import check
from harness.endpoint.rest_route import outputs_of
from harness.generate.boundaries import ASCII, BOOLEANS, FLOATS, HALVES, PRECISION, TEXTS, Scalar, integer_range
from harness.generate.members import carried
from harness.generate.values import element_lists
from harness.judging.own_limits import ordinary_are_taken
from harness.oracles.changes import value_root
from harness.oracles.equality import preserved
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.record.intent import meant
from harness.wire.tensor import Tensor
from harness.wire.varied import vary

SIGNED = ("INT8", "INT16", "INT32")
UNSIGNED = ("UINT8", "UINT16", "UINT32")
Values = Callable[[str], Sequence[Scalar]]


@check(
    "rest-datatype-bool",
    clauses=["DTYPE-05"],
    duties=["A15-4-d"],
    criterion="elements of BOOL outputs are true and false (1 and 0 are recorded); an echo keeps them",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["bool-as-text"],
    fix="Write BOOL elements as true and false.",
)
def rest_datatype_bool(probe: Probe) -> None:
    """BOOL travels as true and false.

    Looks at the elements of every BOOL output. A model seen to echo is sent true, false, true as well.
    """
    accepted = probe.accepted()
    outputs = [tensor for tensor in outputs_of(accepted.exchange).values() if tensor.datatype == "BOOL"]
    sent = [tensor for tensor in accepted.request.inputs if tensor.datatype == "BOOL"]
    if not outputs:
        probe.not_applicable("the model has no BOOL output" + (", although it has a BOOL input" if sent else ""))
    for tensor in outputs:
        odd = [value for value in tensor.elements if not isinstance(value, bool) and value not in (0, 1)]
        numbers = [value for value in tensor.elements if not isinstance(value, bool) and value in (0, 1)]
        if numbers:
            probe.observe(f"elements of output {tensor.name!r} are numbers: {numbers[:3]!r}", "DTYPE-05")
        observed = f"{tensor.name}: {odd[:3]!r}" if odd else f"{tensor.name}: truth values"
        probe.holds(not odd, expected="true and false", observed=observed, exchange=accepted.exchange)
    for name, output, _ in _echoed(probe, ("BOOL",), strict=False):
        exchange, echo, given = _echo(probe, name, output, BOOLEANS)
        _elements_were_refused(probe, name, len(BOOLEANS), exchange)
        lost = preserved("BOOL", given, echo.elements) if echo else status_of(exchange)
        probe.holds(lost is None, expected=f"{list(given)} back", observed=lost or "kept", exchange=exchange)


@check(
    "rest-datatype-signed-range",
    clauses=["DTYPE-06"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="the smallest, the largest and the values around zero of INT8, INT16 and INT32 come back exactly",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["int8-minimum-becomes-positive", "int16-clipped"],
    fix="Keep values in their own type; do not go through a narrower one.",
)
def rest_datatype_signed_range(probe: Probe) -> None:
    """Signed integers keep their full range.

    Echoes minimum, -1, 0 and maximum.
    """
    _round_trip_all(probe, SIGNED, integer_range)


@check(
    "rest-datatype-unsigned-range",
    clauses=["DTYPE-07"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="0, 1 and the largest value of UINT8, UINT16 and UINT32 come back exactly",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["uint32-as-int32", "uint8-wraps"],
    fix="Keep values in their own type; an unsigned value is not a signed one.",
)
def rest_datatype_unsigned_range(probe: Probe) -> None:
    """Unsigned integers keep their full range.

    Echoes 0, 1 and maximum.
    """
    _round_trip_all(probe, UNSIGNED, integer_range)


@check(
    "rest-datatype-floats",
    clauses=["DTYPE-08"],
    duties=["A15-4-d"],
    criterion="integer and fractional literals are accepted as FP32 and FP64 and come back at that precision",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["integer-literal-refused-in-float"],
    fix="Read any JSON number into a float tensor.",
)
def rest_datatype_floats(probe: Probe) -> None:
    """Float tensors take integer and fractional numbers.

    Echoes 1, -2.5, 1e10 and 0.0.
    """
    _round_trip_all(probe, ("FP32", "FP64"), lambda _: FLOATS)


@check(
    "rest-datatype-halves",
    clauses=["DTYPE-09", "DTYPE-02"],
    duties=["A15-4-d"],
    criterion="FP16 and BF16 numbers are refused, or come back as the same halves",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["fp16-bit-pattern"],
    fix="Refuse FP16 in JSON, or read numbers as numbers.",
)
def rest_datatype_halves(probe: Probe) -> None:
    """Half precision in JSON is refused, or means the number that was written.

    Echoes 1.5 and -2; which way is followed is recorded.
    """
    for name, output, datatype in _echoed(probe, ("FP16", "BF16")):
        exchange, tensor, sent = _echo(probe, name, output, HALVES)
        lost = preserved(datatype, sent, tensor.elements) if tensor else "no output"
        good = refused(exchange) or (exchange.ok and lost is None)
        clause = "DTYPE-09" if datatype == "FP16" else "DTYPE-02"
        observed = f"{datatype}: {lost or status_of(exchange)}"
        expected = "an error status, or the same numbers"
        probe.holds(good, clause=clause, expected=expected, observed=observed, exchange=exchange)


@check(
    "rest-datatype-precision",
    clauses=["TDATA-15", "TDATA-16"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="64-bit integers above 2^53 and floats at the edge of their precision come back exactly",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["int64-through-double", "fp32-six-digits", "fp32-grids-six-digits"],
    fix="Write integers as integers and floats with enough digits to read back the same.",
)
def rest_datatype_precision(probe: Probe) -> None:
    """Large integers and long fractions survive JSON.

    Echoes the edges of INT64, UINT64, FP64 and FP32, then drawn values; floats are compared after rounding to their
    type.
    """
    for datatype, values in PRECISION.items():
        clause = "TDATA-16" if datatype == "FP32" else "TDATA-15"
        for name, output, _ in _echoed(probe, (datatype,), strict=False):
            if _keeps(probe, name, output, datatype, values, clause):
                _draws_kept(probe, name, output, datatype, clause)
    if not probe.outcome.cases:
        probe.not_applicable("the model echoes none of INT64, UINT64, FP64 and FP32")


@check(
    "rest-bytes-elements",
    clauses=["BYTES-01"],
    duties=["A15-4-d"],
    criterion="two strings of different length are two elements",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["bytes-shape-counts-bytes"],
    fix="Count strings in shape, not bytes.",
)
def rest_bytes_elements(probe: Probe) -> None:
    """A BYTES tensor has one string per element.

    Sends two strings of different length as shape [2]; an echo must give back two. Where they are refused, and so are
    five such strings as shape [5], but two of five bytes as shape [5] are taken, bytes are counted; else it is a model
    of its own kind.
    """
    values = ("ab", "cde")
    for name, output, _ in _echoed(probe, ("BYTES",)):
        exchange, tensor, sent = _echo(probe, name, output, values)
        observed = f"{status_of(exchange)}, shape {list(tensor.shape) if tensor else None}"
        if refused(exchange) and _is_taken_by_bytes(probe, name, values):
            observed += "; taken where the shape is the number of bytes"
        else:
            _elements_were_refused(probe, name, len(values), exchange)
        good = exchange.ok and tensor is not None and len(tensor.elements) == len(sent) == math.prod(tensor.shape)
        probe.holds(good, expected=f"{len(sent)} elements", observed=observed, exchange=exchange)


@check(
    "rest-bytes-text",
    clauses=["BYTES-02", "BYTES-03"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="printable text comes back as it is; non-ASCII, empty text, NUL and newline should too",
    per="model",
    needs=["rest-bytes-elements"],
    faults=["bytes-cut-at-nul", "bytes-non-ascii-mangled"],
    fix="Carry BYTES in JSON as UTF-8 text.",
)
def rest_bytes_text(probe: Probe) -> None:
    """Text survives the round trip as BYTES.

    Echoes plain ASCII, then a euro sign, the empty string, an embedded NUL and a newline.
    """
    for name, output, datatype in _echoed(probe, ("BYTES",)):
        _keeps(probe, name, output, datatype, ASCII, "BYTES-02")
        if _keeps(probe, name, output, datatype, TEXTS, "BYTES-03"):
            _draws_kept(probe, name, output, datatype, "BYTES-03")


def _echoed(probe: Probe, datatypes: Sequence[str], *, strict: bool = True) -> Iterator[tuple[str, str, str]]:
    """Input, output and data type of the echoes of these types; not applicable where there is none."""
    probe.accepted()
    inputs = {tensor.name: tensor for tensor in (probe.model.metadata.inputs if probe.model.metadata else ())}
    found = [
        (name, output, inputs[name].datatype)
        for name, output in probe.model.rest.echoes().items()
        if inputs[name].datatype in datatypes and inputs[name].shape[:1] == (-1,)
    ]
    if not found and strict:
        probe.not_applicable(f"the model echoes no input of type {' or '.join(datatypes)}")
    yield from found


def _echo(
    probe: Probe, name: str, output: str, values: Sequence[Scalar]
) -> tuple[Exchange, Tensor | None, Sequence[Scalar]]:
    """The answer, what it gives back, and what was sent: the values, and more where a row takes more."""
    request = probe.model.with_elements(probe.accepted().request, name, tuple(values))
    exchange = probe.answered(probe.model.rest.infer(request))
    return exchange, outputs_of(exchange).get(output) if exchange.ok else None, carried(request, name)


def _is_taken_by_bytes(probe: Probe, name: str, values: Sequence[str]) -> bool:
    """Whether the strings are accepted with the number of their bytes as shape, and as many strings are not.

    Only asked of a model with this input alone, whose rows are single strings.
    """
    count = sum(map(len, values))
    base, rest = probe.accepted().request, probe.model.rest
    request = probe.model.with_elements(base, name, tuple(values))
    if [each.shape for each in request.inputs] != [(len(values),)]:
        return False
    with meant("open"):
        counted = rest.infer(vary(request, inputs=[replace(request.inputs[0], shape=(count,))]).to_bytes())
    as_many = probe.model.with_elements(base, name, tuple(islice(cycle(values), count)))
    return counted.ok and refused(rest.infer(as_many))


def _elements_were_refused(probe: Probe, name: str, count: int, exchange: Exchange) -> None:
    """Go on where the elements were taken, or refused for what they are."""
    if refused(exchange):
        ordinary_are_taken(probe, probe.accepted().request, name, count, probe.model.rest.infer)


def _round_trip_all(probe: Probe, datatypes: Sequence[str], values_of: Values) -> None:
    """One case per echo of these types: the edges first, then drawn values until one is lost."""
    for name, output, datatype in _echoed(probe, datatypes):
        if _keeps(probe, name, output, datatype, values_of(datatype)):
            _draws_kept(probe, name, output, datatype)


def _keeps(
    probe: Probe, name: str, output: str, datatype: str, values: Sequence[Scalar], clause: str | None = None
) -> bool:
    """One case: whether an echo gives the values back."""
    exchange, tensor, sent = _echo(probe, name, output, values)
    _elements_were_refused(probe, name, len(values), exchange)
    lost = preserved(datatype, sent, tensor.elements) if tensor else status_of(exchange)
    observed = f"{datatype}: {lost or 'kept'}"
    expected = f"{list(sent)} back"
    root = value_root(datatype, sent, tensor.elements) if tensor and lost is not None else None
    return probe.holds(lost is None, clause=clause, expected=expected, observed=observed, exchange=exchange, root=root)


def _draws_kept(probe: Probe, name: str, output: str, datatype: str, clause: str | None = None) -> None:
    """Draw values of the type; the smallest list that does not come back is one more case."""

    def kept(values: tuple[Scalar, ...]) -> bool:
        _, tensor, sent = _echo(probe, name, output, values)
        return tensor is not None and preserved(datatype, sent, tensor.elements) is None

    found = probe.search(element_lists(datatype), kept, sends=lambda values: _echo(probe, name, output, values))
    if found is not None:
        _keeps(probe, name, output, datatype, found.smallest, clause)
