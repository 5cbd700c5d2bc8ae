"""A fixed sequence of requests to the extensions, sent to a server in this process, and what came back."""

from __future__ import annotations

import asyncio
import json
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import shared_memory
from typing import Any

import httpx
import numpy as np

from harness.reference.faults import FAULTS
from harness.reference.hooks import Hooks
from harness.reference.http.app import build_app
from harness.reference.http.server import Server
from harness.reference.models.catalogue import build
from harness.reference.models.model import Model
from harness.reference.protocol.raw import encode_raw
from harness.reference.protocol.tensors import NUMPY, Spec, Tensor
from harness.reference.variants import VARIANTS

HEADER = "inference-header-content-length"
# What no two runs have in common.
CHANGING = re.compile(rb'"(ns|last_inference)":\d+(?=[,}])|psm_\w+|test_\w+')
Answer = tuple[str, object]


def elements(datatype: str, count: int) -> list[Any]:
    """Values with the edges of the type first."""
    if datatype == "BOOL":
        edges: list[Any] = [True, False, True]
    elif datatype == "BYTES":
        edges = [b"\xe2\x82\xac\0x\0", b"", b"ab"]
    elif datatype.startswith("FP"):
        info = np.finfo(NUMPY[datatype])  # type: ignore[type-var]
        edges = [-0.0, 0.1, float(info.smallest_subnormal), 3.0001, 7.0, -2.5, 1.75]
    else:
        limits = np.iinfo(NUMPY[datatype])  # type: ignore[type-var]
        edges = [limits.max - 1, 1, limits.min, 258 % (limits.max + 1), 7]
    return (edges * (count // len(edges) + 1))[:count]


def tensor_of(spec: Spec, rows: int) -> Tensor:
    """An input of ``rows`` rows where the shape leaves it open."""
    shape = tuple(rows if size == -1 else size for size in spec.shape)
    values = np.empty(int(np.prod(shape)), dtype=NUMPY[spec.datatype])
    for index, each in enumerate(elements(spec.datatype, len(values))):
        values[index] = each
    return Tensor(spec.name, spec.datatype, shape, values)


def entry(tensor: Tensor, **members: Any) -> dict[str, Any]:
    """A binary input."""
    size = {"binary_data_size": len(encode_raw(tensor))}
    return {
        "name": tensor.name,
        "datatype": tensor.datatype,
        "shape": list(tensor.shape),
        "parameters": size,
        **members,
    }


def plain(tensor: Tensor) -> dict[str, Any]:
    """The same input as JSON; BYTES as far as they are ASCII."""
    data = [each.decode("ascii", "ignore") if isinstance(each, bytes) else each for each in tensor.values.tolist()]
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape), "data": data}


