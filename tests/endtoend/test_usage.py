"""Use and misuse from the outside: what is selected, what is kept to, and one line for each bad use."""

from __future__ import annotations

import socket
import subprocess
import threading
from pathlib import Path

import pytest

from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import PYTEST, one_line_usage, probe

pytestmark = pytest.mark.slow


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_unreachable_host(tmp_path: Path) -> None:
    one_line_usage(probe(f"http://127.0.0.1:{free_port()}", tmp_path / "e"), "cannot reach")


def test_no_such_balancer(tmp_path: Path) -> None:
    one_line_usage(probe("embedded-cluster:haproxy-god", tmp_path / "e"), "did you mean 'haproxy-good'", "envoy-loses")


def test_not_http(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def shout() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" * 10)

        thread = threading.Thread(target=shout, daemon=True)
        thread.start()
        ran = probe(f"http://127.0.0.1:{listener.getsockname()[1]}", tmp_path / "e")
        thread.join(10)
    one_line_usage(ran, "does not speak HTTP")


def test_no_such_model(server: str, tmp_path: Path) -> None:
    one_line_usage(probe(server, tmp_path / "e", "--oip-model", "echo-fp23"), "no model 'echo-fp23'", "echo-fp32")


def test_a_name_that_is_no_text(server: str, tmp_path: Path) -> None:
    one_line_usage(probe(server, tmp_path / "e", "--oip-model", "a\udcff\x1b[2J"), "--oip-model: not in UTF-8")


def test_no_listing_and_no_name(tmp_path: Path) -> None:
    with EmbeddedServer(["--variant", "no-listing", "--models", "echo-fp32"]) as server:
        one_line_usage(probe(server.url, tmp_path / "e"), "lists no models", "--oip-model")
        assert probe(server.url, tmp_path / "f", "--oip-model", "echo-fp32", "-k", "infer").code == 0


def test_policy_with_an_unknown_key(server: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[budget]\nmax_requets = 5\n")
    one_line_usage(probe(server, tmp_path / "e", "--oip-policy", str(policy)), "max_requets", "max_requests")


def test_evidence_folder_that_cannot_be_written(server: str, tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    one_line_usage(probe(server, blocker / "evidence"), "evidence folder", "cannot be written")
    one_line_usage(probe(server, tmp_path / ("e" * 300)), "evidence folder", "cannot be written: File name too long")


def test_evidence_is_never_written_over(server: str, tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("")
    one_line_usage(probe(server, tmp_path), "not empty")


@pytest.mark.parametrize("package", ["harness", "reports", "suites"])
def test_foreign_package_on_the_path(server: str, tmp_path: Path, package: str) -> None:
    (tmp_path / "path" / package).mkdir(parents=True)
    (tmp_path / "path" / package / "__init__.py").write_text("")
    ran = probe(server, tmp_path / "e", environ={"PYTHONPATH": str(tmp_path / "path")})
    one_line_usage(ran, f"{package!r}", "not art15's")


def test_bad_options(server: str, tmp_path: Path) -> None:
    one_line_usage(probe("ftp://127.0.0.1/", tmp_path / "a"), "http://")
    one_line_usage(probe("grpc://127.0.0.1:1", tmp_path / "b"), "cannot reach", "for gRPC")
    one_line_usage(probe(server, tmp_path / "c", "--oip-allow", "laod"), "laod", "load")
    one_line_usage(probe(server, tmp_path / "d", "--oip-suite", "conformence"), "conformence", "conformance")
    one_line_usage(probe(server, tmp_path / "f", "--oip-header", "nonsense"), "--oip-header")
    one_line_usage(probe(server, tmp_path / "g", "-n", "2"), "xdist")


def test_budget_of_requests_is_kept(server: str, tmp_path: Path) -> None:
    ran = probe(server, tmp_path / "e", "--oip-max-requests", "40")
    assert ran.evidence["run"]["requests"] <= 40
    assert "budget" in {check["unreached"] for check in ran.evidence["checks"]}
    assert ran.code == 0, ran.output


def test_nothing_selected_is_exit_code_5(server: str, tmp_path: Path) -> None:
    assert probe(server, tmp_path / "e", "-k", "no-such-check-at-all").code == 5


def test_selection_by_slug_model_and_suite(server: str, tmp_path: Path) -> None:
    ran = probe(server, tmp_path / "e", "--oip-suite", "conformance", "--oip-model", "pair", "-k", "echoes-id")
    assert list(ran.verdicts) == ["rest-infer-echoes-id[pair]"]


def test_inert_without_an_endpoint(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text("def test_x():\n    pass\n")
    done = subprocess.run([str(PYTEST), str(tmp_path), "-q"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert "1 passed" in done.stdout


def test_typing_errors_get_the_option_that_is_like_them(server: str, tmp_path: Path) -> None:
    one_line_usage(probe(server, tmp_path / "e", "--oip-modle", "iris"), "did you mean '--oip-model'")
    one_line_usage(probe(server, tmp_path / "e", "--oip-time", "3"), "--oip-timeout")
    one_line_usage(probe(server, tmp_path / "e", "--oip-max-rate", "nan"), "--oip-max-rate nan: give a number")


def test_a_run_that_never_began_leaves_nothing(server: str, tmp_path: Path) -> None:
    ran = probe(server, tmp_path / "deep" / "e", "--oip-model", "echo-fp23")
    one_line_usage(ran, "no model 'echo-fp23'")
    assert ran.output.rstrip().splitlines()[-1].startswith("ERROR")
    assert "junit" not in ran.output
    assert not (tmp_path / "deep").exists()
