"""What stands on the first screen whatever the checks say: who is let in, and who can listen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reports.bundle import finish
from reports.document.build import build
from reports.evidence import Fact
from reports.journal.operations import operation_of
from tests.reports import factory, sample


def facts_of(folder: Path, events: list[dict[str, Any]], **opened: Any) -> list[Fact]:
    """The facts of a run in which an inference was served and these were noted."""
    bundle = factory.start(folder, opening=sample.opened() | opened)
    bundle.exchange(b"{}", b'{"model_name":"iris","outputs":[]}')
    for event in events:
        bundle.journal.append("fact", event)
    return build(folder).run.facts


def noted(name: str, subject: str = "management") -> dict[str, Any]:
    return {"subject": subject, "name": name, "text": "reachable: status 404", "exchange": "a" * 64, "check": "c-holds"}


MANAGEMENT = [noted("unload"), noted("log settings"), noted("RepositoryModelLoad")]


def test_open_to_everybody_without_credentials(tmp_path: Path) -> None:
    opened, none, plain = facts_of(tmp_path, MANAGEMENT, credentials=False, plaintext=["rest"])
    assert (
        opened.text
        == "Open to everybody: inference (served); loading models, unloading models, log settings (answered)."
    )
    assert opened.checks == ["c-holds"]
    assert none.text.startswith("No credentials were given to this run:")
    assert plain.text == "Plain HTTP: what is sent can be read and changed on the way."


def test_with_credentials_only_what_was_seen_is_said(tmp_path: Path) -> None:
    [opened] = facts_of(tmp_path, MANAGEMENT, credentials=True)
    assert opened.text == "Open to those who may infer: loading models, unloading models, log settings (answered)."


def test_credentials_that_nobody_asks_for(tmp_path: Path) -> None:
    [opened] = facts_of(tmp_path, [noted("everything", "credentials-ignored")], credentials=True)
    assert opened.text == "Open to everybody: credentials were given, and the endpoint asks nobody for any."


def test_an_older_journal_says_nothing_of_it(tmp_path: Path) -> None:
    assert facts_of(tmp_path, []) == []


def test_grpc_without_tls(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, [], credentials=True, plaintext=["grpc"], transports=["rest", "grpc"])
    assert [fact.text for fact in facts] == ["No TLS (gRPC): what is sent can be read and changed on the way."]


def test_they_stand_on_the_first_screen(tmp_path: Path) -> None:
    facts_of(tmp_path, MANAGEMENT, credentials=False, plaintext=["rest"])
    page = finish(tmp_path).with_name("annex.html").read_text("utf-8")
    statement = page.partition('id="statement"')[2].partition("Article 15, duties by paragraph")[0]
    assert "Open to everybody:" in statement
    assert "Plain HTTP:" in statement


BASE = "http://h:1/prefix/v2"


@pytest.mark.parametrize(
    ("method", "url", "status", "rpc", "door"),
    [
        ("POST", f"{BASE}/models/m/infer", 200, None, "inference"),
        ("POST", f"{BASE}/models/m/versions/1/infer", 200, None, "inference"),
        ("POST", f"{BASE}/models/m/infer", 400, None, None),
        ("GET", f"{BASE}/models/m/infer", 200, None, None),
        ("GET", f"{BASE}/models/infer", 200, None, None),
        ("POST", f"{BASE}/repository/models/m/load", 200, None, "load"),
        ("POST", f"{BASE}/repository/models/m/unload", 200, None, "unload"),
        ("POST", f"{BASE}/repository/index", 200, None, "index"),
        ("POST", "http://h:2/inference.GRPCInferenceService/ModelInfer", None, "OK", "inference"),
        ("POST", "http://h:2/inference.GRPCInferenceService/ModelInfer", 200, "INTERNAL", None),
        ("POST", "http://h:2/inference.GRPCInferenceService/RepositoryModelUnload", None, "OK", "unload"),
    ],
)
def test_what_a_request_opens(method: str, url: str, status: int | None, rpc: str | None, door: str | None) -> None:
    assert operation_of(method, url, status, rpc) == door
