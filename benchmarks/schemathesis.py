"""Ours beside schemathesis, same faults: `python benchmarks/schemathesis.py [--seed N] [--seconds N] [--json FILE]`.

schemathesis (a property-based tester of web services) is put into an environment of its own, `.tools/schemathesis`. It
gets the description `oip.openapi.yaml`, written for it by hand, with the tensors of the model filled in: once with
valid requests and once with invalid ones, half of the time each, all its phases and checks. Ours runs over REST alone
with `standard`. Each has a fresh reference server for each run and the same time limit: schemathesis uses it up, ours
ends when it is done. The servers: the clean one, benign variants, and seeded faults, half of which break only the
protocol and half of which show under hostile, repeated or concurrent requests; drawn by a seed from all that can show
over REST on the model `pair`.

Found: the tool reports something that it does not report of the clean server; false alarm: anything it reports of the
clean server, or of a variant and not of the clean server. Warnings of ours count on both sides.

What this does not show. The faults are our own, and ours has been written against them, so the count of faults found
says nothing about faults of other kinds, or of other services, for which schemathesis is made and ours is of no use.
A description can say nothing of values, of the id or of one answer beside another: half of the faults are beyond any
tool that has only a description. Hooks and checks of one's own, with which schemathesis can be taught more, are not
used. Faults that need raw bytes, gRPC, an extension or credentials are left out.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from described import description
from drawn import MODEL, Server, drawn

from harness.run.embedded import EmbeddedServer

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".tools" / "schemathesis"
PINNED = "schemathesis>=4.32,<4.33"
REQUEST_SECONDS, GRACE = 5, 60


@dataclass(frozen=True)
class Row:
    """What one tool said of one server, in how many seconds, and whether it would have gone on; theirs always would."""

    tool: str
    server: Server
    findings: tuple[str, ...]
    seconds: float
    cut: bool


def installed() -> Path:
    """The command `st`, put there the first time."""
    command = TOOLS / "bin" / "st"
    if not command.exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, TOOLS], check=True)
        subprocess.run([*uv, "pip", "install", "--quiet", "--python", TOOLS / "bin" / "python", PINNED], check=True)
    return command


def theirs(url: str, folder: Path, seconds: int) -> tuple[list[str], bool]:
    """Findings of schemathesis: kind of failure and operation."""
    described = _metadata(url)
    found: set[str] = set()
    # It also sends valid requests when asked for invalid ones; the wide description does not know which ones are.
    for mode, unasked in (("positive", "negative_data_rejection"), ("negative", "positive_data_acceptance")):
        schema, report = folder / f"{mode}.json", folder / f"{mode}-report.json"
        schema.write_bytes(description(described, narrow=mode == "positive"))
        command: list[str | Path] = [
            installed(),
            "--no-color",
            "run",
            schema,
            "--url",
            url,
            "--mode",
            mode,
            "--seed",
            "15",
        ]
        command += ["--max-time", str(max(1, seconds // 2)), "--request-timeout", str(REQUEST_SECONDS)]
        command += ["--exclude-checks", unasked, "--continue-on-failure", "--generation-database", "none"]
        command += ["--report", "json", "--report-json-path", report]
        _carry_out(command, folder, seconds)
        document = json.loads(_left(report, folder))
        for each in [*document["failures"], *document["errors"]]:
            title = each.get("title") or each.get("type") or "error"
            found |= {f"{title}: {operation}" for operation in each.get("operations") or ["run"]}
    return sorted(found), True


def ours(url: str, folder: Path, seconds: int) -> tuple[list[str], bool]:
    """Findings of ours: check and verdict."""
    evidence = folder / "evidence"
    # No --oip-model: it is the only one, and a variant calls it by another name.
    command: list[str | Path] = [sys.executable, "-P", "-m", "pytest", "-q", "--endpoint", url]
    command += ["--oip-time-budget", str(seconds), "--oip-evidence", evidence]
    _carry_out(command, folder, seconds)
    checks = json.loads(_left(evidence / "evidence.json", folder))["checks"]
    found = sorted(f"{check['verdict']}: {check['slug']}" for check in checks if check["verdict"] in ("fail", "warn"))
    return found, any("time budget" in check["reason"] for check in checks)


TOOLS_IN_TURN: dict[str, Callable[[str, Path, int], tuple[list[str], bool]]] = {"schemathesis": theirs, "art15": ours}
DOCUMENTED: dict[str, Any] = {
    "name": MODEL,
    "versions": ["1", "2"],
    "inputs": [{"name": "a", "datatype": "FP32"}, {"name": "b", "datatype": "INT32"}],
    "outputs": [{"name": "oa", "datatype": "FP32"}, {"name": "ob", "datatype": "INT32"}],
}


def _metadata(url: str) -> dict[str, Any]:
    """What the server tells of the model; if that is not what is documented, a person would take the documentation."""
    try:
        given: dict[str, Any] = httpx.get(f"{url}/v2/models/{MODEL}", timeout=REQUEST_SECONDS).json()
        right = given["name"] == MODEL and all(
            [(each["name"], each["datatype"]) for each in given[side]]
            == [(each["name"], each["datatype"]) for each in DOCUMENTED[side]]
            for side in ("inputs", "outputs")
        )
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return DOCUMENTED
    return given if right else DOCUMENTED


def _carry_out(command: Sequence[str | Path], folder: Path, seconds: int) -> None:
    """Run it, with some time to end in peace beyond what it was given; then it is killed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "ART15", "OIP"))}
    clean["NO_PROXY"] = "*"
    cwd = folder if "schemathesis" in str(command[0]) else ROOT
    with (folder / "printed").open("wb") as printed, contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(
            command, cwd=cwd, env=clean, stdout=printed, stderr=subprocess.STDOUT, timeout=seconds + GRACE, check=False
        )


