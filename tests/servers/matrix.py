"""`docs/servers.md`: what was seen on each real server, by clause group. Data from runs, words from here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.endtoend.running import Ran, probe
from tests.servers.install import recipe_of
from tests.servers.servers import Endpoint

PAGE = Path(__file__).resolve().parents[2] / "docs" / "servers.md"
# Measured by benchmarks/servers.py, and taken as it is.
LOAD = Path(__file__).with_name("load.md")
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


# Below the table: what the findings of each server are, in the words of its findings.md.
NOTES = {
    "MLServer 1.7.1": """\
Seen as failures: FastAPI's own 422 bodies and tracebacks as text in place of an error object, ids that are not plain
Latin-1 (over gRPC: not ASCII) and end in an internal error, and `iris` giving one of its two outputs when none is
selected. MLServer leaves the elements, their number and the selection of outputs to the model. Its scikit-learn runtime
converts or refuses them, with statuses that blame the server. Our `echo` copies its inputs without decoding, so what is
seen on `echo` alone shows what MLServer lets through to a model: wrong counts, null, and the one failure on texts and
booleans among numbers. Over gRPC it reads elements from any field, takes raw and typed contents together, passes over
surplus raw entries and spells the state of a model `State.READY`. Its errors carry tracebacks unless `debug` is off. A
length beside chunks leaves the connection open.
""",
    "KServe 0.21.0": """\
Seen as failures: optional members are written as null, in responses and in the metadata, and requests that FastAPI
refuses have `detail` in place of `error`. As `versions` is null, the two checks that need a list of versions could not
be made. A wrong number of elements is an internal error, -1 as a dimension is resolved, and input names are not looked
at. Over gRPC the selection of outputs is ignored, where REST refuses an unknown one, and elements in a second field are
passed over. Surrogates in UTF-8 are taken, and bytes that are no message are answered with the class of an exception.
""",
    "Triton 2.51.0": """\
Seen as failures: ids end at a NUL, and numbers beyond INT32 come back as others. With `--oip-allow stress`, which the
table is made without, single requests end the whole process: 82 bytes with a shape of 2^40 elements, or data nested
50 000 deep. Malformed JSON, a missing member and a wrong number of elements are answered with status 500 and a
proper error object. Nested data is flattened before it is counted, so that uneven rows of the right total pass. Surplus
raw entries are passed over, and a length header such as `114abc` is read as 114. A listed output without a setting of
its own comes back as JSON even when the request asks for binary outputs.
""",
}

# The echo models of these describe no inputs in their metadata, so that a request has to be given.
UNDESCRIBED = ("mlserver", "kserve")
ECHO_SAMPLE = {"inputs": [{"name": "x", "shape": [2, 3], "datatype": "FP32", "data": [0.5, 1.5, -2.0, 3.25, 1.0, 0.0]}]}


def title(name: str) -> str:
    """Name and release of a server, as in the head of the table."""
    return recipe_of(name).title


def probe_server(endpoint: Endpoint, folder: Path, allow: str = "repository") -> Ran:
    """The run that the page and the findings are made from; the policy is written beside the evidence folder."""
    options = [f"--oip-model={name}" for name in recipe_of(endpoint.name).judged]
    if endpoint.name in UNDESCRIBED:
        options += ["--oip-policy", str(_policy(folder))]
    if allow:
        options += ["--oip-allow", allow]
    return probe(endpoint.url, folder, "--oip-grpc", endpoint.grpc, *options)


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
        evidence: name and version of a server -> its evidence document.
    """
    groups: dict[str, dict[str, Counter[str]]] = {}
    for server, document in evidence.items():
        for check in document["checks"]:
            row = groups.setdefault(check["group"], {})
            row.setdefault(server, Counter())[check["verdict"]] += 1
    lines = ["| clause group | " + " | ".join(evidence) + " |", "| --- |" + " --- |" * len(evidence)]
    for group in sorted(groups):
        cells = [_cell(groups[group].get(server, Counter())) for server in evidence]
        lines.append(f"| {group} | " + " | ".join(cells) + " |")
    notes = [f"## {server}\n\n{NOTES[server]}" for server in evidence]
    return "\n".join([HEAD + "\n".join(lines) + "\n", *notes, *([LOAD.read_text()] if LOAD.exists() else [])])


def _cell(counts: Mapping[str, int]) -> str:
    return ", ".join(_words(counts, ORDER)) or "–"


def _words(counts: Mapping[str, int], order: Sequence[str]) -> list[str]:
    return [f"{counts[verdict]} {verdict}" for verdict in order if counts.get(verdict)]
