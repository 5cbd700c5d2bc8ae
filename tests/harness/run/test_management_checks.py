"""What the checks of management send: nothing that could change anything, on servers of whatever layout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError

from harness.check import REGISTRY
from harness.declared.judged import CriteriaTable
from harness.endpoint.endpoint import Endpoint
from harness.outcome import Outcome
from harness.policy import Policy
from harness.probing.grpc_calls import NO_MESSAGE, index_names, load_of_nobody, named, texts_of
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.record.exchange import Exchange, RpcStatus
from harness.run.checks import load_checks
from harness.run.one_check import execute
from harness.verdicts import Verdict
from harness.wire.reading import TooMuch
from tests.harness.endpoint.scripted import Scripted, message
from tests.harness.probing.test_replaying import RECORDED
from tests.harness.wire.hostile_grpc import grpc_client

UNIMPLEMENTED, INTERNAL, DENIED, NOT_FOUND = 12, 13, 7, 5
TRITON = message("RepositoryIndex", models=[{"name": "iris", "state": "READY"}])
# The name in field 1 of a row in field 2, where Triton has rows in field 1: another layout.
OTHER = b"\x12\x06\x0a\x04iris"
HAS_IT = message("RepositoryIndex", models=[{"name": UNKNOWN_MODEL}])


def looked(index: bytes | int, control: int, folder: Path) -> tuple[Verdict, Outcome, list[tuple[str, bytes]]]:
    """The check against a server with these answers to the index and to load and unload, and what it was sent."""
    load_checks()
    check = REGISTRY.checks["security-grpc-management-reachable"]
    policy = Policy(criteria=CriteriaTable(management_reachable="warn"))
    server = Scripted(lambda method, _: index if method == "RepositoryIndex" else control)
    with server as url, grpc_client(url, folder) as (client, _):
        nothing = cast("Exchange", None)
        endpoint = Endpoint(None, client, policy, "v2", nothing, None)
        probe = Probe(check, endpoint, Outcome(dict(check.beyond_clauses)), None)
        verdict, _ = execute(check, probe)
    return verdict, probe.outcome, server.calls


@pytest.mark.parametrize("index", [OTHER, HAS_IT, b"\xff\xff", b"", UNIMPLEMENTED, INTERNAL, DENIED])
def test_no_load_that_could_be_carried_out(index: bytes | int, tmp_path: Path) -> None:
    _, _, calls = looked(index, INTERNAL, tmp_path)
    assert [method for method, _ in calls] == ["RepositoryIndex", "RepositoryModelLoad", "RepositoryModelUnload"]
    assert {data for method, data in calls if method != "RepositoryIndex"} == {NO_MESSAGE}


def test_the_invented_name_where_the_index_lacks_it(tmp_path: Path) -> None:
    verdict, outcome, calls = looked(TRITON, NOT_FOUND, tmp_path)
    wanted = named("RepositoryModelLoad", UNKNOWN_MODEL).SerializeToString()
    assert [data for method, data in calls if method != "RepositoryIndex"] == [wanted, wanted]
    assert verdict is Verdict.WARN
    assert {violation.root for violation in outcome.violations} == {
        "management-reachable:RepositoryIndex",
        "management-reachable:RepositoryModelLoad",
        "management-reachable:RepositoryModelUnload",
    }


@pytest.mark.parametrize(("control", "reached"), [(UNIMPLEMENTED, False), (DENIED, False), (INTERNAL, True)])
def test_what_cannot_be_read_is_reached(control: int, reached: bool, tmp_path: Path) -> None:
    _, outcome, _ = looked(OTHER, control, tmp_path)
    roots = {violation.root for violation in outcome.violations}
    assert "management-reachable:RepositoryIndex" in roots
    assert ("management-reachable:RepositoryModelLoad" in roots) is reached


def test_closed_management_passes(tmp_path: Path) -> None:
    assert looked(DENIED, DENIED, tmp_path)[0] is Verdict.PASS


@pytest.mark.parametrize("control", [INTERNAL, UNIMPLEMENTED, DENIED])
def test_behind_a_closed_index_what_cannot_be_read_shows_nothing(control: int, tmp_path: Path) -> None:
    verdict, outcome, _ = looked(DENIED, control, tmp_path)
    assert verdict is Verdict.PASS
    assert not outcome.violations


def _answered(body: bytes) -> Exchange:
    return replace(RECORDED, response_body=body, rpc=RpcStatus(0, "OK", ""), http_version="HTTP/2")


def test_the_names_of_an_index() -> None:
    assert index_names(_answered(TRITON)) == {"iris"}
    for body in (OTHER, b"", b"\xff", TRITON + OTHER, TRITON + b"\x0a\x00"):
        assert index_names(_answered(body)) == frozenset()
    assert load_of_nobody(_answered(HAS_IT)) == NO_MESSAGE


def test_bytes_that_are_no_message_in_any_layout() -> None:
    assert texts_of(NO_MESSAGE) == ""
    with pytest.raises(DecodeError):
        Empty.FromString(NO_MESSAGE)


def test_texts_of_a_message_of_any_layout() -> None:
    inner = message("ModelMetadata", name="iris", versions=["1"], platform="sk")
    assert texts_of(inner).splitlines()[:3] == ["iris", "1", "sk"]
    # An entry of a map in field 6, as properties of model metadata are.
    entry = b"\x0a\x03key\x12\x05value"
    assert "key: value" in texts_of(inner + b"\x32" + bytes([len(entry)]) + entry).splitlines()
    assert texts_of(b"\x0a\x01") == ""
    # A text whose bytes could be fields stays a text; a message of more fields than are read is not passed over.
    assert texts_of(b"\x0a\x80\x80\x40" + b"p" * (1 << 20)) == "p" * (1 << 20)
    with pytest.raises(TooMuch):
        texts_of(b"\x70\x70" * 200_000)
