"""A log of CloudEvents that the endpoint delivers: right ones pass in each mode, each way of being wrong is named."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endtoend.running import ROOT, Ran, probe

pytestmark = pytest.mark.slow
CHECK = "provenance-log-complete"
POLICY = """
[log]
cloudevents = "{address}"
requests = 30
wait_s = {wait}
[log.columns]
model = "inferenceservicename"
version = "model_version"
request_sha256 = "request_sha256"
response_sha256 = "response_sha256"
"""


@contextlib.contextmanager
def served(address: str, way: str) -> Iterator[str]:
    """The URL of a server that delivers its events to an address, for as long as the context lasts."""
    command = [sys.executable, "-m", "tests.endtoend.delivering_models", "--port", "0", "--exit-with-stdin",
               "--models", "pair", "--fault", way]  # fmt: skip
    environ = {**os.environ, "ART15_TESTS_LOG": address}
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield str(json.loads(process.stdout.readline())["url"])
        finally:
            process.stdin.close()
            process.wait(30)


def run(tmp_path: Path, way: str, wait: int) -> Ran:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    (tmp_path / "policy.toml").write_text(POLICY.format(address=address, wait=wait))
    with served(address, way) as url:
        return probe(
            url, tmp_path / "e", "--oip-model", "pair", "--oip-policy", str(tmp_path / "policy.toml"), "-k", CHECK
        )


@pytest.mark.parametrize("way", ["events-right", "events-in-batches"])
def test_right_events_pass_in_each_mode(tmp_path: Path, way: str) -> None:
    ran = run(tmp_path, way, 20)
    assert (ran.code, ran.verdicts[f"{CHECK}[pair]"]) == (0, "pass"), ran.output
    (chain,) = ran.evidence["provenance"]
    assert {link["state"] for link in chain["links"]} == {"verified"}


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("events-dropped", "no entry"),
        ("events-anew", "several entries"),
        ("events-of-another-version", "version"),
    ],
)
def test_each_way_of_being_wrong_is_named(tmp_path: Path, way: str, told: str) -> None:
    # What comes late is missing as well.
    ran = run(tmp_path, way, 2 if way == "events-dropped" else 20)
    assert (ran.code, ran.verdicts[f"{CHECK}[pair]"]) == (1, "fail"), ran.output
    assert any(told in str(each["title"]) for each in ran.evidence["summary"]["findings"]), ran.output
