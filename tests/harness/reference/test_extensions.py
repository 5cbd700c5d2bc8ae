"""The other extensions: what they answer, and that every seeded fault and variant of them shows."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable, Iterator
from functools import cache
from multiprocessing import shared_memory
from typing import Any

import httpx
import numpy as np
import pytest

from harness import clauses
from harness.reference.extensions.classification import classify
from harness.reference.extensions.offered import extensions_of
from harness.reference.faults import FAULTS
from harness.reference.hooks import Hooks, Settings
from harness.reference.http.app import build_app
from harness.reference.http.server import Server
from harness.reference.models.catalogue import build
from harness.reference.models.textgen import MOST_TOKENS, Options
from harness.reference.protocol.tensors import Tensor
from tests.harness.reference.extension_battery import Answer, answers

AREAS = (
    "BIN-", "REPO-", "GEN-", "CLASS-", "SEQ-", "SCHED-", "STATS-", "MCONF-", "SHM-", "LOG-", "TRACE-",
)  # fmt: skip
# Of a clause of the protocol itself, and sent in binary alone.
BINARY = "infinity-becomes-the-largest-number"
FAULTY = sorted(
    name
    for name, fault in FAULTS.items()
    if (fault.clauses[0].startswith(AREAS) and fault.transport == "rest" and "REPO-10" not in fault.clauses)
    or name == BINARY
)
SAMPLE = (
    "binary-big-endian", "parts-in-model-order", "listed-outputs-plain", "length-header-in-characters",
    "short-body-filled-from-request-before", "raw-mode-bytes-prefixed", "index-ready-ignored", "load-without-effect",
    "unloaded-still-infers", "generated-text", "max-tokens-one-too-many", "stream-of-json-lines",
    "classification-smallest", "sequences-share-state", "priority-word-accepted", "stats-frozen",
    "config-of-unknown-model", "shm-data-in-reply", "log-post-resets-others", "trace-rate-number",
)  # fmt: skip
MODELS = ("pair", "echo-fp32", "digits")
VARIED = ("no-binary", "no-repository", "no-extensions", "binary-unlisted", "binary-empty-plain",
          "generate-without-versions", "index-body-required", "unload-unknown-ok", "repository-terse",
          "generate-cumulative-stream", "generate-without-details")  # fmt: skip


@cache
def clean(models: tuple[str, ...]) -> list[Answer]:
    return answers(models=models)


def shows(name: str, models: tuple[str, ...]) -> bool:
    return answers(fault=name, models=models) != clean(models)


def test_the_battery_gets_the_same_answers_twice() -> None:
    assert answers(models=(*MODELS, "story", "accumulator")) == answers(models=(*MODELS, "story", "accumulator"))


@pytest.mark.parametrize("name", SAMPLE)
def test_effect_of_a_sample(name: str) -> None:
    assert shows(name, FAULTS[name].models[:1] or MODELS)


@pytest.mark.slow
@pytest.mark.battery
@pytest.mark.parametrize("name", FAULTY)
def test_effect_on_every_model_named(name: str) -> None:
    for model in FAULTS[name].models:
        assert shows(name, (model,)), model
    assert FAULTS[name].models or shows(name, MODELS)


@pytest.mark.parametrize("name", VARIED)
def test_effect_of_each_variant(name: str) -> None:
    models = ("story", "echo-fp32")
    assert answers(variant=name, models=models) != clean(models)


def test_every_duty_of_an_extension_has_a_fault() -> None:
    broken = {clause for name in FAULTY for clause in FAULTS[name].clauses}
    duties = {
        name
        for name, clause in clauses.load().clauses.items()
        if clause.id.startswith(AREAS) and str(clause.level) in ("must", "should") and clause.transport != "grpc"
    }
    assert duties - broken == set()


@pytest.fixture
def ask() -> Callable[..., httpx.Response]:
    """Asks one server, one request after the other."""
    app = build_app(Server(build([]), Hooks()))

    def run(method: str, path: str, document: Any = None) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://reference") as client:
                return await client.request(method, path, content=None if document is None else json.dumps(document))

        return asyncio.run(send())

    return run


Ask = Callable[..., httpx.Response]


def test_listed_is_what_is_offered(ask: Ask) -> None:
    listed = ask("GET", "/v2").json()["extensions"]
    assert listed == extensions_of(Settings())
    assert {"model_repository", "binary_tensor_data", "system_shared_memory"} <= set(listed)
    nothing = Settings(repository=False, binary=False, generation=False, extensions=False)
    assert extensions_of(nothing) == []


def test_repository_goes_and_comes(ask: Ask) -> None:
    one = {"inputs": [{"name": "x", "datatype": "BOOL", "shape": [1], "data": [True]}]}

    def listed(body: Any) -> set[tuple[str, str]]:
        rows = ask("POST", "/v2/repository/index", body).json()
        return {(row["version"], row["state"]) for row in rows if row["name"] == "echo-bool"}

    path = "/v2/repository/models/echo-bool"
    assert listed(None) == listed({}) == {("1", "READY"), ("2", "READY")}
    assert ask("POST", f"{path}/unload").status_code == 200
    assert listed({}) == {("1", "UNAVAILABLE"), ("2", "UNAVAILABLE")}
    assert listed({"ready": True}) == set()
    refused = ask("POST", "/v2/models/echo-bool/infer", one)
    assert (refused.status_code, list(refused.json())) == (503, ["error"])
    for _ in range(2):
        assert ask("POST", f"{path}/load", {}).status_code == 200
    assert ask("POST", "/v2/models/echo-bool/infer", one).status_code == 200
    unknown = ask("POST", "/v2/repository/models/none/load", {})
    assert (unknown.status_code, list(unknown.json())) == (404, ["error"])


def generate(ask: Ask, text: str = "the owl", **parameters: Any) -> httpx.Response:
    return ask("POST", "/v2/models/story/generate", {"text_input": text, "id": "7", "parameters": parameters})


def test_generation(ask: Ask) -> None:
    answer = generate(ask, max_tokens=3, details=True).json()
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("7", "story", "2")
    tokens = answer["details"]["logprobs"]
    assert answer["text_output"] == "".join(token["text"] for token in tokens)
    assert (len(tokens), answer["details"]["finish_reason"]) == (3, "length")
    for token in tokens:
        assert [type(value) for value in token.values()] == [int, str, float, bool]
    longer = generate(ask).json()
    assert longer["text_output"].startswith(answer["text_output"])
    assert "details" not in longer
    inferred = {"inputs": [{"name": "text_input", "datatype": "BYTES", "shape": [1], "data": ["the owl"]}]}
    assert ask("POST", "/v2/models/story/infer", inferred).json()["outputs"][0]["data"] == [longer["text_output"]]


def test_reasons_to_end(ask: Ask) -> None:
    for temperature in (0, 1e-310, 1e300):
        ended = generate(ask, "until the very", temperature=temperature, details=True).json()
        assert (ended["text_output"], ended["details"]["finish_reason"]) == (" end", "eos_token")
    whole = generate(ask, "the keeper").json()["text_output"]
    stop = whole.split()[3]
    cut = generate(ask, "the keeper", stop=["", "zz", stop], details=True).json()
    assert (cut["text_output"], cut["details"]["finish_reason"]) == (whole.partition(stop)[0], "stop_sequence")
    writer = build(["story"])["story"].newest.text
    assert writer is not None
    assert len(writer.generate("night", Options(temperature=0, max_tokens=10**9)).tokens) <= MOST_TOKENS


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -0.1}, {"temperature": "1"}, {"temperature": True}, {"top_p": 1.1}, {"top_p": -1},
        {"max_tokens": 0}, {"max_tokens": 1.5}, {"max_tokens": True}, {"stop": "a"}, {"stop": [1]}, {"details": 1},
    ],
)  # fmt: skip
def test_limits_of_generation(ask: Ask, wrong: dict[str, Any]) -> None:
    for leaf in ("generate", "generate_stream"):
        reply = ask("POST", f"/v2/models/story/{leaf}", {"text_input": "a", "parameters": wrong})
        assert (reply.status_code, list(reply.json())) == (422, ["error"])


def test_generation_refused_and_tolerant(ask: Ask) -> None:
    wrong: tuple[Any, ...] = (
        {},
        {"text_input": 5},
        [],
        {"text_input": "a", "parameters": []},
        {"text_input": "a", "id": 7},
    )
    for body in wrong:
        assert ask("POST", "/v2/models/story/generate", body).status_code == 422
    assert ask("POST", "/v2/models/pair/generate", {"text_input": "a"}).status_code == 404
    assert generate(ask, unknown=[1]).status_code == 200


def test_stream(ask: Ask) -> None:
    body = {"text_input": "the owl", "parameters": {"max_tokens": 4, "details": True}}
    reply = ask("POST", "/v2/models/story/versions/1/generate_stream", body)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/event-stream")
    assert reply.text.endswith("\n\n")
    events = [json.loads(event.removeprefix("data: ")) for event in reply.text.strip().split("\n\n")]
    whole = ask("POST", "/v2/models/story/versions/1/generate", body).json()
    assert "".join(event["text_output"] for event in events) == whole["text_output"]
    assert [event["details"].get("finish_reason") for event in events] == [None, None, None, "length"]


def test_classes() -> None:
    values = np.array([0.5, 0.25, 0.5, np.nan, 1, -1], dtype=np.float32)
    table = Tensor("y", "FP32", (2, 3), values)
    found = classify(table, 2, ("a", "b"))
    assert (found.datatype, found.shape) == ("BYTES", (2, 2))
    assert [bytes(each) for each in found.values] == [b"0.5:0:a", b"0.5:2", b"1.0:1:b", b"-1.0:2"]
    small = Tensor("y", "UINT8", (2,), np.array([0, 255], dtype=np.uint8))
    assert [bytes(each) for each in classify(small, 5).values] == [b"255:1", b"0:0"]


@pytest.mark.parametrize("count", [0, -1, "2", True, 1.5])
def test_classification_needs_a_number(ask: Ask, count: Any) -> None:
    body: dict[str, Any] = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}]}
    body["outputs"] = [{"name": "y", "parameters": {"classification": count}}]
    assert ask("POST", "/v2/models/echo-fp32/infer", body).status_code == 400


def add(ask: Ask, value: int, **parameters: Any) -> int:
    body = {"inputs": [{"name": "x", "datatype": "INT32", "shape": [1], "data": [value]}], "parameters": parameters}
    reply = ask("POST", "/v2/models/accumulator/infer", body)
    return int(reply.json()["outputs"][0]["data"][0]) if reply.status_code == 200 else reply.status_code


def test_sequences_keep_apart(ask: Ask) -> None:
    assert add(ask, 1, sequence_id="a", sequence_start=True) == 1
    assert add(ask, 10, sequence_id=7, sequence_start=True) == 10
    assert (add(ask, 2, sequence_id="a"), add(ask, 20, sequence_id=7)) == (3, 30)
    assert add(ask, 3, sequence_id="a", sequence_end=True) == 6
    assert (add(ask, 1, sequence_id="a"), add(ask, 1, sequence_id=7, sequence_start=True)) == (400, 1)
    assert (add(ask, 5), add(ask, 5, sequence_id=0), add(ask, 5, sequence_id="", sequence_start=True)) == (5, 5, 5)
    assert add(ask, 2**31 - 1, sequence_id=7) == 400
    for wrong in ({"sequence_start": 1}, {"sequence_end": "true"}, {"sequence_id": 1.5}, {"sequence_id": True}):
        assert add(ask, 1, **{"sequence_id": 3, **wrong}) == 400


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"priority": 0, "timeout": 10}, 200),
        ({"priority": "high"}, 400),
        ({"timeout": -1}, 400),
        ({"priority": 1.0}, 400),
    ],
)
def test_schedule(ask: Ask, parameters: dict[str, Any], status: int) -> None:
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}], "parameters": parameters}
    assert ask("POST", "/v2/models/echo-fp32/infer", body).status_code == status


def test_statistics_move_with_the_traffic(ask: Ask) -> None:
    rows = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [3], "data": [1, 2, 3]}]}
    ask("POST", "/v2/models/echo-fp32/infer", rows)
    ask("POST", "/v2/models/echo-fp32/infer", {})
    (entry,) = ask("GET", "/v2/models/echo-fp32/versions/2/stats").json()["model_stats"]
    assert (entry["inference_count"], entry["execution_count"]) == (3, 1)
    assert (entry["inference_stats"]["success"]["count"], entry["inference_stats"]["fail"]["count"]) == (1, 1)
    assert [(each["batch_size"], each["compute_infer"]["count"]) for each in entry["batch_stats"]] == [(3, 1)]
    assert len(ask("GET", "/v2/models/echo-fp32/stats").json()["model_stats"]) == 2
    assert len(ask("GET", "/v2/models/stats").json()["model_stats"]) == 2 * len(build([]))
    assert ask("GET", "/v2/models/none/stats").status_code == 404


def test_configuration_and_settings(ask: Ask) -> None:
    assert ask("GET", "/v2/models/pair/versions/1/config").json()["name"] == "pair"
    assert ask("GET", "/v2/models/none/config").status_code == 404
    before = ask("GET", "/v2/logging").json()
    wrong: tuple[Any, ...] = ({"log_verbose_level": -1}, {"log_info": 1}, {"x": 1}, [])
    for each in (*wrong, {"log_info": False, "log_verbose_level": "1"}):
        assert ask("POST", "/v2/logging", each).status_code == 400
    assert ask("GET", "/v2/logging").json() == before
    assert ask("POST", "/v2/logging", {"log_info": False}).json() == {**before, "log_info": False}
    trace = ask("GET", "/v2/trace/setting").json()
    assert all(isinstance(value, str | list) for value in trace.values())
    assert ask("POST", "/v2/models/pair/trace/setting", {"trace_rate": "5"}).json() == {**trace, "trace_rate": "5"}
    assert ask("GET", "/v2/trace/setting").json() == trace
    assert ask("POST", "/v2/models/pair/trace/setting", {"trace_rate": None}).json() == trace
    assert ask("POST", "/v2/trace/setting", {"trace_rate": 5}).status_code == 400
    assert ask("PUT", "/v2/logging").headers["allow"] == "GET, POST"


@pytest.fixture
def memory() -> Iterator[shared_memory.SharedMemory]:
    """64 bytes, the first two FP32 values 1.0 and -2.5."""
    found = shared_memory.SharedMemory(create=True, size=64)
    assert found.buf is not None
    found.buf[:8] = struct.pack("<2f", 1, -2.5)
    yield found
    found.close()
    found.unlink()


REGION = "/v2/systemsharedmemory/region/r 1"


def in_memory(size: int = 8, offset: int = 0, region: str = "r 1") -> dict[str, Any]:
    return {"shared_memory_region": region, "shared_memory_byte_size": size, "shared_memory_offset": offset}


def test_shared_memory(ask: Ask, memory: shared_memory.SharedMemory) -> None:
    wanted = {"key": f"/{memory.name.lstrip('/')}", "offset": 0, "byte_size": 64}
    odd: tuple[dict[str, Any], ...] = (
        {**wanted, "key": "/none"}, {**wanted, "key": "/../etc"}, {**wanted, "byte_size": 10**6}, {},
    )  # fmt: skip
    for each in odd:
        assert ask("POST", f"{REGION}/register", each).status_code == 400
    assert [ask("POST", f"{REGION}/register", wanted).status_code for _ in range(2)] == [200, 400]
    assert ask("GET", "/v2/systemsharedmemory/status").json() == [{"name": "r 1", **wanted}]
    entry: dict[str, Any] = {"name": "x", "datatype": "FP32", "shape": [2], "parameters": in_memory()}
    output = {"name": "y", "parameters": in_memory(8, 32)}
    path = "/v2/models/echo-fp32/infer"
    answer = ask("POST", path, {"inputs": [entry], "outputs": [output]}).json()["outputs"][0]
    assert memory.buf is not None
    assert (bytes(memory.buf[32:40]), "data" in answer) == (bytes(memory.buf[:8]), False)
    assert answer["parameters"] == in_memory(8, 32)
    for wrong_input in (in_memory(region="none"), in_memory(4), in_memory(8, 60), in_memory(-8)):
        assert ask("POST", path, {"inputs": [{**entry, "parameters": wrong_input}]}).status_code == 400
    assert ask("POST", path, {"inputs": [{**entry, "data": [1, 2]}]}).status_code == 400
    small = {"name": "y", "parameters": in_memory(4)}
    assert ask("POST", path, {"inputs": [entry], "outputs": [small]}).status_code == 400
    assert ask("POST", f"{REGION}/unregister").status_code == 200
    assert ask("GET", "/v2/systemsharedmemory/status").json() == []
    assert ask("GET", "/v2/cudasharedmemory/status").status_code == 404
