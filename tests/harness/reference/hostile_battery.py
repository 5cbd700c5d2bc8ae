"""A fixed sequence of hostile and repeated requests that meets the adversarial faults, sent within this process.

Ends of the process and long waits are exceptions here, which the sequence records as answers.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from harness.reference.faults import FAULTS
from harness.reference.faults.adversarial import state
from harness.reference.hooks import Hooks
from harness.reference.http.app import build_app
from harness.reference.http.server import Server
from harness.reference.models.catalogue import build
from harness.reference.variants import VARIANTS
from tests.harness.reference.battery import entry

Answer = tuple[str, object]
JSON = {"content-type": "application/json"}
TOKEN = "secret-token-for-tests"
# Longer than anything that the battery is meant to sit out.
LONG_SECONDS = 5.0


class Ended(Exception):
    """The process would have ended."""


class Hung(Exception):
    """An answer would have taken longer than a client waits."""


@contextmanager
def bounded() -> Iterator[list[float]]:
    """Crashes and hangs become exceptions; gives the waits of the server so far, in seconds."""
    sleep, waits = asyncio.sleep, []

    def end(_: int) -> None:
        raise Ended

    def stall(seconds: float) -> None:
        raise Hung

    async def wait(seconds: float, *rest: Any) -> Any:
        if seconds > LONG_SECONDS:
            raise Hung
        waits.append(seconds)
        return await sleep(seconds, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "_exit", end)
        patch.setattr(time, "sleep", stall)
        patch.setattr(asyncio, "sleep", wait)
        patch.setattr(state, "PAUSE_SECONDS", 0.3)
        yield waits


@dataclass
class Hostile:
    """Sends, and keeps what came back."""

    client: httpx.AsyncClient
    model: str
    waits: list[float]
    answers: list[Answer] = field(default_factory=list)

    async def send(self, what: str, method: str, path: str, body: Any = None, **headers: str) -> None:
        """One request."""
        given = {key.replace("_", "-"): value for key, value in headers.items()}
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if content is not None:
            given = {**JSON, **given}
        try:
            response = await self.client.request(method, path, content=content, headers=given)
        except (httpx.HTTPError, Ended, Hung, RuntimeError) as error:
            self.answers.append((what, type(error).__name__))
            return
        kept = sorted((key, value) for key, value in response.headers.items() if key != "date")
        self.answers.append((what, (response.status_code, kept, response.content)))

    async def infer(self, what: str, body: Any, **headers: str) -> None:
        """An inference on the model."""
        await self.send(what, "POST", f"/v2/models/{self.model}/infer", body, **headers)

    async def run(self, entries: list[dict[str, Any]], versions: Sequence[str]) -> None:
        """Everything; ``entries`` are valid inputs of two rows."""
        valid = {"id": "four", "inputs": entries}
        await self.infer("valid", valid)
        await self.infer("valid again", valid)
        await self.values(entries)
        await self.shapes(entries)
        await self.documents(valid)
        await self.transport(valid)
        await self.sequences(valid, entries)
        await self.together(entries, versions)
        await self.worn(valid)

    async def values(self, entries: list[dict[str, Any]]) -> None:
        """Values at the edge of their types, and ids."""
        first, rest = entries[0], entries[1:]
        single = len(first["shape"]) == 1
        for data in EDGES.get(first["datatype"], []):
            if single:
                await self.infer("edge", {"inputs": [{**first, "shape": [len(data)], "data": data}, *rest]})
        if first["datatype"].startswith("FP"):
            for value in (1e-310, 1e-40, -0.0, 1e39, math.nan, 0.1):
                await self.infer("edge", {"inputs": [{**first, "data": [value, *first["data"][1:]]}, *rest]})
        for identity in ("a\0b", "z" * 5000, "\u202ea\u0301", "a\r\nb", "q" * 300_000):
            await self.infer("id", {"id": identity, "inputs": entries})

    async def shapes(self, entries: list[dict[str, Any]]) -> None:
        """Shapes that overflow, cancel, or need more than there is."""
        first, rest = entries[0], entries[1:]
        flat, rank = first["data"], len(first["shape"])
        for head in ([2**32, 2**32], [-1, -len(flat)], [2**62, 4], [0, 2**31], [2**31, 1], [2**64, 2**40]):
            shape = [*head, *[1] * rank][:rank]
            data = [] if 0 in shape or shape[0] == 2**32 else flat
            await self.infer(f"shape {shape}", {"inputs": [{**first, "shape": shape, "data": data}, *rest]})
        more = [len(flat), *[1] * (rank - 1)]
        await self.infer("whole", {"inputs": [{**first, "shape": more, "data": flat}, *rest]})
        await self.infer("short", {"inputs": [{**first, "shape": more, "data": flat[:-1]}, *rest]})
        empty = [{**each, "shape": [0, *each["shape"][1:]], "data": []} for each in entries]
        await self.infer("empty", {"inputs": empty})

    async def documents(self, valid: dict[str, Any]) -> None:
        """Bodies that are hostile as JSON."""
        text = json.dumps(valid)
        deep: Any = 1
        for _ in range(160):
            deep = {"a": deep}
        await self.infer("deep", {**valid, "parameters": deep})
        await self.infer("deeper", b"[" * 100_000)
        await self.infer("members", {**valid, "parameters": {f"p{n}": n for n in range(20_001)}})
        await self.infer("digits", text.replace('"four"', "1" * 400).encode())
        await self.infer("name", {"inputs": [{**valid["inputs"][0], "name": "n" * 3000}]})
        await self.infer("utf-8", text.replace("four", "fo\xff").encode("latin-1"))
        for _ in range(2):
            await self.infer("twice", text.replace('"id": "four"', '"id": "one", "id": "two"').encode())
        await self.infer("valid", valid)
        await self.infer("cut", text[:-20].encode())
        await self.infer("malformed", b"{bad")
        await self.infer("not at all", b"no JSON")
        await self.infer("type", {"inputs": [{**valid["inputs"][0], "datatype": "FLOAT"}]})
        await self.infer("no input", {"inputs": [{**valid["inputs"][0], "name": "<b>zz</b>"}]})
        await self.infer("member", {"id": "1"})

    async def transport(self, valid: dict[str, Any]) -> None:
        """Headers, codings, methods and paths."""
        bomb = gzip.compress(b" " * 20 * 2**20)
        await self.infer("gzip", gzip.compress(json.dumps(valid).encode(), mtime=0), content_encoding="gzip")
        await self.infer("bomb", bomb, content_encoding="gzip")
        await self.infer("half of it", gzip.compress(json.dumps(valid).encode())[:30], content_encoding="gzip")
        await self.infer("coding", valid, content_encoding="tea")
        await self.infer("headers", valid, **{f"x_{n}": "1" for n in range(100)})
        await self.infer("long header", valid, x_long="y" * 9000)
        await self.infer("expect", valid, expect="100-continue")
        await self.infer("charset", valid, content_type="application/json; charset=utf-9")
        await self.infer("large", {**valid, "parameters": {"p": "x" * 70_000}})
        await self.infer("larger", json.dumps(valid).encode() + b" " * 3 * 2**20)
        for _ in range(3):
            await self.infer("after", valid)
        await self.send("method", "BREW", "/v2/models")
        for name in (self.model, "n" * 3000, "%2e%2e", "..%2fx", f"{self.model}%2fready", f"{self.model}%00x",
                     f"{self.model}%20", self.model.upper(), "<b>", "a%0d%0ab"):  # fmt: skip
            await self.send(f"path {name[:40]}", "GET", f"/v2/models/{name}")
        await self.send("nothing", "GET", "/%3Cb%3E")
        for origin in ("https://evil.example", "null", "http://reference.evil.example"):
            await self.send("origin", "GET", f"/v2/models/{self.model}", origin=origin)
        await self.send("server", "GET", "/v2")
        await self.send("config", "GET", f"/v2/models/{self.model}/config")
        await self.send("unknown version", "POST", f"/v2/models/{self.model}/versions/9/infer", valid)
        await self.infer("after", valid)
        await self.send("unknown model", "POST", "/v2/models/none/infer", valid)

    async def sequences(self, valid: dict[str, Any], entries: list[dict[str, Any]]) -> None:
        """Orders of requests that bring out what is remembered."""
        model, other = f"/v2/models/{self.model}", [{**each, "data": each["data"][::-1]} for each in entries]
        await self.infer("odd", {"id": "odd", "inputs": entries})
        await self.infer("after", {"id": "odd", "inputs": other})
        await self.infer("second", {"id": "four", "inputs": other})
        await self.send("ready", "GET", f"{model}/ready")
        await self.send("metadata", "GET", model)
        await self.infer("after", valid)
        rows = [{**each, "shape": [3 if size == 2 else size for size in each["shape"]]} for each in entries]
        if all(each["shape"][0] == 3 for each in rows):
            grown = [{**each, "data": [*each["data"], *each["data"][: len(each["data"]) // 2]]} for each in rows]
            width = [len(each["data"]) // 3 for each in grown]
            await self.infer("three", {"inputs": grown})
            middle = [{**each, "data": [*each["data"][:by], *each["data"][:by], *each["data"][2 * by :]]}
                      for each, by in zip(grown, width, strict=True)]  # fmt: skip
            await self.infer("three others", {"inputs": middle})
        await self.send("other model", "POST", "/v2/models/optional/infer",
                        {"inputs": [{"name": "a", "shape": [1], "datatype": "FP32", "data": [1]}]})  # fmt: skip
        await self.infer("after", valid)
        for verb, name in (("unload", "none"), ("unload", self.model), ("load", self.model)):
            await self.send(verb, "POST", f"/v2/repository/models/{name}/{verb}", {})
            await self.infer(f"after {verb} {name}", valid)
            await self.send("ready", "GET", f"{model}/ready")
        await asyncio.sleep(0.4)
        await self.infer("after a pause", valid)

    async def together(self, entries: list[dict[str, Any]], versions: Sequence[str]) -> None:
        """64 at once, one of them broken, two versions among them."""
        path = f"/v2/models/{self.model}"
        other = [{**each, "data": each["data"][::-1]} for each in entries]

        async def one(number: int) -> object:
            body: Any = {"id": f"n{number}", "inputs": entries if number % 2 else other}
            try:
                reply = await self.client.post(f"{path}/versions/{versions[number % 7 == 1]}/infer", json=body)
            except (Ended, Hung) as error:
                return type(error).__name__
            return reply.status_code, reply.content

        for bad in (False, True, False):
            sent = [one(number) for number in range(64)]
            if bad:
                sent.insert(20, self._broken(path))
            self.answers += [("together", answer) for answer in await asyncio.gather(*sent)]

    async def _broken(self, path: str) -> object:
        try:
            reply = await self.client.post(f"{path}/infer", content=b"{bad")
        except (Ended, Hung) as error:
            return type(error).__name__
        return reply.status_code, reply.content

    async def worn(self, valid: dict[str, Any]) -> None:
        """Many refusals, then many right ones."""
        for _ in range(55):
            await self.infer("refused", {"id": "1"})
        self.waits.clear()
        await self.infer("after", valid)
        self.answers.append(("slow", sum(self.waits) > 0.02))
        for _ in range(210):
            await self.infer("many", valid)


EDGES: dict[str, list[list[Any]]] = {
    "INT8": [[127, 0]], "INT32": [[2**31 - 1, 0]], "UINT8": [[255]], "UINT16": [[65535]],
    "INT64": [[2**53 + 1, -1]], "UINT64": [[2**64 - 1]],
    "FP32": [[0.1] * 12], "FP64": [[0.1] * 12],
    "BYTES": [["\u202ea"], ["e\u0301"], ["\U0001f600"], ["x" * 1500], ["a\x01b"], ["\ud800"]],
}  # fmt: skip


def given(token: str) -> list[dict[str, str]]:
    """Headers that are not the right credentials, though some come near."""
    values = (None, "", "Bearer", "Bearer wrong", f"Bearer {token[:8]}", f"Bearer {token}x", f"Bearer {token.upper()}",
              f"Bearer {'w' * len(token)}", "Basic dTpw")  # fmt: skip
    found = [{} if value is None else {"authorization": value} for value in values]
    return [*found, {"x-forwarded-for": "127.0.0.1"}]


async def access(client: httpx.AsyncClient) -> list[Answer]:
    """What is served without the right credentials."""
    infer = {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}]}
    model = "/v2/models/echo-fp32"
    found: list[Answer] = []
    asked: list[tuple[str, str, Any]] = [
        ("GET", "/v2", None), ("GET", model, None), ("HEAD", model, None), ("GET", f"{model}/ready", None),
        ("POST", f"{model}/infer", infer), ("POST", f"{model}/versions/1/infer", infer),
        ("GET", f"{model}/stats", None), ("GET", "/v2/logging", None), ("GET", "/v2/systemsharedmemory/status", None),
        ("POST", "/v2/repository/index", None), ("POST", "/v2/repository/models/echo-fp32/load", {}),
        ("GET", model.upper().replace("ECHO-FP32", "echo-fp32"), None), ("GET", f"http://reference/{model}", None),
        ("GET", f"{model}/", None), ("GET", model.replace("v2", "%762"), None),
    ]  # fmt: skip
    for headers in given(TOKEN):
        for method, path, body in asked:
            reply = await client.request(method, path, json=body, headers=headers)
            found.append((f"{method} {path} {headers}", (reply.status_code, reply.content)))
    right = {"authorization": f"Bearer {TOKEN}"}
    await client.post("/v2/repository/models/echo-fp32/unload")
    reply = await client.get(f"{model}/ready", headers=right)
    found.append(("unloaded", reply.status_code))
    for headers in (right, {}, {"authorization": "Bearer wrong"}):
        reply = await client.get(model, headers=headers)
        found.append((f"in turn {headers}", reply.status_code))
    return found


def without_credentials(*, fault: str | None = None) -> list[Answer]:
    """What :func:`access` gets from a server that requires the token, and has one fault."""
    hooks = Hooks()
    if fault is None:
        VARIANTS["auth-required"].install(hooks)
    else:
        FAULTS[fault].install(hooks)

    async def run() -> list[Answer]:
        transport = httpx.ASGITransport(build_app(Server(build(["echo-fp32"]), hooks)))
        async with httpx.AsyncClient(transport=transport, base_url="http://reference") as client:
            return await access(client)

    return asyncio.run(run())


def answers(*, fault: str | None = None, variant: str | None = None, model: str = "echo-fp32") -> list[Answer]:
    """What one server gives."""
    hooks = Hooks()
    if variant is not None:
        VARIANTS[variant].install(hooks)
    if fault is not None:
        FAULTS[fault].install(hooks)
    newest = build([model])[model]

    async def run() -> list[Answer]:
        served = build([model, "optional"])
        transport = httpx.ASGITransport(build_app(Server(served, hooks)))
        headers = {"authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://reference", headers=headers) as client:
            hostile = Hostile(client, model, waits)
            entries = [entry({"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}, 2)
                       for spec in newest.newest.inputs]  # fmt: skip
            await hostile.run(entries, list(newest.versions))
            return hostile.answers

    with bounded() as waits:
        return asyncio.run(run())