def _left(file: Path, folder: Path) -> bytes:
    """What a tool left. One that did not get so far has reported nothing, which is said."""
    if file.exists():
        return file.read_bytes()
    sys.stderr.write(f"no {file.name}: {(folder / 'printed').read_text(errors='replace')[-1000:]}\n")
    return b'{"failures": [], "errors": [], "checks": []}'


def compared(servers: Iterable[Server], seconds: int, done: Sequence[Row]) -> Iterator[Row]:
    """Every tool on every server, one after the other; what was done before is taken as it is."""
    known = {(row.tool, row.server): row for row in done}
    for server in servers:
        for tool, findings in TOOLS_IN_TURN.items():
            if (tool, server) in known:
                yield known[tool, server]
                continue
            with EmbeddedServer(server.arguments) as running, tempfile.TemporaryDirectory() as folder:
                begin = time.monotonic()
                found, cut = findings(running.url, Path(folder), seconds)
                row = Row(tool, server, tuple(found), round(time.monotonic() - begin, 1), cut)
            sys.stderr.write(f"{server.kind} {server.name}, {tool}: {len(found)} in {row.seconds} s\n")
            yield row


def _done(file: Path | None, asked: dict[str, int]) -> list[Row]:
    """Rows of an earlier run with the same seed and time that was cut short."""
    if file is None or not file.exists():
        return []
    document = json.loads(file.read_bytes())
    runs = document["runs"] if document.get("asked") == asked else []
    return [Row(**{**row, "server": Server(**row["server"]), "findings": tuple(row["findings"])}) for row in runs]


def summary(tool: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Counts of one tool."""
    own = [row for row in rows if row.tool == tool]
    known = {finding for row in own if row.server.kind == "clean" for finding in row.findings}
    new = {row.server: sorted(set(row.findings) - known) for row in own}
    said = {kind: {server.name: found for server, found in new.items() if server.kind == kind and found}
            for kind in ("variant", "protocol", "behaviour")}  # fmt: skip
    return {
        "tool": tool,
        "found_protocol": len(said["protocol"]),
        "found_behaviour": len(said["behaviour"]),
        "false_alarms_clean": sorted(known),
        "false_alarms_variants": said["variant"],
        "seconds": round(sum(row.seconds for row in own), 1),
        "cut": sum(row.cut for row in own),
        "found": {**said["protocol"], **said["behaviour"]},
    }


def printed(rows: Sequence[Row], summaries: Sequence[dict[str, Any]]) -> str:
    """The table, then each server with what was found."""
    servers = sorted({row.server for row in rows}, key=lambda server: (server.kind, server.name))
    many = {kind: sum(server.kind == kind for server in servers) for kind in ("protocol", "behaviour")}
    lines = [f"{'tool':14}{'protocol':>12}{'behaviour':>12}{'false alarms':>14}{'seconds':>10}{'out of time':>13}"]
    for each in summaries:
        alarms = len(each["false_alarms_clean"]) + sum(map(len, each["false_alarms_variants"].values()))
        found = [f"{each[f'found_{kind}']}/{count}" for kind, count in many.items()]
        lines.append(f"{each['tool']:14}{found[0]:>12}{found[1]:>12}{alarms:>14}{each['seconds']:>10}{each['cut']:>13}")
    for server in servers:
        kind = "false_alarms_variants" if server.kind == "variant" else "found"
        who = [each["tool"] for each in summaries if server.name in each[kind]]
        lines.append(f"{server.kind:10} {server.name}: {' and '.join(who) or 'neither'}")
    return "\n".join(lines)


def main() -> None:
    """Compare and print; the file is written again after each server."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--seed", type=int, default=15, help="of the draw of faults and variants")
    parser.add_argument("--seconds", type=int, default=40, help="time of each tool for each server")
    parser.add_argument("--json", type=Path, help="file for all of it; a run that was cut short goes on from it")
    asked = parser.parse_args()
    how = {"seed": asked.seed, "seconds": asked.seconds}
    rows: list[Row] = []
    summaries: list[dict[str, Any]] = []
    for row in compared(drawn(asked.seed), asked.seconds, _done(asked.json, how)):
        rows.append(row)
        summaries = [summary(tool, rows) for tool in TOOLS_IN_TURN]
        if asked.json:
            document = {"asked": how, "summaries": summaries, "runs": [asdict(each) for each in rows]}
            asked.json.write_text(json.dumps(document, indent=1))
    sys.stdout.write(printed(rows, summaries) + "\n")


if __name__ == "__main__":
    main()
