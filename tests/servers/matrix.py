"""`docs/servers.md`: what was seen on each real server, by clause group. Data from runs, words from here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.endtoend.running import Ran, probe
from tests.servers.install import recipe_of
from tests.servers.recipe import HERE
from tests.servers.servers import Endpoint

PAGE = Path(__file__).resolve().parents[2] / "docs" / "servers.md"
# Failures of which what lies in memory by chance decides whether a run sees them; the page counts them in any case.
BY_CHANCE = {
    "omle": (
        "adversarial-company-of-other-kinds[iris]",
        "adversarial-history-of-other-kinds[iris]",
        "adversarial-grpc-record-agrees",
        "adversarial-shape-outgrows-data[iris]",
    )
}
# Measured by benchmarks/servers.py and by `python -m tests.servers drill`, and taken as they are.
LOAD, DRILLS = (Path(__file__).with_name(name) for name in ("load.md", "drills.md"))
ORDER = ("fail", "tool_error", "inconclusive", "untestable", "warn", "pass")
HEAD = """\
# What six servers do

Each server is installed as released, serves the same model (`iris`, a classifier; the first three also `echo`, which
gives its inputs back) on the loopback interface, and is probed over REST and gRPC with

    pytest --endpoint URL --oip-grpc HOST:PORT --oip-allow repository

A cell counts checks by verdict, over all models. `fail`: a MUST of the protocol, or a criterion of the default policy
(no silently changed value and the like), is broken. `warn`: a SHOULD or good practice is not met, or an answer is
outside every outcome that the texts allow. A dash: nothing applied, such as an extension that the
server does not offer. `echo` describes no inputs on MLServer and KServe, so there a policy gives one request for it.
OMLE's server dies of many requests and is started again whenever it does, as a production supervisor would. MLServer
runs without its worker process here; what one changes stands in its notes.

What each finding is, and how it was confirmed by hand, stands in `tests/servers/*/findings.md`.
Which findings there are is compared in every CI run; this page is made by `python -m tests.servers matrix`.

"""


# The echo models of these describe no inputs in their metadata, so that a request has to be given.
UNDESCRIBED = ("mlserver", "kserve")
ECHO_SAMPLE = {"inputs": [{"name": "x", "shape": [2, 3], "datatype": "FP32", "data": [0.5, 1.5, -2.0, 3.25, 1.0, 0.0]}]}


def title(name: str) -> str:
    """Name and release of a server, as in the head of the table."""
    return recipe_of(name).title


def probe_server(endpoint: Endpoint, folder: Path, allow: str = "repository", further: Sequence[str] = ()) -> Ran:
    """The run that the page and the findings are made from; the policy is written beside the evidence folder.

    ``further`` are more of its arguments.
    """
    options = [f"--oip-model={name}" for name in recipe_of(endpoint.name).judged]
    if endpoint.name in UNDESCRIBED:
        options += ["--oip-policy", str(_policy(folder))]
    if allow:
        options += ["--oip-allow", allow]
    return probe(endpoint.url, folder, "--oip-grpc", endpoint.grpc, *options, *further)


def _policy(folder: Path) -> Path:
    """A policy with a sample for `echo`; its path is absolute, since a run may be started from anywhere."""
    samples = folder.with_name(f"{folder.name}-echo.jsonl").absolute()
    samples.write_text(json.dumps(ECHO_SAMPLE) + "\n")
    policy = folder.with_name(f"{folder.name}-policy.toml")
    # A JSON string is a TOML string as well.
    policy.write_text(f"[samples.echo]\nrequests = {json.dumps(str(samples))}\n")
    return policy


def table(evidence: Mapping[str, Mapping[str, Any]]) -> str:
    """The page.

    Args:
        evidence: name of a server -> its evidence document.
    """
    groups: dict[str, dict[str, Counter[str]]] = {}
    for server, document in evidence.items():
        for check in document["checks"]:
            row = groups.setdefault(check["group"], {})
            verdict = "fail" if check["id"] in BY_CHANCE.get(server, ()) else check["verdict"]
            row.setdefault(server, Counter())[verdict] += 1
    lines = ["| clause group | " + " | ".join(map(title, evidence)) + " |", "| --- |" + " --- |" * len(evidence)]
    for group in sorted(groups):
        cells = [_cell(groups[group].get(server, Counter())) for server in evidence]
        lines.append(f"| {group} | " + " | ".join(cells) + " |")
    # What the findings of each server are, in the words of its findings.md.
    notes = [f"## {title(name)}\n\n{(HERE / name / 'notes.md').read_text()}" for name in evidence]
    measured = [each.read_text() for each in (LOAD, DRILLS) if each.exists()]
    return "\n".join([HEAD + "\n".join(lines) + "\n", *notes, *measured])


def _cell(counts: Mapping[str, int]) -> str:
    return ", ".join(_words(counts, ORDER)) or "–"


def _words(counts: Mapping[str, int], order: Sequence[str]) -> list[str]:
    return [f"{counts[verdict]} {verdict}" for verdict in order if counts.get(verdict)]
