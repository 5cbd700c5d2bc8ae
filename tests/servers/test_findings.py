"""What the suites find on real servers is what was confirmed by hand, no more and no less.

`tests/servers/<name>/findings.md` is the record: one row per check and model that is not a pass, with the deviation in
words and how it was confirmed. A finding that is not in the table is unconfirmed and fails the test; so does a row that
no run shows any more. CI probes each server once; the other ways to probe it are slow tests, for `make validate`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from reports.page.render import REPORT, render
from reports.text.sentences import languages
from tests.endtoend.running import Ran
from tests.reports.chromium import needs_chromium, printed
from tests.servers.conftest import installed_or_skip
from tests.servers.findings import FOUND, FURTHER, Way, differences
from tests.servers.install import NAMES, recipe_of
from tests.servers.matrix import PAGE, probe_server, table
from tests.servers.processes import listeners
from tests.servers.servers import Endpoint

pytestmark = pytest.mark.servers

# Of curl: an error in the stream of a call. What it says where nothing is answered, and how long a server may take that
# is started again.
CURL_STREAM = 92
NOTHING, BACK_S = "000", 30.0


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict[str, Ran]:
    """One run against each server."""
    folder = tmp_path_factory.mktemp("runs")
    return {name: probe_server(request.getfixturevalue(name), folder / name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_findings_are_the_confirmed_ones(name: str, runs: dict[str, Ran]) -> None:
    ran = runs[name]
    assert ran.code in (0, 1), ran.output
    # A search may find more with another release of its library; what it has been seen to find stays found.
    searches = {check["id"] for check in ran.evidence["checks"] if check["kind"] == "search"}
    assert differences(ran.verdicts, Way(name).recorded(ran.verdicts), searches) == {}, ran.output


@needs_chromium
@pytest.mark.parametrize("code", languages())
def test_the_report_of_a_real_server_is_short(code: str, runs: dict[str, Ran], tmp_path: Path) -> None:
    page = tmp_path / REPORT
    page.write_bytes(render((runs["mlserver"].folder / "evidence.json").read_bytes(), code)[REPORT])
    assert len(printed(page, tmp_path, "letter")) <= 10


@pytest.mark.slow
@pytest.mark.parametrize("label", FURTHER)
def test_probed_otherwise_nothing_is_found_that_was_not_confirmed(label: str, tmp_path: Path) -> None:
    way = FURTHER[label]
    installed_or_skip(way.server)
    with way.served() as endpoint:
        ran = probe_server(endpoint, tmp_path / "evidence", way.allow)
    assert ran.code in (0, 1), ran.output
    # What time and crashes decide may be missing from one run; what is found has to be known.
    known = way.recorded(ran.verdicts)
    differ = differences(ran.verdicts, known)
    for check in died_under(ran.evidence) if way.restart else ():
        differ.pop(check, None)
    assert {each: said for each, said in differ.items() if ran.verdicts.get(each) in FOUND} == {}, ran.output


def died_under(evidence: dict[str, Any]) -> set[str]:
    """Checks during which a server that others kill dies late: no request of theirs did it again, and none is named."""
    late = {each["check"] for each in evidence["run"]["incidents"] if "none of them did it again" in each["text"]}
    roots = {
        check["id"]: {each["root"] for each in check["counterexamples"]}
        for check in evidence["checks"]
        if check["id"] in late
    }
    assert all(found <= {"endpoint-gone"} for found in roots.values()), roots
    return set(roots)


@pytest.mark.slow
def test_a_server_that_dies_and_stays_dead_is_one_finding(tmp_path: Path) -> None:
    installed_or_skip("omle")
    with Way("omle", restart=False).served() as endpoint:
        ran = probe_server(endpoint, tmp_path / "evidence", "")
    assert ran.code == 1, ran.output
    evidence = ran.evidence
    (incident,) = evidence["run"]["incidents"]
    assert evidence["report"]["cut_short"]
    assert incident["check"] in ran.verdicts
    assert all("onnection refused" not in check["reason"] for check in evidence["checks"]), ran.output
    failed = [each for each in evidence["summary"]["findings"] if each["verdict"] == "fail"]
    assert [each["clauses"] for each in failed] == [["policy:no-crash"]]


@pytest.mark.parametrize("name", NAMES)
def test_models_still_infer_after_the_run(name: str, runs: dict[str, Ran], request: pytest.FixtureRequest) -> None:
    """They were unloaded and loaded again, where the server lists a repository."""
    assert runs[name].folder.is_dir()
    endpoint: Endpoint = request.getfixturevalue(name)
    with httpx.Client(base_url=endpoint.url, trust_env=False, timeout=30) as client:
        for model in recipe_of(name).judged:
            reply = client.post(f"/v2/models/{model}/infer", json=recipe_of(name).probes[model])
            assert reply.status_code == httpx.codes.OK, reply.text


def test_the_public_page_says_what_was_seen(runs: dict[str, Ran]) -> None:
    """`python -m tests.servers matrix` writes it anew."""
    assert PAGE.read_text() == table({name: runs[name].evidence for name in NAMES})


def test_each_failure_is_repeated_by_its_curl_line(runs: dict[str, Ran], request: pytest.FixtureRequest) -> None:
    """The printed line, run by a shell in the bundle, gets the status of the report, or ends the server again."""
    repeated = set()
    for name, ran in runs.items():
        endpoint: Endpoint = request.getfixturevalue(name)
        for check in ran.evidence["checks"]:
            for example in check["counterexamples"]:
                if check["verdict"] == "fail" and example["curl"] and example["response"] is not None:
                    status = example["response"]["line"]
                    said = again(example["curl"], ran.folder)
                    if said == NOTHING != shown(status):
                        # An earlier line may end it only after it was answered.
                        back(endpoint)
                        said = again(example["curl"], ran.folder)
                    assert said == shown(status), example["curl"]
                    repeated.add(status.split()[0])
                    if said == NOTHING:
                        back(endpoint)
    assert repeated == {"HTTP/1.1", "gRPC", "no"}


def back(endpoint: Endpoint) -> None:
    """Wait until a server that was ended is there again, over both transports."""
    until = time.monotonic() + BACK_S
    with httpx.Client(base_url=endpoint.url, trust_env=False, timeout=BACK_S) as client:
        while time.monotonic() < until:
            with suppress(httpx.HTTPError):
                reply = client.post("/v2/models/iris/infer", json=recipe_of(endpoint.name).probes["iris"])
                if reply.status_code == httpx.codes.OK and endpoint.grpc_port in {
                    each.port for each in listeners(endpoint.pid)
                }:
                    return
            time.sleep(0.1)
    raise AssertionError(f"{endpoint.name} is not back after {BACK_S:g} s")


def shown(line: str) -> str:
    """The status in the first line of a response: of HTTP, or of gRPC."""
    words = line.split()
    if line.startswith("no response"):
        return NOTHING
    return words[2] if words[0] == "gRPC" else words[1]


def again(command: str, folder: Path, tries: int = 9) -> str:
    """Run a printed line in the bundle and give the status that came back."""
    if "--http2" in command:
        done = shell(command, folder)
        # A server that refuses before it has read the call resets the stream, which curl may meet before the status.
        if tries and done.returncode == CURL_STREAM:
            return again(command, folder, tries - 1)
        found = re.search(r"^grpc-status: (\d+)", done.stdout, re.MULTILINE)
        return found.group(1) if found else done.stdout or NOTHING
    line = command.replace("curl -sS", "curl -sS -o /dev/null -w '%{http_code}'", 1)
    return shell(line, folder).stdout


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line in the bundle. Those with a large body call `art15`, which is beside the interpreter of the tests."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environ = {**os.environ, "PATH": path}
    return subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True, timeout=60, env=environ)
