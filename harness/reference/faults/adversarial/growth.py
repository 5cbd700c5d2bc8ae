"""Seeded faults that the checks of ``suites/adversarial/test_growth.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.common import holds, wrong_when
from harness.reference.faults.kit.crew import loses_reader, loses_worker
from harness.reference.faults.registry import fault
from harness.reference.messages import Call

CHANGE = "policy:no-silent-change"
HANG = "policy:no-hang"


def _depth(body: bytes) -> int:
    """Of objects in each other."""
    depth = deepest = 0
    for byte in body:
        depth += (byte == ord("{")) - (byte == ord("}"))
        deepest = max(deepest, depth)
    return deepest


fault(
    "nesting-of-some-depths-held",
    HANG,
    "TDATA-17",
    text="bodies of objects 280 to 420 deep are never answered; deeper ones are, as shallower ones",
    effect="hang",
)(holds(lambda call: call.op == "infer" and call.body.count(b"{") > 280 and 280 < _depth(call.body) < 420))


fault(
    "nested-value-ends-a-worker",
    HANG,
    "TDATA-17",
    text="a body of more than 400 lists in each other is the last that one of three workers answers",
    effect="hang",
)(loses_reader(lambda call: b"[" * 400 in call.body))

fault(
    "parameters-beyond-100-change-answer",
    CHANGE,
    "PARAM-02",
    text="a request with more than 100 parameters is computed with other values",
    models=("pair",),
)(wrong_when(lambda _, request: len(request.parameters) > 100))


def _many_chunks(call: Call) -> bool:
    return call.headers.get("transfer-encoding") == "chunked" and len(call.body) > 4000


fault(
    "many-chunks-held",
    HANG,
    text="of a body in chunks what is above 4000 bytes is never read, and the request not answered",
    effect="hang",
)(holds(_many_chunks))

fault(
    "grpc-parameters-beyond-200-end-a-worker",
    HANG,
    "PARAM-06",
    text="a call with more than 200 parameters is the last that one of three workers answers",
    transport="grpc",
    effect="hang",
)(loses_worker(lambda request: len(request.parameters) > 200))

fault(
    "id-of-a-megabyte-ends-a-worker",
    HANG,
    text="an id above 600 kB is the last that one of five workers answers",
    effect="hang",
)(loses_worker(lambda request: isinstance(request.id, str) and len(request.id) > 600_000, 5))

fault(
    "grpc-id-of-a-megabyte-ends-a-worker",
    HANG,
    text="a call with an id above 600 kB is the last that one of five workers answers",
    transport="grpc",
    effect="hang",
)(loses_worker(lambda request: isinstance(request.id, str) and len(request.id) > 600_000, 5))
