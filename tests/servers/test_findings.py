"""What the suites find on real servers is what was confirmed by hand, no more and no less.

`tests/servers/<name>/findings.md` is the record: one row per check and model that is not a pass, with the deviation in
words and how it was confirmed. A finding that is not in the table is unconfirmed and fails the test; so does a row that
no run shows any more.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.endtoend.running import probe
from tests.servers.servers import Endpoint

HERE = Path(__file__).parent
FOUND = ("fail", "warn", "tool_error", "inconclusive", "untestable")

pytestmark = pytest.mark.servers


def recorded(name: str) -> dict[str, str]:
    """Check id -> verdict, from the table of a server's findings."""
    rows = re.findall(r"^\| `([^`]+)` \| (\w+) \|", (HERE / name / "findings.md").read_text(), re.MULTILINE)
    return dict(rows)


@pytest.mark.parametrize("name", ["mlserver", "kserve", "triton"])
def test_findings_are_the_confirmed_ones(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    endpoint: Endpoint = request.getfixturevalue(name)
    ran = probe(endpoint.url, tmp_path / "evidence", "--oip-model", "iris")
    assert ran.code in (0, 1), ran.output
    found = {identity: verdict for identity, verdict in ran.verdicts.items() if verdict in FOUND}
    assert found == recorded(name), ran.output


def test_each_failure_is_repeated_by_its_curl_line(mlserver: Endpoint, tmp_path: Path) -> None:
    """The printed line, run by a shell in the bundle, gets the status that the report shows."""
    ran = probe(mlserver.url, tmp_path / "evidence", "--oip-model", "iris")
    examples = [
        example
        for check in ran.evidence["checks"]
        for example in check["counterexamples"]
        if check["verdict"] == "fail" and example["curl"]
    ]
    assert examples
    for example in examples:
        shown = example["response"]["line"].split()[1]
        line = example["curl"].replace("curl -sS", "curl -sS -o /dev/null -w '%{http_code}'", 1)
        done = subprocess.run(line, shell=True, cwd=ran.folder, capture_output=True, text=True, timeout=60)
        assert done.stdout == shown, example["curl"]
