"""Faults and variants of the gRPC side: a fixed sequence of calls to a server in this process shows each."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import grpc
import grpc.aio
import numpy as np
import pytest
from tritonclient.grpc import service_pb2 as pb

from harness import clauses
from harness.reference.faults import FAULTS
from harness.reference.grpc.contents import FIELDS, encode_typed
from harness.reference.grpc.listen import listen
from harness.reference.grpc.points import SERVICE
from harness.reference.hooks import Hooks
from harness.reference.http.server import Server
from harness.reference.models.catalogue import AWKWARD, BUILDERS, build
from harness.reference.protocol.raw import encode_raw
from harness.reference.protocol.tensors import NUMPY, Spec, Tensor
from harness.reference.variants import VARIANTS

Answer = tuple[str, object]
# Load, access and what errors tell is shown by other tests.
ELSEWHERE = ("load", "access", "disclosure")
GRPC_FAULTS = sorted(name for name, each in FAULTS.items() if each.transport == "grpc" and each.effect not in ELSEWHERE)
# The battery makes one call after the other, waits for each, and has no HTTP to miss.
UNSEEN = {
    "grpc-only",
    # Calls that are given up.
    "cancelled-answer-goes-to-next", "cancelled-holds-worker", "deadline-outlives-its-call",
    "tenth-cancelled-call-ends-process",
    # Streams that are given up, and such as take their time.
    "cut-stream-ends-process", "left-stream-answers-next", "open-stream-cancelled-holds-one-of-many",
    "open-stream-cancelled-holds-worker", "grpc-streams-in-turn",
    # Counts, which are read beside the answers.
    "calls-counted-nowhere",
    # Calls at the same time, and calls during a load.
    "raw-beside-typed-over-grpc", "reload-drops-calls",
}  # fmt: skip
SEEN = [name for name in GRPC_FAULTS if name not in UNSEEN]
GRPC_VARIANTS = sorted(name for name, each in VARIANTS.items() if each.transport == "grpc" and name not in UNSEEN)
# These answer late, so the battery waits for them less long than for others.
LATE = {name for name, each in FAULTS.items() if each.effect == "hang"}
SAMPLE = (
    "grpc-service-renamed", "grpc-garbage-breaks-next", "grpc-unknown-model-ready", "grpc-errors-with-ok",
    "grpc-load-succeeds-internal", "grpc-reply-garbage-after", "grpc-negative-zero-lost", "grpc-typed-by-columns",
    "grpc-wrong-field-accepted", "grpc-raw-in-model-order", "grpc-reply-forms-mixed", "grpc-fp16-typed-accepted",
)  # fmt: skip
FLOATS = [0.1, -0.0, 1.2345678, -2.0, math.nan, math.inf]


def elements(datatype: str) -> list[Any]:
    """Values of a data type, its edges among them."""
    if datatype == "BOOL":
        return [True, False, True, True, False, False]
    if datatype == "BYTES":
        return [b"\xff\xfe", b"", b"a\0b", " € ".encode(), b"xyz", b"1"]
    if datatype.startswith("FP"):
        return [np.finfo(datatype.replace("FP", "float")).tiny / 4, *FLOATS]
    limits = np.iinfo(datatype.lower())
    return [limits.min, limits.max, limits.max // 2 + 2, 1, 2**53 + 1 if limits.max > 2**53 else 7, 0]


def tensor(spec: Spec, rows: int, *, finite: bool = False) -> Tensor:
    """A valid input of ``rows`` rows."""
    shape = tuple(rows if size == -1 else size for size in spec.shape)
    count = math.prod(shape)
    edges = (
        [1.5, -2.25, 3.0, 0.5, 7.125, 1e-3] if finite and spec.datatype.startswith("FP") else elements(spec.datatype)
    )
    values = np.empty(count, dtype=NUMPY[spec.datatype])
    values[:] = [edges[index % len(edges)] for index in range(count)]
    if spec.datatype in ("FP32", "FP64") and not finite and count:
        # A NaN with a payload of its own.
        bits = np.array([0x7FC00123], dtype=np.uint32) if spec.datatype == "FP32" else np.array([0x7FF8000000000123])
        values[-1] = bits.view(values.dtype)[0]
    return Tensor(spec.name, spec.datatype, shape, values)


def request(model: str, tensors: Sequence[Tensor], *, raw: bool = False, **members: Any) -> Any:
    """A ModelInferRequest with ``tensors``, typed or raw."""
    message = pb.ModelInferRequest(model_name=model, **members)
    for each in tensors:
        entry = message.inputs.add(name=each.name, datatype=each.datatype, shape=each.shape)
        if raw or each.datatype == "FP16":
            message.raw_input_contents.append(encode_raw(each))
        else:
            encode_typed(each, entry.contents)
    return message


class Battery:
    """Sends calls one after the other and keeps what came back."""

    def __init__(self, channel: Any, timeout: float) -> None:
        self.channel, self.timeout = channel, timeout
        self.answers: list[Answer] = []

    async def call(self, name: str, message: Any, what: str = "", path: str = "") -> None:
        """One call; bytes are sent as they are."""
        ask = self.channel.unary_unary(path or f"/{SERVICE}/{name}")
        try:
            found: object = await ask(
                message if isinstance(message, bytes) else message.SerializeToString(deterministic=True),
                timeout=self.timeout,
            )
        except grpc.aio.AioRpcError as error:
            found = (error.code().name, error.details())
        self.answers.append((what or name, found))

    async def stream(self, messages: Sequence[Any]) -> None:
        """One stream."""
        ask = self.channel.stream_stream(f"/{SERVICE}/ModelStreamInfer")
        try:
            found: list[object] = [each async for each in ask(each.SerializeToString() for each in messages)]
        except grpc.aio.AioRpcError as error:
            found = [(error.code().name, error.details())]
        self.answers.append(("ModelStreamInfer", found))

    async def run(self, models: Sequence[str]) -> None:
        """Everything."""
        await self.call("Check", b"", path="/grpc.health.v1.Health/Check")
        for name in ("ServerLive", "ServerReady", "ServerMetadata", "RepositoryIndex"):
            await self.call(name, b"")
        for name in ("ModelReady", "ModelMetadata"):
            for model, version in ((models[0], ""), (models[0], "1"), (models[0], "9"), ("none", ""), ("no\0ne", "")):
                await self.call(name, getattr(pb, f"{name}Request")(name=model, version=version))
        for model in models:
            await self.model(model)
        await self.repository(models[0])

    async def infer(self, message: Any, what: str) -> None:
        """One inference."""
        await self.call("ModelInfer", message, what)

    async def model(self, name: str) -> None:
        """All that is asked of one model."""
        version = build([name])[name].newest
        outputs = [spec.name for spec in version.outputs]
        for rows in (2, 3, 8):
            for finite in (False, True):
                tensors = [tensor(spec, rows, finite=finite) for spec in version.inputs]
                for raw in (False, True):
                    await self.infer(request(name, tensors, raw=raw, id=f"id-{rows}"), f"{rows} rows")
        tensors = [tensor(spec, 3, finite=True) for spec in version.inputs]
        turned = [dataclasses.replace(each, values=each.values[::-1]) for each in tensors]
        await self.infer(request(name, turned, raw=True, id="a\0b"), "fewer rows than before")
        for number in range(12):
            await self.infer(request(name, tensors, id=f"n{number}"), "again")
        for raw in (False, True):
            for what, message in good(name, tensors, outputs, raw=raw) + bad(name, tensors, raw=raw):
                await self.infer(message, what)
        await self.infer(b"\xff\xff\xff", "garbage")
        for what in ("after garbage", "after that"):
            await self.infer(request(name, tensors), what)
        await self.infer(request("none", tensors), "unknown model")
        await self.stream([request(name, tensors), request("none", tensors), request(name, tensors, raw=True)])
        empty = [tensor(spec, 0) for spec in version.inputs]
        for raw in (False, True):
            await self.infer(request(name, empty, raw=raw), "no rows")
        # Last of all: the more calls after a worker is lost, the longer the battery waits.
        for what, message in large(name, tensors):
            await self.infer(message, what)

    async def repository(self, model: str) -> None:
        """Unload, look, load."""
        load, unload = pb.RepositoryModelLoadRequest, pb.RepositoryModelUnloadRequest
        await self.call("RepositoryModelLoad", load(model_name="none"))
        await self.call("RepositoryModelUnload", unload(model_name=model))
        for name, message in (("ServerReady", b""), ("RepositoryIndex", b""), ("RepositoryIndex", b"\x10\x01")):
            await self.call(name, message)
        await self.call("ModelReady", pb.ModelReadyRequest(name=model))
        await self.infer(pb.ModelInferRequest(model_name=model), "unloaded")
        await self.call("RepositoryModelLoad", load(model_name=model))


def good(name: str, tensors: list[Tensor], outputs: list[str], *, raw: bool) -> list[tuple[str, Any]]:
    """Requests that a server should take."""

    def asking(*names: str) -> Any:
        message = request(name, tensors, raw=raw)
        for each in names:
            message.outputs.add(name=each)
        return message

    extended = request(name, tensors, raw=raw)
    extended.MergeFromString(b"\xa0\x1f\x01")
    reversed_inputs = request(name, tensors[::-1], raw=raw)
    versioned = request(name, tensors, raw=raw, model_version="1")
    held = [asking(outputs[0]) for _ in range(7)]
    held[0].parameters["p"].string_param = ""
    held[1].parameters["p"].bool_param = False
    held[2].parameters["p"].double_param = 0.5
    held[3].inputs[0].parameters["p"].int64_param = 3
    held[4].outputs[0].parameters["p"].string_param = "x"
    held[5].parameters["p"].int64_param = 0
    held[6].inputs[0].parameters["p"].uint64_param = 3
    return [
        ("no outputs asked", asking()),
        ("first output", asking(outputs[0])),
        ("last output", asking(outputs[-1])),
        ("unknown field", extended),
        ("reversed", reversed_inputs),
        ("version 1", versioned),
        *[("parameter", each) for each in held],
    ]


def large(name: str, tensors: list[Tensor]) -> list[tuple[str, Any]]:
    """Requests with much of something, or that say so; after each as many plain ones as there may be workers."""
    found = [request(name, tensors) for _ in range(3)]
    found[0].id = "i" * 700_000
    for number in range(250):
        found[1].parameters[f"p{number}"].int64_param = number
    found[2].inputs[0].shape[0] = 10**13
    plain = [("after what is large", request(name, tensors))] * 5
    return [each for message in found for each in (("large", message), *plain)]


def bad(name: str, tensors: list[Tensor], *, raw: bool) -> list[tuple[str, Any]]:
    """Requests that a server should refuse."""
    found: list[tuple[str, Any]] = []

    def changed(what: str) -> Any:
        message = request(name, tensors, raw=raw)
        found.append((what, message))
        return message

    changed("unknown output").outputs.add(name="nope")
    message = changed("unknown input")
    message.inputs.add(name="nope", datatype="FP32", shape=[1]).contents.fp32_contents.append(1)
    if message.raw_input_contents:
        message.inputs[-1].ClearField("contents")
        message.raw_input_contents.append(bytes(4))
    changed("datatype of the table").inputs[0].datatype = "UINT16" if tensors[0].datatype != "UINT16" else "FP32"
    changed("datatype of nobody").inputs[0].datatype = "FLOAT"
    changed("negative").inputs[0].shape[0] = -1
    changed("one dimension more").inputs[0].shape.append(1)
    message = changed("an input twice")
    message.inputs.append(message.inputs[0])
    if message.raw_input_contents:
        message.raw_input_contents.append(message.raw_input_contents[0])
    message = changed("an input missing")
    del message.inputs[-1], message.raw_input_contents[len(message.inputs) :]
    changed("parameter without value").parameters["p"].Clear()
    half = tensors[0].datatype == "FP16"
    if half:
        message = changed("typed although FP16")
        message.ClearField("raw_input_contents")
        message.inputs[0].contents.fp32_contents.extend([1.0] * math.prod(message.inputs[0].shape))
    contents(tensors, changed, raw=raw or half)
    return found


def contents(tensors: list[Tensor], changed: Any, *, raw: bool) -> None:
    """Mistakes in the elements."""
    field = FIELDS.get(tensors[0].datatype, "fp32_contents")
    other = "int_contents" if field != "int_contents" else "fp32_contents"
    both = changed("both forms")
    if raw:
        both.inputs[0].contents.int_contents.append(1)
        if tensors[0].datatype != "FP16":
            message = changed("every input in both forms")
            for entry, each in zip(message.inputs, tensors, strict=True):
                encode_typed(each, entry.contents)
        if len(tensors) > 1:
            message = changed("one form each")
            encode_typed(tensors[0], message.inputs[0].contents)
            del message.raw_input_contents[0]
        changed("entry too many").raw_input_contents.append(b"")
        del changed("entry too few").raw_input_contents[-1]
        for cut in (-1, -4):
            message = changed("entry too short")
            message.raw_input_contents[0] = message.raw_input_contents[0][:cut]
        changed("entry too long").raw_input_contents[0] += b"\0"
        return
    twice = getattr(both.inputs[0].contents, field)
    twice.extend(twice[:1])
    message = changed("too few")
    del getattr(message.inputs[0].contents, field)[1:]
    message = changed("second field")
    getattr(message.inputs[0].contents, other).append(1)
    message = changed("other field")
    message.inputs[0].ClearField("contents")
    getattr(message.inputs[0].contents, other).extend(range(math.prod(message.inputs[0].shape)))
    message = changed("elements of another datatype")
    message.inputs[0].datatype = "INT64" if tensors[0].datatype != "INT64" else "INT32"
    message.inputs[0].ClearField("contents")
    numbers = getattr(message.inputs[0].contents, FIELDS[message.inputs[0].datatype])
    numbers.extend(range(math.prod(message.inputs[0].shape)))
    if field in ("int_contents", "uint_contents"):
        getattr(changed("out of range").inputs[0].contents, field)[0] = 70000


def answers(*, fault: str | None = None, variant: str | None = None, models: Sequence[str] = ("pair",)) -> list[Answer]:
    """What the battery gets from one server."""
    hooks = Hooks()
    if variant is not None:
        VARIANTS[variant].install(hooks)
    if fault is not None:
        FAULTS[fault].install(hooks)

    async def run() -> list[Answer]:
        listener, port = await listen(Server(build(list(models)), hooks), "127.0.0.1", 0)
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                battery = Battery(channel, 0.5 if fault in LATE else 20.0)
                await battery.run(models)
                return battery.answers
        finally:
            await listener.stop(None)

    return asyncio.run(run())


@cache
def clean(models: tuple[str, ...]) -> list[Answer]:
    return answers(models=models)


def shows(name: str, models: tuple[str, ...]) -> bool:
    return answers(fault=name, models=models) != clean(models)


def test_the_battery_gets_the_same_answers_twice() -> None:
    assert answers() == answers()


@pytest.mark.parametrize("name", SAMPLE)
def test_effect_of_a_sample(name: str) -> None:
    assert shows(name, FAULTS[name].models[:1] or ("pair",))


@pytest.mark.slow
@pytest.mark.battery
@pytest.mark.parametrize("name", SEEN)
def test_effect_on_every_model_named(name: str) -> None:
    for model in FAULTS[name].models:
        assert shows(name, (model,)), model
    assert FAULTS[name].models or shows(name, ("pair",))


@pytest.mark.parametrize("name", GRPC_VARIANTS)
def test_effect_of_each_variant(name: str) -> None:
    models = ("echo-bytes",) if "bytes" in name else ("pair",)
    assert answers(variant=name, models=models) != clean(models)


def test_no_fault_or_variant_breaks_down() -> None:
    for models in (("pair",), ("echo-fp16", "echo-bytes")):
        for name in GRPC_VARIANTS:
            found = answers(variant=name, models=models)
            assert not [each for each in found if "unexpected" in str(each[1])], name


def test_clauses_exist_and_every_probed_duty_has_a_fault() -> None:
    known = clauses.load().clauses
    broken = {clause for name in GRPC_FAULTS for clause in FAULTS[name].clauses}
    assert {name for name in broken if not name.startswith(("policy:", "advice:"))} <= set(known)
    duties = {
        name for name, clause in known.items() if clause.transport == "grpc" and str(clause.level) in ("must", "should")
    } | {"REST-ERR-07", "REPO-03", "GRPC-HEALTH-04", "GRPC-RAW-06", "GRPC-RAW-07", "GRPC-RAW-12"}
    assert not duties - broken
    for name in GRPC_FAULTS:
        assert set(FAULTS[name].models) <= {*BUILDERS, *AWKWARD}, name
