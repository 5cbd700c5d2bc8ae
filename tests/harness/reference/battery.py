"""A fixed sequence of requests that meets every fault, sent to a server in this process."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from harness.reference.faults import FAULTS
from harness.reference.hooks import Hooks
from harness.reference.http.app import build_app
from harness.reference.http.server import Server
from harness.reference.models.catalogue import build
from harness.reference.models.small import echoes
from harness.reference.protocol.tensors import NUMPY
from harness.reference.variants import VARIANTS

Answer = tuple[str, object]
EDGES: dict[str, list[Any]] = {
    "BOOL": [True, False, True],
    "UINT8": [0, 1, 255],
    "UINT16": [0, 1, 65535],
    "UINT32": [0, 1, 2**32 - 1],
    "UINT64": [0, 2**53 + 1, 2**64 - 1],
    "INT8": [-128, -1, 127],
    "INT16": [-32768, -1, 32767],
    "INT32": [-(2**31), -1, 2**31 - 1],
    "INT64": [-(2**53) - 1, 2**53 + 1, 2**63 - 1],
    "FP16": [1.5, -2, 0.1],
    "FP32": [1.1, 1.2345678, -2],
    "FP64": [0.1, 1.7976931348623157e308, 1],
    "BYTES": ["€ ", "", "a\0b\n"],
}


@dataclass
class Battery:
    """Sends requests one after the other and keeps what came back.

    ``drop`` holds headers that differ from run to run.
    """

    client: httpx.AsyncClient
    answers: list[Answer] = field(default_factory=list)

    async def send(
        self, what: str, method: str, path: str, body: object = None, **headers: str
    ) -> httpx.Response | None:
        """One request; a broken exchange is an answer too."""
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        given = {"content-type": "application/json", **headers} if content is not None else headers
        try:
            response = await self.client.request(method, path, content=content, headers=given)
        except (httpx.HTTPError, RuntimeError) as error:
            self.answers.append((what, type(error).__name__))
            return None
        kept = {name: value for name, value in response.headers.items() if name != "date"}
        self.answers.append((what, (response.status_code, sorted(kept.items()), response.content)))
        return response

    async def run(self) -> None:
        """Everything."""
        await self.send("live", "GET", "/v2/health/live", Connection="close")
        await self.send("ready", "GET", "/v2/health/ready")
        await self.send("live by POST", "POST", "/v2/health/live")
        await self.send("live, asked something", "GET", "/v2/health/live?x")
        for path in ("/v2", "/v2/", "/v2/nothing", "/v2/models/none", "/v2/models/none/ready"):
            await self.send(path, "GET", path)
        listed = await self.send("list", "GET", "/v2/models")
        models = listed.json()["models"] if listed is not None and listed.status_code == 200 else []
        await self.send("index", "POST", "/v2/repository/index", {})
        for model in models:
            await self.model(model)
        if models:
            await self.send("unload", "POST", f"/v2/repository/models/{models[0]}/unload", {})
            await self.send("ready", "GET", "/v2/health/ready")
            await self.send("load", "POST", f"/v2/repository/models/{models[0]}/load", {})
            await self.send("after load", "POST", f"/v2/models/{quote(models[0], safe='')}/infer", {"inputs": []})

    async def model(self, name: str) -> None:
        """All that is asked of one model."""
        path = f"/v2/models/{quote(name, safe='')}"
        # As the right server calls it: one variant renames.
        name = name.partition(" ")[0]
        for leaf in ("", "/versions/1", "/versions/9", "/ready", "/versions/9/ready"):
            await self.send(leaf, "GET", path + leaf)
        await self.send("through nobody", "GET", path, **{"x-forwarded-for": "192.0.2.1, , 192.0.2.2"})
        await self.send("wrong verb", "GET", path + "/infer")
        inputs = [entry(spec, 2) for spec in await self.specs(name)]
        for version in ("", "/versions/1", "/versions/9"):
            await self.send(
                "infer" + version, "POST", f"{path}{version}/infer", {"id": "a/ 1" + "z" * 90, "inputs": inputs}
            )
        for what, body in requests(inputs, await self.outputs(name)):
            await self.send(what, "POST", path + "/infer", body)
        await self.send("unlabelled", "POST", path + "/infer", {"inputs": inputs}, **{"content-type": "text/plain"})
        await self.send("long header", "POST", path + "/infer", {"inputs": inputs}, **{"x-long": "x" * 5000})
        await self.send("unknown model", "POST", "/v2/models/none/infer", {"inputs": inputs})
        rows = [[entry(spec, rows) for spec in await self.specs(name)] for rows in (0, 3, 40, 1200)]
        for each in rows:
            await self.send("rows", "POST", path + "/infer", {"id": "7", "inputs": each})
        await asyncio.gather(
            *(self.client.post(path + "/infer", json={"id": str(n), "inputs": rows[n % 2 + 1]}) for n in range(6))
        )
        concurrent = await asyncio.gather(
            *(self.client.post(path + "/infer", json={"id": str(n), "inputs": rows[n % 2 + 1]}) for n in range(6))
        )
        self.answers += [("concurrent", response.content) for response in concurrent]

    async def specs(self, name: str) -> list[dict[str, Any]]:
        """Inputs of a model, as the right server describes them."""
        return [
            {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}
            for spec in build([name])[name].newest.inputs
        ]

    async def outputs(self, name: str) -> list[str]:
        """Output names of a model."""
        return [spec.name for spec in build([name])[name].newest.outputs]


def entry(spec: dict[str, Any], rows: int) -> dict[str, Any]:
    """A valid input of ``rows`` rows."""
    shape = [rows if size == -1 else size for size in spec["shape"]]
    edges = EDGES[spec["datatype"]]
    data: list[Any] = [edges[index % 3] for index in range(math.prod(shape))]
    if spec["datatype"].startswith("FP") and len(shape) > 1:
        data = [index + 0.25 for index in range(len(data))]
    return {**spec, "shape": shape, "data": data}


def requests(inputs: list[dict[str, Any]], outputs: list[str]) -> list[tuple[str, object]]:
    """Requests made from valid inputs: a few valid ones, and many that a server should refuse."""
    first, rest = inputs[0], inputs[1:]

    def changed(**members: object) -> dict[str, Any]:
        return {"inputs": [{**first, **members}, *rest]}

    def without(member: str) -> dict[str, Any]:
        return {"inputs": [{key: value for key, value in first.items() if key != member}, *rest]}

    def element(value: object) -> dict[str, Any]:
        return changed(data=[value, *first["data"][1:]])

    valid = {"inputs": inputs}
    width = math.prod(first["shape"][1:])
    nested = [first["data"][row * width : (row + 1) * width] for row in range(first["shape"][0])]
    shape, data = first["shape"], first["data"]
    return [
        ("valid", valid),
        ("not json", b"{bad"),
        ("after error", {**valid, "inputs": [{**each, "data": each["data"][::-1]} for each in inputs]}),
        ("empty", b""),
        ("no inputs", {"id": "1"}),
        ("reversed inputs", {"inputs": inputs[::-1]}),
        ("one input", {"inputs": [first]}),
        ("unknown input", {"inputs": [*inputs, {**first, "name": "zz"}]}),
        ("renamed input", changed(name="zz")),
        ("NUL after the name", changed(name=first["name"] + "\0zz")),
        ("deep", b'{"inputs": ' + b"[" * 5000 + b"]" * 5000 + b"}"),
        ("same input twice", {"inputs": [first, *inputs]}),
        *[(f"without {member}", without(member)) for member in ("name", "shape", "datatype", "data")],
        ("number id", {**valid, "id": 42}),
        ("id of digits", {**valid, "id": "42"}),
        ("id with accents", {**valid, "id": "é€"}),
        ("no id after id", valid),
        ("inputs object", {"inputs": {each["name"]: each["data"] for each in inputs}}),
        ("outputs text", {**valid, "outputs": "y"}),
        *[("outputs", {**valid, "outputs": [{"name": name} for name in names]}) for names in selections(outputs)],
        ("unnamed output", {**valid, "outputs": [{}]}),
        ("nulls", {**valid, "id": None, "parameters": None}),
        ("extra member", {**valid, "x": 1}),
        *[("input parameters", changed(parameters=given)) for given in ({}, {"p": 1})],
        ("output parameters", {**valid, "outputs": [{"name": outputs[0], "parameters": {"p": 1}}]}),
        *[("parameters", {**valid, "parameters": {"p": value}}) for value in ("a", 1.5)],
        ("datatype FLOAT", changed(datatype="FLOAT")),
        ("other datatype", changed(datatype="INT32" if first["datatype"] != "INT32" else "FP32")),
        *[("element", element(value)) for value in (None, "1", "x", True, 3, 5.5, 300, -1, 10**30, 1e300)],
        ("NaN", json.dumps(element(math.nan)).encode()),
        ("scalar data", changed(data=5)),
        ("too few", changed(data=data[:-1])),
        ("too many", changed(data=[*data, *data[:1]])),
        ("second too few", {"inputs": [first, *({**each, "data": each["data"][:-1]} for each in rest)]}),
        ("batches", {"inputs": [first, *({**each, "shape": [1], "data": each["data"][:1]} for each in rest)]}),
        ("nested", changed(data=nested)),
        ("nested once more", changed(data=[nested])),
        ("ragged", changed(data=[nested[0], *[row[:-1] for row in nested[1:]]])),
        ("ragged, total right", changed(data=[[*nested[0], *nested[-1][:1]], *[row[1:] for row in nested[1:]]])),
        *[("dimension", changed(shape=[size, *shape[1:]])) for size in (-1, str(shape[0]), float(shape[0]))],
        ("shape text", changed(shape=",".join(map(str, shape)))),
        ("scalar shape", changed(shape=[], data=data[:1])),
        ("large and wrong", {**valid, "inputs": [], "parameters": {"p": "x" * 70000}}),
        ("oversize", b" " * 1_200_000),
    ]  # fmt: skip


def selections(outputs: list[str]) -> list[list[str]]:
    """Lists of output names to ask for."""
    return [[], outputs[:1], outputs[-1:], outputs[::-1], [*outputs, outputs[0]], ["nope"]]


def answers(
    *, fault: str | None = None, variant: str | None = None, models: Sequence[str] = ("pair", "matrix")
) -> list[Answer]:
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
            await battery.run()
            return battery.answers

    return asyncio.run(run())


ECHOES = echoes()
assert set(EDGES) == set(NUMPY)
