"""An endpoint that says the token in many ways, names included: none of them gets out, and no escape sequence."""

from __future__ import annotations

import base64
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from tests.packs import read

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MjcxIiwibmFtZSI6Ikpva" + "W8ifQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
HOSTILE = "x\x1b]0;OWNED\x07\x1b[31m\u202e\x9b2J"
PIECE = 16
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Teller(http.server.BaseHTTPRequestHandler):
    """Answers with the token of the request, spelled in one of many ways."""

    protocol_version = "HTTP/1.1"
    ways: tuple[Callable[[str], str], ...] = (
        str,
        str.upper,
        lambda text: text.encode().hex(),
        lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
        lambda text: "".join(f"%25{byte:02x}" for byte in text.encode()),
        lambda text: text[::-1],
    )

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        told = self.ways[len(self.path) % len(self.ways)](token)
        name, status = HOSTILE + token, 200
        body: object = {}
        if "repository/index" in self.path:
            body = [{"name": name, "state": "READY"}]
        elif "infer" in self.path:
            body, status = {"error": f"the bearer token is not valid: {told}"}, 401
        elif "models" in self.path:
            tensor = {"name": "i", "datatype": "FP32", "shape": [1, 2]}
            body = {"name": name, "versions": ["1"], "platform": told, "inputs": [tensor], "outputs": [tensor]}
        elif "health" not in self.path:
            body = {"name": HOSTILE, "version": told, "extensions": [token]}
        data = json.dumps(body).encode()
        self.send_response(status)
        for header in (("content-type", "application/json"), ("x-told", told), ("content-length", str(len(data)))):
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_HEAD = do_PATCH = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def teller() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Teller)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def told(data: bytes) -> list[str]:
    """Ways in which a piece of the token is in the data."""
    wanted = {way(TOKEN[at : at + PIECE]) for way in Teller.ways for at in range(0, len(TOKEN) - PIECE, 4)}
    return [each for each in wanted if each.encode() in data]


def test_no_secret_and_no_escape_gets_out(teller: str, tmp_path: Path) -> None:
    temporary, folder = tmp_path / "tmp", tmp_path / "evidence"
    temporary.mkdir()
    command = [sys.executable, "-m", "pytest", "-v", "--endpoint", teller, "--oip-evidence", str(folder)]
    command += ["--oip-profile", "quick", "-k", "metadata or infer_response", f"--junitxml={tmp_path / 'own.xml'}"]
    environ = {**os.environ, "ART15_TOKEN": TOKEN, "TMPDIR": str(temporary)}
    done = subprocess.run(command, capture_output=True, env=environ, timeout=300, check=False)
    assert done.returncode in (0, 1), done.stdout.decode()[-3000:]
    assert RAW.search((done.stdout + done.stderr).decode()) is None
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "own.xml" for path in files)
    for data in (done.stdout, done.stderr, *(read(path) for path in files)):
        assert told(data) == []


def test_names_of_files_and_bad_words_do_not_reach_the_terminal_raw(tmp_path: Path) -> None:
    folder = tmp_path / f"a{HOSTILE}"
    folder.mkdir()
    (folder / f"b{HOSTILE}").write_text("")
    calls = [["verify", str(folder)], ["report", str(folder)], ["replay", str(folder), HOSTILE], ["explain", HOSTILE]]
    calls += [["clauses", "--area", HOSTILE], [HOSTILE], ["validate", "--fault", HOSTILE], ["verify", HOSTILE]]
    for call in calls:
        result = CliRunner().invoke(main, call)
        assert result.exit_code, call
        assert RAW.search(result.output) is None, (call, result.output)
