"""Half precision in binary, which JSON may refuse (extension_binary_data.md, "Binary Tensor Request")."""

from __future__ import annotations

from harness.check import Untestable, check
from harness.judging.binary import Binary, entries_of, offered, parts_of, size_of
from harness.judging.binary_echo import BinaryEcho, round_trip
from harness.oracles.halves import HALVES, OTHER, read_as_the_other
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest
from harness.wire.raw import to_raw
from harness.wire.tensor import Tensor, product
from harness.wire.varied import all_binary

# Every bit of the significand is used by one of them; the last is the smallest denormal.
EDGES = {
    "FP16": (1.5, -2.0, -0.0, 65504.0, 0.333251953125, 1.0009765625, 5.960464477539063e-08),
    "BF16": (1.5, -2.0, -0.0, 3.3895313892515355e38, 0.333984375, 1.0078125, 9.183549615799121e-41),
}


@check(
    "binary-halves",
    clauses=["BIN-07"],
    duties=["A15-4-d"],
    criterion="FP16 and BF16 are taken and given in binary with two bytes per element, and an echo keeps the bytes",
    per="model",
    faults=["binary-fp16-refused", "binary-fp16-as-fp32", "binary-fp16-through-bfloat", "binary-fp16-read-as-bf16"],
    fix="Take two bytes per element as they are; there is no need for a typed form.",
)
def binary_halves(probe: Probe) -> None:
    """Half precision travels in binary.

    Only models whose metadata has FP16 or BF16 tensors. Generated requests with all tensors in binary; that one works
    is asked for where the model takes the same request in JSON. Outputs of these types have two bytes per element. No
    output, of whatever float type, gives what the bytes of an input say as the other kind of half. An echo, seen by the
    bytes of two requests, keeps the edges of the type, as many at a time as the metadata let it take.
    """
    metadata = probe.model.metadata
    tensors = (*metadata.inputs, *metadata.outputs) if metadata else ()
    if not any(tensor.datatype in HALVES for tensor in tensors):
        probe.not_applicable("the metadata has no FP16 and no BF16")
    with offered(probe) as binary:
        answers = [(request, _send(binary, request)) for request in probe.model.rest.candidates()]
        worked = [(request, exchange) for request, exchange in answers if exchange.ok]
        if not worked:
            _held_against(binary, answers)
        for _, exchange in worked[:2]:
            binary.probe.holds(True, expected="status 200", observed=status_of(exchange), exchange=exchange)
            _two_bytes(binary, exchange)
        _not_as_the_other(binary, worked)
        for echo in _echoes(binary, worked):
            edges, most = EDGES[echo.datatype], _most(probe, echo)
            for first in range(0, len(edges), most):
                round_trip(binary, echo, edges[first : first + most])


def _most(probe: Probe, echo: BinaryEcho) -> int:
    """How many elements the echo takes at a time."""
    declared = probe.model.metadata.inputs if probe.model.metadata else ()
    sizes = [tensor.shape[0] for tensor in declared if tensor.name == echo.name]
    return sizes[0] if sizes and sizes[0] > 0 else len(EDGES[echo.datatype])


def _not_as_the_other(binary: Binary, worked: list[tuple[InferRequest, Exchange]]) -> None:
    """One case for each half and each output that gives, in every answer, what the half says as the other kind."""
    answers = [(request, binary.outputs(exchange), exchange) for request, exchange in worked[:2]]
    for sent in answers[0][0].inputs if answers else ():
        for name in answers[0][1]:
            if all(name in outputs and read_as_the_other(_input(request, sent.name), outputs[name])
                   for request, outputs, _ in answers):  # fmt: skip
                observed = f"{name} gives the bytes of {sent.name} read as {OTHER[sent.datatype]}"
                binary.probe.holds(False, expected=f"{sent.datatype}", observed=observed, exchange=answers[0][2])


def _input(request: InferRequest, name: str) -> Tensor:
    return next(each for each in request.inputs if each.name == name)


def _send(binary: Binary, request: InferRequest) -> Exchange:
    return binary.infer(all_binary(request))


def _held_against(binary: Binary, answers: list[tuple[InferRequest, Exchange]]) -> None:
    """No binary request worked: a finding only if the model takes requests at all."""
    try:
        binary.probe.model.rest.accepted()
    except Untestable:
        binary.probe.untestable("the model takes no generated request, neither in JSON nor in binary")
    for _, exchange in answers[:1]:
        binary.probe.holds(False, expected="status 200", observed=status_of(exchange), exchange=exchange,
                     root="BIN-02")  # fmt: skip


def _two_bytes(binary: Binary, exchange: Exchange) -> None:
    for entry in entries_of(binary.split(exchange)):
        shape, size = entry.get("shape"), size_of(entry)
        if entry.get("datatype") in HALVES and isinstance(shape, list) and size is not None:
            observed = f"{entry.get('name')}: {size} bytes for shape {shape}"
            wanted = 2 * product(shape)
            binary.probe.holds(size == wanted, expected=f"{wanted} bytes", observed=observed, exchange=exchange)


def _echoes(binary: Binary, worked: list[tuple[InferRequest, Exchange]]) -> list[BinaryEcho]:
    """Halves of rank one whose bytes came back in every request, of at least two."""
    pairs: set[tuple[str, str, str]] | None = None
    for request, exchange in worked:
        parts = parts_of(binary.split(exchange))
        found = {
            (tensor.name, output, tensor.datatype)
            for tensor in request.inputs
            for output, part in parts.items()
            if tensor.datatype in HALVES and len(tensor.shape) == 1 and part == to_raw(tensor.datatype, tensor.elements)
        }
        pairs = found if pairs is None else pairs & found
    if len(worked) < 2:
        return []
    return [BinaryEcho(*pair, worked[0][0]) for pair in sorted(pairs or ())]
