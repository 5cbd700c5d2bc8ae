"""The process: what it prints, when it ends, and that every model answers over a real socket."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from typing import Any

import httpx
import pytest

from harness.reference.http.wired import _OnePiece
from harness.reference.models.catalogue import AWKWARD
from tests.harness.reference.battery import entry
from tests.harness.reference.conftest import Start

# Far more than it takes; a hang still ends.
PATIENCE = 20.0


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness.reference", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_prints_one_line_with_url_port_and_pid(start: Start) -> None:
    child = start("--models", "pair")
    assert set(child.line) == {"url", "port", "pid", "grpc"}
    assert child.line["pid"] == child.process.pid
    assert child.url == f"http://127.0.0.1:{child.line['port']}"
    assert httpx.get(f"{child.url}/v2/health/live", trust_env=False, timeout=PATIENCE).status_code == 200
    child.process.terminate()
    output, errors = child.process.communicate(timeout=PATIENCE)
    assert (output, errors) == ("", "")


def test_every_model_answers_a_request_made_from_its_metadata(start: Start) -> None:
    child = start()
    with httpx.Client(base_url=child.url, trust_env=False, timeout=PATIENCE) as client:
        names = client.get("/v2/models").json()["models"]
        assert len(names) >= 21
        for name in names:
            metadata: dict[str, Any] = client.get(f"/v2/models/{name}").json()
            body = {"id": name, "inputs": [entry(spec, 2) for spec in metadata["inputs"]]}
            for version in metadata["versions"]:
                reply = client.post(f"/v2/models/{name}/versions/{version}/infer", json=body)
                assert reply.status_code == 200, reply.text
                found = reply.json()
                assert (found["model_name"], found["model_version"], found["id"]) == (name, version, name)
                described = [(spec["name"], spec["datatype"]) for spec in metadata["outputs"]]
                assert [(each["name"], each["datatype"]) for each in found["outputs"]] == described


def test_ends_when_standard_input_does(start: Start) -> None:
    child = start("--models", "pair")
    assert child.process.stdin is not None
    child.process.stdin.close()
    assert child.process.wait(PATIENCE) in (0, -signal.SIGTERM)


def test_sigterm_ends_it_although_a_connection_is_open(start: Start) -> None:
    child = start("--models", "pair", "--variant", "slow-150ms")
    with httpx.Client(base_url=child.url, trust_env=False, timeout=PATIENCE) as client:
        client.get("/v2")
        child.process.terminate()
        child.process.wait(PATIENCE)


def test_url_has_the_prefix_of_a_variant(start: Start) -> None:
    child = start("--models", "pair", "--variant", "path-prefix")
    assert child.url.endswith("/serving/x")
    assert httpx.get(f"{child.url}/v2", trust_env=False, timeout=PATIENCE).status_code == 200


def test_token_is_what_auth_asks_for(start: Start) -> None:
    child = start("--models", "pair", "--variant", "auth-required", "--token", "t-1")
    url = f"{child.url}/v2/models/pair"
    assert httpx.get(url, trust_env=False, timeout=PATIENCE).status_code == 401
    headers = {"authorization": "Bearer t-1"}
    assert httpx.get(url, trust_env=False, timeout=PATIENCE, headers=headers).status_code == 200


def test_body_above_the_limit_is_413_and_the_connection_lives_on(start: Start) -> None:
    child = start("--models", "echo-fp32")
    with httpx.Client(base_url=child.url, trust_env=False, timeout=PATIENCE) as client:
        reply = client.post("/v2/models/echo-fp32/infer", content=b"x" * (9 * 1024 * 1024))
        assert reply.status_code == 413
        assert isinstance(reply.json()["error"], str)
        assert client.get("/v2/health/live").status_code == 200


def test_list_says_what_there_is() -> None:
    done = command("--list")
    listed = json.loads(done.stdout)
    assert set(listed) == {"faults", "variants", "models"}
    both = {"name", "text", "transport", "effect"}
    assert all(set(each) == both | {"clauses", "models", "place"} for each in listed["faults"])
    assert all(set(each) == both | {"lists_models", "excuses"} for each in listed["variants"])
    for each in listed["faults"]:
        assert set(each["models"]) <= {*listed["models"], *AWKWARD}, each["name"]
    names = [each["name"] for kind in ("faults", "variants") for each in listed[kind]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("wrong", [("--fault", "none"), ("--models", "none"), ("--host", "0.0.0.0")])
def test_a_wrong_argument_ends_with_one_clear_error(wrong: tuple[str, ...]) -> None:
    done = command(*wrong)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Error" in done.stderr


def test_deep_nesting_kills_only_where_seeded(start: Start) -> None:
    body = b'{"inputs":' + b"[" * 10000
    clean, seeded = start("--models", "echo-fp32"), start("--models", "echo-fp32", "--fault", "deep-nesting-kills")
    assert (
        httpx.post(
            f"{clean.url}/v2/models/echo-fp32/infer", content=body, trust_env=False, timeout=PATIENCE
        ).status_code
        == 400
    )
    with pytest.raises(httpx.TransportError):
        httpx.post(f"{seeded.url}/v2/models/echo-fp32/infer", content=body, trust_env=False, timeout=PATIENCE)
    assert seeded.process.wait(PATIENCE) == 139


class Noted:
    """A transport that notes what it was told."""

    def __init__(self) -> None:
        self.told: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.told.append(data)

    def close(self) -> None:
        self.told.append("closed")


def test_head_and_body_are_one_write_and_precede_the_end() -> None:
    async def answered(noted: Noted) -> None:
        transport = _OnePiece(noted)
        for data in (b"head", b"body", b"", b"alone"):
            transport.write(data)
        await asyncio.sleep(0)
        transport.write(b"last")
        transport.close()

    noted = Noted()
    asyncio.run(answered(noted))
    assert noted.told == [b"headbody", b"alone", b"last", "closed"]
