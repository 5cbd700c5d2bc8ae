"""No run causes a fault that nobody has allowed, whatever its policy declares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.drills.undoing import is_stopped
from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import probe
from tests.harness.drills.conftest import hooks
from tests.ports import free_port

pytestmark = pytest.mark.slow


def test_nothing_is_caused_without_permission(tmp_path: Path) -> None:
    port = free_port()
    with EmbeddedServer(["--models", "pair", "--no-grpc"]) as server:
        policy = tmp_path / "policy.toml"
        policy.write_text(
            "[[drills]]\nname = 'hooks'\n[drills.fault]\n"
            + hooks(inject="open('caused', 'w')", revert="open('caused', 'w')", status="open('caused', 'w')")
            + f"\n[[drills]]\nname = 'stop'\nfault = {{kind = 'stop', process = {{pid = {server.pid}}}}}\n"
            + f"[[drills]]\nname = 'proxy'\n[drills.fault]\nkind = 'reset'\nlisten = '127.0.0.1:{port}'\n"
            + f"to = '{server.url.removeprefix('http://')}'\n"
        )
        allow = ("--oip-allow", "load,repository,stress")
        ran = probe(
            server.url, tmp_path / "ev", "--oip-policy", str(policy), *allow, "-k", "rest-live or failover or drill"
        )
        assert ran.verdicts, ran.output
        assert server.pid is not None
        assert not is_stopped(server.pid)
        os.kill(server.pid, 0)
    assert not (tmp_path / "caused").exists()
    assert all(not each.startswith("failover-drill") or verdict != "pass" for each, verdict in ran.verdicts.items())


def test_a_drill_that_cannot_be_read_ends_the_run(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[[drills]]\nname = 'a'\nfault = {kind = 'kil'}\n")
    ran = probe("http://127.0.0.1:1", tmp_path / "ev", "--oip-policy", str(policy))
    assert ran.code == 4
    assert "[drills.fault] kind: Invalid value 'kil'" in ran.output