@dataclass
class Battery:
    """Sends and remembers."""

    client: httpx.AsyncClient
    answers: list[Answer] = field(default_factory=list)

    async def send(self, what: str, method: str, path: str, body: Any = None, **headers: str) -> None:
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        try:
            reply = await self.client.request(method, path, content=content, headers=headers)
        except (httpx.HTTPError, RuntimeError) as error:
            self.answers.append((what, type(error).__name__))
            return
        kept = sorted((name, value) for name, value in reply.headers.items() if name not in ("date", "content-length"))
        self.answers.append((what, (reply.status_code, kept, CHANGING.sub(b"", reply.content))))

    async def binary(self, what: str, model: str, document: Any, *parts: bytes, length: str | None = None) -> None:
        """A request with bytes behind its JSON, the header right unless ``length`` says otherwise."""
        head = json.dumps(document, ensure_ascii=False).encode()
        headers = {HEADER: str(len(head)) if length is None else length, "content-type": "application/octet-stream"}
        if length == "":
            del headers[HEADER]
        await self.send(what, "POST", f"/v2/models/{model}/infer", head + b"".join(parts), **headers)

    async def run(self, models: dict[str, Model]) -> None:
        """Everything."""
        await self.send("server", "GET", "/v2")
        for name, model in models.items():
            await self.values(name, model)
            await self.wishes(name, model)
            await self.contradictions(name, model)
            await self.raw_mode(name)
            await self.around(name)
            await self.classes(name, model)
        if "story" in models:
            await self.generation()
        if "accumulator" in models:
            await self.sequences()
        if "echo-fp32" in models:
            await self.memory()
        await self.settings()
        await self.repository(next(iter(models)))

    async def values(self, name: str, model: Model) -> None:
        inputs = [tensor_of(spec, 3) for spec in model.newest.inputs]
        parts = [encode_raw(each) for each in inputs]
        wish = {"parameters": {"binary_data_output": True}}
        await self.binary("in", name, {"id": "é1", "inputs": [entry(each) for each in inputs]}, *parts)
        await self.send("out", "POST", f"/v2/models/{name}/infer", {"inputs": [plain(each) for each in inputs], **wish})
        for what in ("both", "again", "and again"):
            await self.binary(what, name, {"id": "é1", "inputs": [entry(each) for each in inputs], **wish}, *parts)
        reverse = {"inputs": [entry(each) for each in inputs[::-1]], **wish}
        await self.binary("reverse", name, reverse, *parts[::-1])
        mixed = {"inputs": [plain(inputs[0]), *[entry(each) for each in inputs[1:]]], **wish}
        await self.binary("mixed", name, mixed, *parts[1:])
        large = [tensor_of(spec, 400) for spec in model.newest.inputs]
        await self.binary("large", name, {"inputs": [entry(each) for each in large], **wish}, *map(encode_raw, large))
        empty = [tensor_of(spec, 0) for spec in model.newest.inputs]
        await self.binary("empty", name, {"inputs": [entry(each) for each in empty], **wish}, *map(encode_raw, empty))
        if model.newest.inputs[0].datatype == "BYTES":
            odd = b"\1\0\0\0\xff"
            one = {**entry(inputs[0]), "shape": [1], "parameters": {"binary_data_size": 5}}
            await self.binary("no utf-8", name, {"inputs": [one], **wish}, odd)
        if model.newest.inputs[0].datatype.startswith("FP"):
            nan = inputs[0].values.copy()
            nan[0] = np.nan
            part = encode_raw(Tensor("x", inputs[0].datatype, inputs[0].shape, nan))
            await self.binary("nan", name, {"inputs": [entry(each) for each in inputs], **wish}, part, *parts[1:])

    async def wishes(self, name: str, model: Model) -> None:
        inputs = [tensor_of(spec, 3) for spec in model.newest.inputs]
        parts = [encode_raw(each) for each in inputs]
        names = [spec.name for spec in model.newest.outputs]
        lists: list[list[Any]] = [
            [{"name": names[0], "parameters": {"binary_data": True}}, *[{"name": each} for each in names[1:]]],
            [{"name": each, "parameters": {"binary_data": True}} for each in names[::-1]],
            [{"name": names[0], "parameters": {"binary_data": False}}, *[{"name": each} for each in names[1:]]],
            [{"name": each} for each in names],
        ]
        for outputs in lists:
            for default in (True, False):
                document: dict[str, Any] = {"inputs": [entry(each) for each in inputs], "outputs": outputs}
                document["parameters"] = {"binary_data_output": default}
                await self.binary("wish", name, document, *parts)

    async def contradictions(self, name: str, model: Model) -> None:
        inputs = [tensor_of(spec, 3) for spec in model.newest.inputs]
        parts = [encode_raw(each) for each in inputs]
        entries = [entry(each) for each in inputs]
        good = {"inputs": entries}

        def first(**members: Any) -> dict[str, Any]:
            return {"inputs": [{**entries[0], **members}, *entries[1:]]}

        def sized(size: Any) -> dict[str, Any]:
            return first(parameters={"binary_data_size": size})

        await self.binary("stray", name, good, *parts, b"1234")
        await self.binary("large size", name, sized(len(parts[0]) + 8), parts[0] + b"\0" * 8, *parts[1:])
        await self.binary("small size", name, sized(len(parts[0]) - 4), parts[0][:-4], *parts[1:])
        await self.binary("short body", name, good, *parts[:-1], parts[-1][:-4])
        await self.binary("after it", name, good, *parts)
        await self.binary("data too", name, first(data=plain(inputs[0])["data"]), *parts)
        for size in (str(len(parts[0])), -1):
            await self.binary("odd size", name, sized(size), *parts)
        for length in ("", "99999999", "-1", "word"):
            await self.binary("odd header", name, good, *parts, length=length)

    async def raw_mode(self, name: str) -> None:
        for body in (struct.pack("<4f", 1, 2, 3, 4), struct.pack("<64f", *range(64)), struct.pack("<30d", *range(30))):
            await self.send("raw", "POST", f"/v2/models/{name}/infer", body, **{HEADER: "0"})

    async def around(self, name: str) -> None:
        body = {"inputs": [plain(tensor_of(spec, 3)) for spec in build([name])[name].newest.inputs]}
        sent = ({"priority": 1, "timeout": 5}, {"priority": "high"}, {"timeout": "5"}, {"sequence_start": "a"})
        for parameters in sent:
            await self.send("schedule", "POST", f"/v2/models/{name}/infer", {**body, "parameters": parameters})
        for path in ("stats", "config", "trace/setting"):
            await self.send(path, "GET", f"/v2/models/{name}/{path}")
        for path in ("/v2/models/none/config", "/v2/models/none/stats"):
            await self.send(path, "GET", path)

    async def classes(self, name: str, model: Model) -> None:
        body = {"inputs": [plain(tensor_of(spec, 3)) for spec in model.newest.inputs]}
        outputs = [{"name": spec.name, "parameters": {"classification": 2}} for spec in model.newest.outputs]
        await self.send("classes", "POST", f"/v2/models/{name}/infer", {**body, "outputs": outputs})

    async def generation(self) -> None:
        path = "/v2/models/story"
        limits: tuple[dict[str, Any], ...] = (
            {"temperature": -1}, {"top_p": 2}, {"max_tokens": 0}, {"stop": "a"}, {"stop": [1]}, {"x": 1},
            {"stop": ["the", "zz"]}, {"stop": []}, {"max_tokens": 3}, {"max_tokens": 30}, {"details": False},
        )  # fmt: skip
        bodies: list[Any] = [{}, {"text_input": 5}, b"{bad", {"text_input": "The keeper"}]
        bodies += [{"text_input": "the owl", "parameters": {"details": True, **each}} for each in limits]
        bodies += [{"text_input": "the owl", "id": each} for each in ("a1", "b2")]
        for body in bodies:
            await self.send("generate", "POST", f"{path}/generate", body)
            await self.send("stream", "POST", f"{path}/versions/2/generate_stream", body)

    async def sequences(self) -> None:
        steps: list[tuple[Any, int, dict[str, Any]]] = [
            (1, 1, {"sequence_start": True}), (257, 10, {"sequence_start": True}), (1, 2, {}), (257, 20, {}),
            ("a", 5, {"sequence_start": True}), ("b", 7, {"sequence_start": True}), ("a", 1, {}), ("b", 1, {}),
            (1, 4, {"sequence_start": True}), (1, 1, {"sequence_end": True}), (1, 1, {}), (0, 3, {}),
            ("", 3, {"sequence_start": True}),
        ]  # fmt: skip
        for number, value, more in steps:
            body = {"inputs": [{"name": "x", "datatype": "INT32", "shape": [1], "data": [value]}]}
            body["parameters"] = {"sequence_id": number, **more}  # type: ignore[assignment]
            await self.send("sequence", "POST", "/v2/models/accumulator/infer", body)

    async def memory(self) -> None:
        memory = shared_memory.SharedMemory(create=True, size=64)
        try:
            assert memory.buf is not None
            memory.buf[:16] = struct.pack("<4f", 1, 2, 3, 4)
            region = "/v2/systemsharedmemory/region/r"
            wanted = {"key": f"/{memory.name.lstrip('/')}", "offset": 0, "byte_size": 64}
            for body in (wanted, wanted, {**wanted, "key": "/none"}):
                await self.send("register", "POST", f"{region}/register", body)
            await self.send("status", "GET", "/v2/systemsharedmemory/status")
            for what in ("", "data", "unknown"):
                parameters = {"shared_memory_region": "r" + what, "shared_memory_byte_size": 8}
                tensor: dict[str, Any] = {"name": "x", "datatype": "FP32", "shape": [2], "data": [9, 9]}
                tensor["parameters"] = {**parameters, "shared_memory_offset": 8}
                if what != "data":
                    del tensor["data"]
                else:
                    tensor["parameters"]["shared_memory_region"] = "r"
                places = {"shared_memory_region": "r", "shared_memory_byte_size": 8, "shared_memory_offset": 32}
                body = {"inputs": [tensor], "outputs": [{"name": "y", "parameters": places}]}
                await self.send("in memory" + what, "POST", "/v2/models/echo-fp32/infer", body)
                self.answers.append(("memory", bytes(memory.buf)))
            await self.send("unregister", "POST", f"{region}/unregister")
            await self.send("status", "GET", "/v2/systemsharedmemory/status")
            await self.send("register again", "POST", f"{region}/register", wanted)
            await self.send("unregister all", "POST", "/v2/systemsharedmemory/unregister")
        finally:
            memory.close()
            memory.unlink()

    async def settings(self) -> None:
        for path in ("/v2/logging", "/v2/trace/setting", "/v2/models/stats"):
            await self.send(path, "GET", path)
        for body in ({"log_verbose_level": 0}, {"log_verbose_level": 2}, {"log_verbose_level": -1}, {"x": 1}):
            await self.send("log", "POST", "/v2/logging", body)
            await self.send("logged", "GET", "/v2/logging")

    async def repository(self, name: str) -> None:
        model, path = f"/v2/models/{name}", f"/v2/repository/models/{name}"
        body = {"inputs": [plain(tensor_of(spec, 1)) for spec in build([name])[name].newest.inputs]}
        for what in ("load", "unload", "load"):
            await self.send(what, "POST", f"{path}/{what}", {})
            for wanted in (b"", {}, {"ready": True}):
                await self.send("index", "POST", "/v2/repository/index", wanted)
            await self.send("ready", "GET", f"{model}/ready")
            for version in ("", "/versions/1"):
                await self.send("infer", "POST", f"{model}{version}/infer", body)
        for what in ("load", "unload"):
            await self.send(what, "POST", f"/v2/repository/models/none/{what}", {})


def answers(*, fault: str | None = None, variant: str | None = None, models: Sequence[str] = ()) -> list[Answer]:
    """What the battery gets from one server."""
    hooks = Hooks()
    if variant is not None:
        VARIANTS[variant].install(hooks)
    if fault is not None:
        FAULTS[fault].install(hooks)

    async def run() -> list[Answer]:
        transport = httpx.ASGITransport(build_app(Server(build(list(models)), hooks)))
        async with httpx.AsyncClient(transport=transport, base_url="http://reference") as client:
            battery = Battery(client)
            await battery.run(build(list(models)))
            return battery.answers

    return asyncio.run(run())
