"""Processes forked from one that has imported everything: their own state, and none left behind."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from harness.run.embedded import EmbeddedError
from harness.validation.forkserver import forked_server, probing_run

SECONDS = 60.0


def test_servers_are_processes_of_their_own_and_end_with_the_context() -> None:
    with (
        forked_server(["--models", "pair", "--no-grpc", "--fault", "live-404"]) as (faulty, no_grpc),
        forked_server(["--models", "pair"]) as (clean, grpc),
    ):
        assert no_grpc is None
        assert grpc is not None
        assert httpx.get(f"{faulty}/v2/health/live", trust_env=False, timeout=SECONDS).status_code == 404
        assert httpx.get(f"{clean}/v2/health/live", trust_env=False, timeout=SECONDS).status_code == 200
    for url in (faulty, clean):
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/v2/health/live", trust_env=False, timeout=SECONDS)


def test_a_server_that_does_not_start_is_said_to() -> None:
    with pytest.raises(EmbeddedError, match="did not start"), forked_server(["--models", "no-such-model"]):
        pass


def test_a_run_has_its_exit_code_and_its_output(tmp_path: Path) -> None:
    output = tmp_path / "output"
    assert probing_run(["--no-such-option"], {}, output, SECONDS) == 4
    assert "--no-such-option" in output.read_text()
    waiting = tmp_path / "test_waits.py"
    waiting.write_text("import time\n\ndef test_waits():\n    time.sleep(60)\n")
    assert probing_run([str(waiting), "-p", "no:cacheprovider"], {}, output, 2.0) is None
