"""Tensors in system shared memory (Triton extension_shared_memory.md); loopback endpoints only.

Looking at the list of regions needs no permission. A region of a name of its own disturbs nobody, but registering it is
management of the server, and a run that is killed would leave it behind: that is done with the permission for the
repository only.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.check import check
from harness.endpoint.known import value_of
from harness.endpoint.rest_route import outputs_of
from harness.endpoint.route import Accepted
from harness.judging.extensions import infer, offered
from harness.oracles.equality import difference
from harness.probing.json_values import json_type, shown
from harness.probing.probe import Probe
from harness.probing.replies import object_or_none, refused, status_of
from harness.probing.shared_memory import STATUS, Region, on_this_host, shared, size_for
from harness.record.exchange import Exchange
from harness.record.intent import meant
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.raw import from_raw, to_raw
from harness.wire.tensor import Tensor
from harness.wire.varied import asking_for

EXTENSION = "system_shared_memory"
UNKNOWN_REGION = "no-such-region-7f3a"
FILL = b"\xa5"


@check(
    "shared-memory-status",
    clauses=["SHM-01"],
    duties=["A15-4-i"],
    criterion="the list of regions is a JSON array of objects with name, key, offset and byte_size",
    faults=["system-shared-memory-listed-but-absent"],
    fix="Answer GET v2/systemsharedmemory/status with an array.",
)
def shared_memory_status(probe: Probe) -> None:
    """The regions of shared memory can be listed.

    One GET; an empty array is right, and the usual answer.
    """
    offered(probe, EXTENSION)
    exchange = probe.answered(probe.client.send("GET", STATUS))
    value = value_of(exchange)
    good = exchange.ok and isinstance(value, list)
    observed = f"{status_of(exchange)}, {json_type(value)}"
    probe.holds(good, expected="200 and an array", observed=observed, exchange=exchange)
    for row in value if isinstance(value, list) else []:
        problem = _row_problem(row)
        probe.holds(problem is None, expected="name, key, offset and byte_size", observed=problem or "all four",
                    exchange=exchange)  # fmt: skip


@check(
    "shared-memory-tensors",
    clauses=["SHM-01"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="tensors in a registered region are read and written in place, and an unregistered one is forgotten",
    per="model",
    allow="repository",
    needs=["rest-infer-outputs-well-formed", "shared-memory-status"],
    faults=[
        "shm-data-in-reply",
        "shm-unregister-without-effect",
        "shm-status-empty",
        "shm-status-object",
        "shm-data-and-region-accepted",
        "shm-input-offset-ignored",
        "shm-output-offset-ignored",
        "shm-output-region-ignored",
        "shm-unknown-region-zeros",
        "shm-registered-once",
    ],
    fix="Read and write at the offset within the region, leave data out, and refuse data beside a region.",
)
def shared_memory_tensors(probe: Probe) -> None:
    """Tensors lie in shared memory where a request says so.

    Makes a region of its own, registers it, sees it listed, and sends the accepted request with every input in it; then
    with each output of fixed size in it, whose bytes are compared and which has no data in the answer. Data beside a
    region, and an unknown region, are refused; after it was unregistered, so is this one; then it can be registered
    anew. It is unregistered and unlinked whatever happens. A server that refuses regions of clients is observed.
    """
    offered(probe, EXTENSION)
    if not on_this_host(probe):
        probe.not_applicable("the endpoint has no loopback address, so that its memory is not ours")
    accepted = probe.accepted()
    probe.steady()
    inputs = list(accepted.request.inputs)
    sized = [tensor for tensor in outputs_of(accepted.exchange).values() if _sized(tensor)]
    with shared(probe, f"art15-{secrets.token_hex(4)}", size_for([*inputs, *sized])) as region:
        for tensor in inputs:
            region.put(tensor)
        exchange = region.register()
        if not exchange.ok:
            probe.observe(f"registering a region is answered {status_of(exchange)}")
            probe.not_applicable(f"the server takes no region of a client ({status_of(exchange)})")
        _listed(probe, region)
        _inputs(probe, region, accepted)
        _outputs(probe, region, accepted)
        _mistakes(probe, region, accepted)
        _forgotten(probe, region, accepted)


def _inputs(probe: Probe, region: Region, accepted: Accepted) -> None:
    exchange = infer(probe, _body(accepted.request, region.places))
    found = probe.differ(exchange, accepted.exchange) if exchange.ok else None
    _holds(probe, exchange, exchange.ok and found is None, "the answer to the same inputs as JSON",
           f"inputs in shared memory: {found or status_of(exchange)}")  # fmt: skip


def _outputs(probe: Probe, region: Region, accepted: Accepted) -> None:
    """Outputs of fixed size into the region, all at once, each at a place of its own."""
    sized = {name: tensor for name, tensor in outputs_of(accepted.exchange).items() if _sized(tensor)}
    if not sized:
        probe.observe("no output has a size that is known beforehand: none is asked for in shared memory")
        return
    places = {name: region.room(len(_raw(tensor))) for name, tensor in sized.items()}
    for place in places.values():
        region.write(place, FILL * place["shared_memory_byte_size"])
    wishes = tuple({"name": name, "parameters": place} for name, place in places.items())
    exchange = infer(probe, asking_for(accepted.request, *wishes))
    if not _holds(probe, exchange, exchange.ok, "status 200", f"outputs in shared memory: {status_of(exchange)}"):
        return
    entries = {str(each.get("name")): each for each in _entries(exchange)}
    for name, tensor in sized.items():
        good = name in entries and "data" not in entries[name]
        _holds(probe, exchange, good, "an entry without data",
               f"output {name!r}: {'data' if name in entries else 'absent'}")  # fmt: skip
        written = Tensor(name, tensor.datatype, tensor.shape, from_raw(tensor.datatype, region.bytes_at(places[name])))
        found = difference({name: written}, {name: _read(tensor)}, exact=False)
        _holds(probe, exchange, found is None, "the values in the region", f"in the region: {found or 'the same'}")


def _mistakes(probe: Probe, region: Region, accepted: Accepted) -> None:
    with meant("neither"):
        exchange = infer(probe, _body(accepted.request, region.places, keep_data=True))
    _holds(probe, exchange, refused(exchange), "an error status", f"data and a region: {status_of(exchange)}")
    unknown = {name: {**place, "shared_memory_region": UNKNOWN_REGION} for name, place in region.places.items()}
    with meant("neither"):
        exchange = infer(probe, _body(accepted.request, unknown))
    _holds(probe, exchange, refused(exchange), "an error status", f"an unknown region: {status_of(exchange)}")


def _forgotten(probe: Probe, region: Region, accepted: Accepted) -> None:
    exchange = probe.answered(region.unregister())
    _holds(probe, exchange, exchange.ok, "status 200", f"unregister: {status_of(exchange)}")
    status = probe.answered(probe.client.send("GET", STATUS))
    rows = _rows(status, region.name)
    _holds(probe, status, not rows, "not listed after it was unregistered", f"{len(rows)} entries of its name")
    with meant("neither"):
        exchange = infer(probe, _body(accepted.request, region.places))
    _holds(probe, exchange, refused(exchange), "an error status", f"a forgotten region: {status_of(exchange)}")
    exchange = region.register()
    _holds(probe, exchange, exchange.ok, "status 200", f"registered anew: {status_of(exchange)}")


def _listed(probe: Probe, region: Region) -> None:
    exchange = probe.answered(probe.client.send("GET", STATUS))
    rows = _rows(exchange, region.name)
    problem = _row_problem(rows[0]) if rows else "not listed"
    if problem is None and (rows[0]["offset"], rows[0]["byte_size"]) != (0, region.memory.size):
        problem = f"offset {rows[0]['offset']}, byte_size {rows[0]['byte_size']}"
    _holds(probe, exchange, problem is None, "the region as it was registered", f"{problem or 'so it is'}")


def _body(request: InferRequest, places: Mapping[str, Mapping[str, Any]], *, keep_data: bool = False) -> InferRequest:
    """The request with its inputs in shared memory; the inputs stand among the further members."""
    entries = request.to_value()["inputs"]
    for entry in entries:
        entry["parameters"] = {**entry.get("parameters", {}), **places[entry["name"]]}
        if not keep_data:
            del entry["data"]
    return replace(request, extra={**request.extra, "inputs": entries})


def _holds(probe: Probe, exchange: Exchange, condition: bool, expected: str, observed: str) -> bool:
    return probe.holds(condition, expected=expected, observed=observed, exchange=exchange)


def _entries(exchange: Exchange) -> list[dict[str, Any]]:
    found = (object_or_none(exchange) or {}).get("outputs")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _rows(exchange: Exchange, name: str) -> list[dict[str, Any]]:
    value = value_of(exchange)
    rows = value if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, dict) and row.get("name") == name]


def _row_problem(row: object) -> str | None:
    if not isinstance(row, dict):
        return f"no object: {shown(row)}"
    types = {"name": str, "key": str, "offset": int, "byte_size": int}
    wrong = [name for name, kind in types.items() if not isinstance(row.get(name), kind)]
    return f"{', '.join(wrong)} missing or of another type" if wrong else None


def _sized(tensor: Tensor) -> bool:
    """Whether the raw size is known beforehand and the values can be packed."""
    datatype = DATATYPES.get(tensor.datatype)
    numbers = all(isinstance(each, bool | int | float) for each in tensor.elements)
    return datatype is not None and datatype.kind != "bytes" and numbers and bool(tensor.elements)


def _raw(tensor: Tensor) -> bytes:
    return to_raw(tensor.datatype, tensor.elements)


def _read(tensor: Tensor) -> Tensor:
    """The tensor as its bytes say: JSON may print more digits than the data type holds."""
    return replace(tensor, elements=from_raw(tensor.datatype, _raw(tensor)))
