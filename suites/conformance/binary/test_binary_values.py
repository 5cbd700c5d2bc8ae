"""Binary tensor data: the bytes of each data type (extension_binary_data.md, "Binary Tensor Request").

Round trips show only on a model that gives its input back. Whether it does is seen, never assumed.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from harness.check import check
from harness.endpoint.rest_route import outputs_of
from harness.generate.boundaries import PRECISION, integer_range
from harness.generate.members import carried
from harness.generate.telling import few_of_each_kind
from harness.generate.values import element_lists
from harness.judging.binary import Binary, entries_of, offered, parts_of, size_of
from harness.judging.binary_echo import BinaryEcho, bytes_kept, echoes, lost, round_trip, sent_to
from harness.judging.refusals import base_of
from harness.oracles.changes import value_root
from harness.oracles.equality import preserved
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.wire.datatypes import DATATYPES
from harness.wire.raw import from_raw
from harness.wire.tensor import product
from harness.wire.varied import wishing

NUMBERS = tuple(name for name, entry in DATATYPES.items() if entry.kind != "bytes" and name not in ("FP16", "BF16"))
FLOATS = ("FP32", "FP64")
# Times a few small values: some thousand bytes.
MANY = 512
FLOAT_EDGES = {
    "FP32": (1.5, -0.0, 1e-45, 1.1754942106924411e-38, -3.4028234663852886e38, 0.1, 1.0000001),
    "FP64": (1.5, -0.0, 5e-324, 2.225073858507201e-308, -1.7976931348623157e308, 0.1, 1.0000000000000002),
}
PLAIN_TEXTS: tuple[Any, ...] = ("ab", "cde")
TEXTS: tuple[Any, ...] = ("\u20ac", "", "a\u0000b", "line\n", "end\u0000", "z" * 300)
NOT_TEXTS: tuple[Any, ...] = (b"\xff\x00", b"\x80abc", b"\xc3")


@check(
    "binary-output-values",
    clauses=["BIN-05", "BIN-06", "BIN-09"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="an output has the same values in binary as in JSON, in the native size of its data type, in any order",
    per="model",
    needs=["binary-reply-lengths"],
    faults=[
        "binary-column-major",
        "binary-second-row-wrong",
        "binary-padded",
        "binary-bytes-length-big-endian",
        "reply-parts-reversed",
        "reply-parts-in-model-order",
    ],
    fix="Write the elements as in memory, little-endian and row by row, and the parts in the order of the outputs.",
)
def binary_output_values(probe: Probe) -> None:
    """Outputs have the same values in binary as in JSON.

    The accepted request in JSON, with two rows where the model takes them. Each output alone in binary: its size is
    that of its shape and data type, its values those in JSON, floats within the tolerance. Then all outputs in binary,
    listed in both orders. What JSON cannot carry is left out.
    """
    with offered(probe) as binary:
        base = base_of(probe)
        tensors = outputs_of(base.exchange)
        for tensor in few_of_each_kind([*tensors.values()]):
            name, clause = tensor.name, "BIN-06" if tensor.datatype == "BYTES" else "BIN-05"
            exchange = binary.json(wishing(base.request, {name: True}))
            if not exchange.ok:
                continue
            _native_size(binary, exchange, clause)
            found = binary.differ(exchange, base.exchange, name)
            expected = f"the values of {name} in JSON"
            binary.probe.holds(
                found is None, clause=clause, expected=expected, observed=found or "the same", exchange=exchange
            )
        for names in (list(tensors), list(tensors)[::-1]) if len(tensors) > 1 else ():
            exchange = binary.json(wishing(base.request, dict.fromkeys(names, True)))
            if exchange.ok:
                found = binary.differ(exchange, base.exchange)
                observed = f"asked for {', '.join(names)}: {found or 'the same'}"
                binary.probe.holds(found is None, clause="BIN-09", expected="the values in JSON", observed=observed,
                             exchange=exchange)  # fmt: skip


def _native_size(binary: Binary, exchange: Exchange, clause: str) -> None:
    """One case per binary output whose data type has a size: its bytes are as many as its shape needs."""
    for entry in entries_of(binary.split(exchange)):
        known, shape, size = DATATYPES.get(str(entry.get("datatype"))), entry.get("shape"), size_of(entry)
        if known is None:
            binary.probe.untestable(f"an output is of the datatype {entry.get('datatype')!r}")
        if size is not None and "data" in entry:
            binary.probe.untestable("an output has data and bytes")
        if known.size is None or size is None or not isinstance(shape, list):
            continue
        wanted = product(shape) * known.size
        observed = f"{entry.get('name')}: {size} bytes for {known.name} {shape}"
        binary.probe.holds(
            size == wanted, clause=clause, expected=f"{wanted} bytes", observed=observed, exchange=exchange
        )


@check(
    "binary-number-bytes",
    clauses=["BIN-05"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="an echo gives back the same bytes; they are the little-endian form of what JSON says",
    per="model",
    needs=["binary-reply-lengths"],
    faults=[
        "binary-big-endian",
        "binary-input-big-endian",
        "binary-bool-true-is-ff",
        "binary-int64-through-double",
        "binary-uint64-through-int64",
        "binary-fp32-through-half",
        "binary-fp64-through-single",
        "binary-negative-zero-lost",
        "binary-denormals-flushed",
        "binary-nan-becomes-zero",
        "binary-reply-of-request-before",
        "binary-rows-lost-above-1000",
    ],
    fix="Copy the bytes; where they must be converted, go through the tensor's own data type and little-endian order.",
)
def binary_number_bytes(probe: Probe) -> None:
    """Numbers have their native little-endian bytes, and keep them.

    On echoes of variable length. Small values by JSON in and binary out, and by binary in and JSON out; the edges of
    the data type in binary both ways, negative zero and denormals among them, twice each and in reverse order as well;
    some thousand bytes; then drawn values. NaN and infinities may be refused, but must not become other values.
    """
    with offered(probe) as binary:
        for echo in echoes(binary, NUMBERS):
            small = _small(echo.datatype)
            _across(binary, echo, small)
            edges = _edges(echo.datatype)
            kept = [round_trip(binary, echo, values) for values in (edges, edges[::-1], edges, edges[::-1])]
            kept.append(round_trip(binary, echo, small * MANY))
            if echo.datatype in FLOATS:
                _special(binary, echo)
            if all(kept):
                _draw(binary, echo, element_lists(echo.datatype))


@check(
    "binary-text-bytes",
    clauses=["BIN-06"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="an echo gives back each element, length and bytes, whether or not it is text",
    per="model",
    needs=["binary-reply-lengths"],
    faults=[
        "binary-bytes-cut-at-nul",
        "binary-bytes-replaced",
        "binary-bytes-empty-dropped",
        "binary-bytes-stripped",
        "binary-bytes-length-in-characters",
        "binary-bytes-utf8-only",
    ],
    fix="Read a four-byte little-endian length and that many bytes; never decode them.",
)
def binary_text_bytes(probe: Probe) -> None:
    """Elements of BYTES survive in binary, whatever their bytes.

    On echoes of rank one. Plain texts by JSON in and binary out, and the other way round; then non-ASCII, empty and
    long texts, NUL and newline, bytes that are no UTF-8, and drawn bytes, in binary both ways.
    """
    with offered(probe) as binary:
        for echo in echoes(binary, ("BYTES",)):
            _across(binary, echo, PLAIN_TEXTS)
            kept = [round_trip(binary, echo, values) for values in (PLAIN_TEXTS, TEXTS, NOT_TEXTS)]
            if all(kept):
                _draw(binary, echo, st.lists(st.binary(max_size=20), min_size=1, max_size=4).map(tuple))


def _small(datatype: str) -> tuple[Any, ...]:
    """Values that JSON carries without doubt, and whose bytes are no palindromes where there are several."""
    entry = DATATYPES[datatype]
    if entry.kind == "bool":
        return (True, False, True, True)
    if entry.kind == "float":
        return (1.5, -2.0, 0.25, 3.0)
    assert entry.minimum is not None
    assert entry.maximum is not None
    return tuple(value for value in (1, 258, -2, 100) if entry.minimum <= value <= entry.maximum)


def _edges(datatype: str) -> tuple[Any, ...]:
    if datatype == "BOOL":
        return (True, False, False, True, True)
    if datatype in FLOAT_EDGES:
        return FLOAT_EDGES[datatype]
    return (*PRECISION.get(datatype, ()), *integer_range(datatype), *_small(datatype))


def _across(binary: Binary, echo: BinaryEcho, values: tuple[Any, ...]) -> None:
    """Two cases: JSON in and binary out, binary in and JSON out; a mistake made both ways shows only here."""
    request = binary.probe.model.with_elements(echo.request, echo.name, values)
    exchange = binary.json(wishing(request, {echo.output: True}))
    bytes_kept(binary, echo, values, exchange, "JSON in, binary out")
    exchange = binary.infer(request)
    tensor = binary.outputs(exchange).get(echo.output) if exchange.ok else None
    sent = carried(request, echo.name)
    found = preserved(echo.datatype, sent, tensor.elements) if tensor else status_of(exchange)
    observed = f"{echo.datatype}, binary in, JSON out: {found or 'kept'}"
    root = value_root(echo.datatype, sent, tensor.elements) if tensor and found is not None else None
    binary.probe.holds(found is None, expected=f"{list(sent)} back", observed=observed, exchange=exchange, root=root)


def _special(binary: Binary, echo: BinaryEcho) -> None:
    values = (float("nan"), float("inf"), float("-inf"), 1.5)
    exchange = sent_to(binary, echo, values)
    if refused(exchange):
        binary.probe.observe(f"NaN and infinities in binary {echo.datatype} are answered {status_of(exchange)}")
        return
    part = parts_of(binary.split(exchange)).get(echo.output, b"")
    size = DATATYPES[echo.datatype].size or 1
    found = from_raw(echo.datatype, part)[:4] if len(part) >= 4 * size and len(part) % size == 0 else ()
    # Which of the many NaNs comes back is nobody's business.
    good = len(found) == 4 and found[0] != found[0] and found[1:] == values[1:]
    observed = f"{echo.datatype}: {list(found)}"
    binary.probe.holds(good, expected=f"{list(values)} back", observed=observed, exchange=exchange)


def _draw(binary: Binary, echo: BinaryEcho, strategy: st.SearchStrategy[tuple[Any, ...]]) -> None:
    """Draw values of the type; the smallest list whose bytes do not come back is one more case."""
    found = binary.probe.search(
        strategy, lambda values: lost(binary, echo, values, sent_to(binary, echo, values)) is None
    )
    if found is not None:
        round_trip(binary, echo, found.smallest)
