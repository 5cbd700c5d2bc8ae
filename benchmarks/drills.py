"""Whether drills catch what is known to lose requests, pass what is known to lose none, and never raise a false alarm.

    .venv/bin/python -m benchmarks.drills [--controls 20] [bad good control ...]

Each drill is one of the tool's own, against the embedded cluster (`pytest --endpoint embedded-cluster:CONFIGURATION`).
Prints a table in Markdown: what the tool found, and whether that agrees with the id log of the replicas: every correct
answer was executed, and what failed was executed without an answer or not at all. A repetition that the tester calls
INVALID, since it was late itself, is counted apart.

A partition is stood in for by `half-open` (connections are taken and nothing comes back) and the loss of packets by
resets of one connection in twenty: neither needs root.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPLICAS = "[{replica = 'r1'}, {replica = 'r2'}, {replica = 'r3'}]"
KILL, STOP = (f"{{kind = '{kind}', process = {{replica = 'r2'}}}}" for kind in ("kill", "stop"))
PARTITION = "{kind = 'half-open', replica = 'r2'}"
ROLL = f"{{kind = 'rolling-restart', processes = {REPLICAS}}}\nhold_s = 1\nafter_s = 15"
SLOW = "{kind = 'delay', delay_s = 0.3, jitter_s = 0.1, replica = 'r2'}"
RESETS = "{kind = 'reset', share = 0.05, replica = 'r2'}"
# Elements of each of two inputs: together more than the 64 KiB that the good configuration of HAProxy keeps of a body.
LARGE = 12_000
COLUMNS = (
    "configuration", "drill", "sent", "failed", "executed, not answered", "never executed", "twice", "held",
    "recovered", "INVALID", "comes to",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One drill, and which criterion it has to break; none: it has to keep all."""

    balancer: str
    name: str
    fault: str
    breaks: str = ""
    more: str = "max_failed = 0"
    elements: int = 0
    repeat: int = 1


BAD = (
    Case("haproxy-loses", "kill", KILL, "max_failed"),
    Case("haproxy-loses", "stop", STOP, "max_failed"),
    Case("haproxy-loses", "partition", PARTITION, "max_failed"),
    Case("envoy-loses", "roll", ROLL, "max_failed"),
    Case("haproxy-good", "stop-large-bodies", STOP, "max_failed", "max_failed = 0\nrate = 20", LARGE),
    Case("haproxy-good", "stop-twice", STOP, "max_twice", "max_failed = 0\nmax_twice = 0"),
)
GOOD = (
    Case("haproxy-good", "kill", KILL),
    Case("haproxy-good", "stop", STOP),
    Case("haproxy-good", "partition", PARTITION),
    Case("haproxy-good", "roll", ROLL),
    Case("haproxy-good", "slow", SLOW),
    Case("haproxy-good", "resets", RESETS),
)
CONTROL = "max_failed = 0\nmax_twice = 0\nmax_recovery_s = 1"


def carried_out(case: Case) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code of the run, its repetitions, and what it printed."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        sample = ""
        if case.elements:
            (folder / "bodies.jsonl").write_text(f"{json.dumps(body(case.elements))}\n")
            sample = "[samples.pair]\nrequests = 'bodies.jsonl'\n"
        drill = f"[[drills]]\nname = '{case.name}'\nrepeat = {case.repeat}\n{case.more}\nfault = {case.fault}\n"
        (folder / "policy.toml").write_text(sample + drill)
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("pytest")), "--endpoint", f"embedded-cluster:{case.balancer}", "-q",
                "--oip-model", "pair", "--oip-policy", str(folder / "policy.toml"), "--oip-allow", "faults",
                "-k", "failover-drills", "--oip-evidence", str(folder / "evidence"),
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        document = folder / "evidence" / "evidence.json"
        drills = json.loads(document.read_bytes())["drills"] if document.exists() else []
        return done.returncode, [each for drill in drills for each in drill["repetitions"]], done.stdout


def body(elements: int) -> dict[str, Any]:
    """A request of so many elements in each of two inputs."""
    inputs = (("a", "FP32", 0.5), ("b", "INT32", 1))
    return {
        "inputs": [
            {"name": name, "datatype": kind, "shape": [elements], "data": [value] * elements}
            for name, kind, value in inputs
        ]
    }


def row(case: Case) -> Iterator[str]:
    """One line of the table: figures of the last repetition that counts, or of all of a control."""
    _, found, output = carried_out(case)
    valid = [each for each in found if each["ending"] == "carried out"]
    spoilt = sum(each["ending"] == "invalid" for each in found)
    yield from (case.balancer, case.name)
    if len(valid) < case.repeat:
        yield from ("-",) * (len(COLUMNS) - 4)
        yield from (str(spoilt), f"not carried out: {output.strip().splitlines()[-1] if output.strip() else 'nothing'}")
        return
    totals = [total(each["account"]) for each in valid]
    failed = sum(each["sent"] - each["correct"] for each in totals)
    unanswered = sum(each["executions"]["unanswered"] for each in valid)
    one = valid[-1]
    yield str(sum(each["sent"] for each in totals))
    yield from (str(failed), str(unanswered), str(failed - unanswered))
    yield str(sum(each["executions"]["twice"] for each in valid))
    yield f"{one['reverted']['began_s'] - one['injected']['began_s']:.3f} s"
    yield f"{max(each['account']['recovered_s'] for each in valid):.3f} s"
    yield str(spoilt)
    yield verdict(case, valid)


def verdict(case: Case, valid: Sequence[dict[str, Any]]) -> str:
    """What the tool found, beside what there was to find."""
    if any(each["executions"]["unexecuted"] for each in valid):
        return "DISAGREES with the id log"
    if case.breaks:
        return "caught" if all(case.breaks in each["broken"] for each in valid) else "NOT caught"
    kept = sum(not each["broken"] for each in valid)
    return "passes" if kept == len(valid) == 1 else f"passes {kept} of {len(valid)}"


def total(account: dict[str, Any]) -> dict[str, int]:
    """All phases together."""
    phases = [account[name] for name in ("before", "during", "after")]
    return {name: sum(each[name] for each in phases) for name in ("sent", "correct")}


def main() -> None:
    """The sets that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", nargs="*", choices=["bad", "good", "control", []], metavar="SET")
    parser.add_argument("--controls", type=int, default=20, help="repetitions of the control")
    asked = parser.parse_args()
    # A balancer that repeats has what takes longer than its patience executed twice, on a busy machine too.
    control = Case("haproxy-loses", "control", "{kind = 'none'}", "", CONTROL, repeat=asked.controls)
    sets = {"bad": BAD, "good": GOOD, "control": (control,)}
    for each in (COLUMNS, ["---"] * len(COLUMNS)):
        say(each)
    for case in (case for name in asked.which or sets for case in sets[name]):
        say(row(case))


def say(cells: Iterator[str] | Sequence[str]) -> None:
    """A line of the table, at once."""
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
