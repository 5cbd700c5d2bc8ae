"""A registry of MLflow: entries by version, alias, stage and run; what is not there; hostile servers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from harness.provenance.declared import RegistryTable
from harness.provenance.mlflow import MlflowRegistry
from harness.provenance.mlflow_server import PROXY, SMALL, MlflowServer
from harness.provenance.registry import CannotAsk, NotThere
from tests.harness.provenance.fake_mlflow import COMMIT, RUNS, answer, digest_of

Handler = Callable[[httpx.Request], httpx.Response]


def fake(request: httpx.Request) -> httpx.Response:
    status, body = answer(request.url.path, dict(request.url.params))
    return httpx.Response(status, content=body)


def unread(response: httpx.Response) -> httpx.Response:
    """The response as one comes over a connection: its body is still to be read."""
    if not response.is_stream_consumed:
        return response
    return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(response.content))


def registry(handler: Handler = fake, *, octets: int = 1 << 20, seconds: float = 60.0) -> MlflowRegistry:
    transport = httpx.MockTransport(lambda request: unread(handler(request)))
    return MlflowRegistry(MlflowServer("http://mlflow.example", octets=octets, seconds=seconds, transport=transport))


@pytest.mark.parametrize(
    ("reference", "version", "moving"),
    [
        ("models:/credit/1", "1", ""),
        ("models:/credit/2", "2", ""),
        ("models:/credit@champion", "1", "champion"),
        ("models:/credit/Staging", "2", "Staging"),
        ("models:/credit/production", "1", "production"),
        ("models:/credit/latest", "2", "latest"),
    ],
)
def test_versions_aliases_and_stages(reference: str, version: str, moving: str) -> None:
    entry = registry().named(reference)
    assert entry.facts == {
        "model.name": "credit", "model.version": version, "model.run": RUNS[version], "source.commit": COMMIT,
    }  # fmt: skip
    assert entry.digests[0] == digest_of(version)
    assert (entry.moving, entry.broken, entry.undigested) == (moving, (), "")


@pytest.mark.parametrize("reference", ["models:/m-1", f"runs:/{RUNS['1']}/model"])
def test_logged_models_by_id_and_by_run(reference: str) -> None:
    entry = registry().named(reference)
    assert entry.digests[0] == digest_of("1")
    assert entry.facts["model.run"] == RUNS["1"]


def test_a_run_alone_has_no_digest() -> None:
    entry = registry().named(f"runs:/{RUNS['2']}")
    assert (entry.digests, bool(entry.undigested)) == ((), True)


@pytest.mark.parametrize(
    "reference",
    ["models:/credit/9", "models:/debit/1", "models:/credit@gone", "models:/credit/Gone", "runs:/0", "models:/m-9"],
)
def test_what_is_not_there(reference: str) -> None:
    with pytest.raises(NotThere, match="MLflow has no "):
        registry().named(reference)


@pytest.mark.parametrize(
    "reference", ["oci://registry.example/credit:1", "models:/", "models:/a b/1", "runs:/../x", "models:/credit"]
)
def test_references_of_another_kind(reference: str) -> None:
    with pytest.raises(CannotAsk):
        registry().named(reference)


def test_what_other_claims_name() -> None:
    assert registry().implied({"model.name": "credit", "model.version": "2", "model.run": "r"}) == "models:/credit/2"
    assert registry().implied({"model.version": "2", "model.run": "r"}) == "runs:/r"
    assert registry().implied({"model.digest": digest_of("1")}) is None
    with pytest.raises(CannotAsk):
        registry().holding([digest_of("1")])


def _drip() -> Iterator[bytes]:
    while True:
        yield b" " * (1 << 20)


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(404, text="<html>not here"),
        httpx.Response(403, json={"error_code": "PERMISSION_DENIED"}),
        httpx.Response(302, headers={"location": "http://elsewhere.example"}),
        httpx.Response(200, text="[" * 100_000),
        httpx.Response(200, json={"model_version": {"run_id": 7}}),
        httpx.Response(200, json={"model_version": None}),
        httpx.Response(200, json={}),
        httpx.Response(200, content=b"\xff\xfe"),
        httpx.Response(200, content=b"x" * (SMALL + 1)),
        httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"\x1f\x8b")),
    ],
    ids=lambda reply: str(reply.status_code),
)
def test_what_is_no_answer_of_mlflow_decides_nothing(reply: httpx.Response) -> None:
    with pytest.raises(CannotAsk):
        registry(lambda _: reply).named("models:/credit/1")


def test_a_body_without_an_end_is_left() -> None:
    with pytest.raises(CannotAsk, match="MiB"):
        registry(lambda _: httpx.Response(200, content=_drip())).named("models:/credit/1")


def test_the_time_is_up() -> None:
    with pytest.raises(CannotAsk, match="within"):
        registry(seconds=-1.0).named("models:/credit/1")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([{"path": "MLmodel", "file_size": 99}], "99 bytes"),
        ([{"path": ".."}], "names that no file has"),
        ([{"path": "a\nb"}], "names that no file has"),
        ([{"path": "deeper", "is_dir": True}], "deeper ones"),
        ([{"path": "MLmodel"}] * 20_001, "more artefacts"),
        ([{"name": "MLmodel"}], "no way that is known"),
        ([], "lists no artefact"),
    ],
)
def test_artefacts_that_cannot_be_read_leave_an_entry_without_digests(files: list[object], why: str) -> None:
    def hostile(request: httpx.Request) -> httpx.Response:
        if request.url.path == PROXY:
            return httpx.Response(200, content=json.dumps({"files": files}))
        return httpx.Response(200, content=b"x") if request.url.path.startswith(PROXY) else fake(request)

    entry = registry(hostile).named("models:/credit/1")
    assert entry.digests == ()
    assert why in entry.undigested
    assert entry.facts["model.version"] == "1"


def test_artefacts_larger_than_allowed_and_elsewhere() -> None:
    assert "larger than" in registry(octets=20).named("models:/credit/1").undigested

    def elsewhere(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("get-download-uri"):
            return httpx.Response(200, json={"artifact_uri": "s3://bucket/credit/1"})
        return fake(request)

    assert "s3:" in registry(elsewhere).named("models:/credit/1").undigested


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"layout": "a", "mlflow": "http://a"},
        {"layout": "a", "token_env": "T"},
        {"mlflow": "http://user:hunter2@a"},
        {"mlflow": "http://a?token=hunter2"},
        {"mlflow": "postgresql://a/b"},
        {"mlflow": "http://a", "user_env": "U"},
        {"mlflow": "http://a", "user_env": "U", "password_env": "P", "token_env": "T"},
    ],
)
def test_tables_that_are_none(table: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"registry|layout|credentials|mlflow") as told:
        RegistryTable(**table)  # type: ignore[arg-type]
    assert "hunter2" not in str(told.value)
