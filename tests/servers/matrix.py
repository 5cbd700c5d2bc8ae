"""`docs/servers.md`: what was seen on each real server, by clause group. Data from runs, words from here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.endtoend.running import Ran, probe
from tests.servers.servers import Endpoint

PAGE = Path(__file__).resolve().parents[2] / "docs" / "servers.md"
ORDER = ("fail", "tool_error", "inconclusive", "untestable", "warn", "pass")
HEAD = """\
# What three servers do

Each server is installed as released, serves the same models (`iris`, a classifier, and `echo`, which gives its inputs
back) on the loopback interface, and is probed over REST and gRPC with

    pytest --endpoint URL --oip-grpc HOST:PORT --oip-model iris --oip-model echo --oip-allow repository

A cell counts checks by verdict, over both models. `fail`: a MUST of the protocol is broken. `warn`: a SHOULD is not
met, or an answer is outside every outcome that the texts allow. A dash: nothing applied, such as an extension that the
server does not offer. What each finding is, and how it was confirmed by hand, stands in `tests/servers/*/findings.md`.
Which findings there are is compared in every CI run; this page is made by `python -m tests.servers matrix`.

"""


# The models that every server serves.
MODELS = ("iris", "echo")


def title(name: str) -> str:
    """Name and release of a server, as in the head of the table."""
    return {"mlserver": "MLServer 1.7.1", "kserve": "KServe 0.21.0", "triton": "Triton 2.51.0"}[name]


def probe_server(endpoint: Endpoint, folder: Path) -> Ran:
    """The run that the page and the findings are made from."""
    models = [f"--oip-model={name}" for name in MODELS]
    return probe(endpoint.url, folder, "--oip-grpc", endpoint.grpc, "--oip-allow", "repository", *models)


def table(evidence: Mapping[str, Mapping[str, Any]]) -> str:
    """The page.

    Args:
        evidence: name and version of a server -> its evidence document.
    """
    groups: dict[str, dict[str, Counter[str]]] = {}
    for server, document in evidence.items():
        for check in document["checks"]:
            row = groups.setdefault(f"{check['suite']}: {check['group']}", {})
            row.setdefault(server, Counter())[check["verdict"]] += 1
    lines = ["| clause group | " + " | ".join(evidence) + " |", "| --- |" + " --- |" * len(evidence)]
    for group in sorted(groups):
        cells = [_cell(groups[group].get(server, Counter())) for server in evidence]
        lines.append(f"| {group} | " + " | ".join(cells) + " |")
    return HEAD + "\n".join(lines) + "\n"


def _cell(counts: Mapping[str, int]) -> str:
    return ", ".join(_words(counts, ORDER)) or "–"


def _words(counts: Mapping[str, int], order: Sequence[str]) -> list[str]:
    return [f"{counts[verdict]} {verdict}" for verdict in order if counts.get(verdict)]
