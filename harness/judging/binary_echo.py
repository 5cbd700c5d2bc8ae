"""Echoes in binary: inputs that a model was seen to give back, and whether their bytes come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.generate.members import carried
from harness.judging.binary import Binary, parts_of
from harness.judging.own_limits import ordinary_are_taken
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest
from harness.wire.raw import as_bytes, to_raw
from harness.wire.varied import wishing


@dataclass(frozen=True, slots=True)
class BinaryEcho:
    """An input that an output gave back, its data type, and a request to put other elements into."""

    name: str
    output: str
    datatype: str
    request: InferRequest


def echoes(binary: Binary, datatypes: Sequence[str]) -> list[BinaryEcho]:
    """Echoes of variable length of these types, as seen in JSON; not applicable where there is none."""
    probe = binary.probe
    request = probe.accepted().request
    inputs = {tensor.name: tensor for tensor in (probe.model.metadata.inputs if probe.model.metadata else ())}
    found = [
        BinaryEcho(name, output, inputs[name].datatype, request)
        for name, output in probe.model.rest.echoes().items()
        if inputs[name].datatype in datatypes and inputs[name].shape[:1] == (-1,)
    ]
    if not found:
        kinds = "BYTES" if "BYTES" in datatypes else "numbers"
        probe.not_applicable(f"the model echoes no {kinds} of variable length")
    return found


def sent_to(binary: Binary, echo: BinaryEcho, values: tuple[Any, ...]) -> Exchange:
    """The answer to the values, in binary both ways, with the output that echoes and no other."""
    return binary.infer(wishing(binary.probe.model.with_elements(echo.request, echo.name, values), {echo.output: True}))


def sent_by(binary: Binary, echo: BinaryEcho, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """What carries the values: they, and more where a row takes more."""
    return carried(binary.probe.model.with_elements(echo.request, echo.name, values), echo.name)


def round_trip(binary: Binary, echo: BinaryEcho, values: tuple[Any, ...]) -> bool:
    """One case: whether the bytes of the values come back from binary in and out."""
    return bytes_kept(binary, echo, values, sent_to(binary, echo, values), "binary in and out")


def bytes_kept(binary: Binary, echo: BinaryEcho, values: tuple[Any, ...], exchange: Exchange, how: str) -> bool:
    """One case: whether an answer in binary has the bytes of the values."""
    if refused(exchange):
        ordinary_are_taken(binary.probe, echo.request, echo.name, len(values), binary.json, binary.infer)
    found = lost(binary, echo, values, exchange)
    some = [as_bytes(each)[:20] if echo.datatype == "BYTES" else each for each in values[:16]]
    expected = f"the bytes of {len(values)} elements {some}{'…' if len(values) > 16 else ''}"
    observed = f"{echo.datatype}, {how}: {found or 'kept'}"
    return binary.probe.holds(found is None, expected=expected, observed=observed, exchange=exchange)


def lost(binary: Binary, echo: BinaryEcho, values: tuple[Any, ...], exchange: Exchange) -> str | None:
    """Why the bytes of the echo are not those of the values; None if they are. No binary output: untestable."""
    if not exchange.ok:
        return status_of(exchange)
    part = parts_of(binary.split(exchange)).get(echo.output)
    wanted = to_raw(echo.datatype, sent_by(binary, echo, values))
    if part is None:
        binary.probe.untestable(f"output {echo.output!r} does not come in binary")
    if part == wanted:
        return None
    where = next((at for at, pair in enumerate(zip(part, wanted, strict=False)) if pair[0] != pair[1]), len(part))
    at = slice(max(where - 8, 0), where + 16)
    return f"{len(part)} bytes, at byte {where} …{part[at].hex(' ')}… instead of …{wanted[at].hex(' ')}…"
