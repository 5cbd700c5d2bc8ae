"""Whether drills catch what is known to lose requests, pass what is known to lose none, and never raise a false alarm.

    .venv/bin/python -m benchmarks.drills [--controls 20] [--times 1] [bad good times control ...]

Each drill is one of the tool's own, against the embedded cluster (`pytest --endpoint embedded-cluster:CONFIGURATION`).
Prints a table in Markdown: what the tool found, and whether that agrees with the id log of the replicas: every correct
answer was executed, and what failed was executed without an answer or not at all. A repetition that the tester calls
INVALID, since it was late itself, is counted apart.

What the tool says of the longest outage and of the time to recover is held against the same log (`drill_truth.py`); the
set `times` has the drills in which there is most of either.

A partition is stood in for by `half-open` (connections are taken and nothing comes back) and the loss of packets by
resets of one connection in twenty: neither needs root.
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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.drill_truth import executed_at, truth_of

REPLICAS = "[{replica = 'r1'}, {replica = 'r2'}, {replica = 'r3'}]"
KILL, STOP = (f"{{kind = '{kind}', process = {{replica = 'r2'}}}}" for kind in ("kill", "stop"))
PARTITION = "{kind = 'half-open', replica = 'r2'}"
ROLL = f"{{kind = 'rolling-restart', processes = {REPLICAS}}}\nhold_s = 1\nafter_s = 15"
DRAINED = ROLL.replace("}\n", ", drain = ['kill', '-USR1', '{pid}'], drain_s = 1.5}\n")
SLOW = "{kind = 'delay', delay_s = 0.3, jitter_s = 0.1, replica = 'r2'}"
RESETS = "{kind = 'reset', share = 0.05, replica = 'r2'}"
# Every replica at once, so that nothing is answered meanwhile: found by the log that they write.
SIGNAL = """
import os, signal, sys
from pathlib import Path
for each in Path('/proc').glob('[0-9]*/cmdline'):
    try:
        words = each.read_bytes().decode('utf-8', 'replace').split(chr(0))
    except OSError:
        continue
    log = words[words.index('--id-log') + 1] if '--id-log' in words else ''
    if log.startswith(sys.argv[2]) and not any('supervise' in word for word in words):
        os.kill(int(each.parent.name), getattr(signal, sys.argv[1]))
"""
ALL = "{kind = 'hooks', inject = INJECT, revert = REVERT}\nhold_s = 2"
# Elements of each of two inputs: together more than the 64 KiB that the good configuration of HAProxy keeps of a body.
LARGE = 12_000
COLUMNS = (
    "configuration", "drill", "sent", "failed", "executed, not answered", "never executed", "twice", "held", "outage",
    "recovered", "off by", "INVALID", "comes to",
)  # fmt: skip
# What the plain HAProxy lets a request wait whose replica refuses: three repetitions, a second apart.
WAITS_S = 3.0
LOOK_S = 0.2


@dataclass(frozen=True)
class Case:
    """One drill, and which criterion it has to break; none: it has to keep all.

    A request that nobody executes is let wait for ``waits_s`` by the balancer; None where that is not known, and
    the log alone does not tell the times.
    """

    balancer: str
    name: str
    fault: str
    breaks: str = ""
    more: str = "max_failed = 0"
    elements: int = 0
    repeat: int = 1
    waits_s: float | None = None


BAD = (
    Case("haproxy-loses", "kill", KILL, "max_failed"),
    Case("haproxy-loses", "stop", STOP, "max_failed"),
    Case("haproxy-loses", "partition", PARTITION, "max_failed"),
    Case("nginx-loses", "roll", ROLL, "max_failed"),
    Case("envoy-loses", "roll", ROLL, "max_failed"),
    Case("haproxy-good", "stop-large-bodies", STOP, "max_failed", "max_failed = 0\nrate = 20", LARGE),
    Case("haproxy-good", "stop-twice", STOP, "max_twice", "max_failed = 0\nmax_twice = 0"),
)
GOOD = (
    Case("haproxy-good", "kill", KILL),
    Case("haproxy-good", "stop", STOP),
    Case("haproxy-good", "partition", PARTITION),
    Case("haproxy-good", "roll, drained", DRAINED),
    Case("haproxy-good", "roll", ROLL),
    Case("haproxy-good", "slow", SLOW),
    Case("haproxy-good", "resets", RESETS),
)
NGINX = tuple(replace(each, balancer="nginx-good") for each in GOOD) + tuple(
    Case("nginx-loses", name, fault, "max_failed")
    for name, fault in (("kill", KILL), ("stop", STOP), ("partition", PARTITION))
)
TIMES = (
    Case("envoy-loses", "kill", KILL, more="", waits_s=0.0),
    Case("envoy-loses", "stop", STOP, more="", waits_s=0.0),
    Case("envoy-loses", "all stop", ALL, more="", waits_s=0.0),
    Case("haproxy-loses", "kill", KILL, more="", waits_s=WAITS_S),
    Case("haproxy-loses", "stop", STOP, more="", waits_s=WAITS_S),
    Case("haproxy-loses", "all stop", ALL, more="", waits_s=WAITS_S),
)
CONTROL = "max_failed = 0\nmax_twice = 0\nmax_recovery_s = 1"


@dataclass(frozen=True)
class Carried:
    """What came of a case: the record of its drill, the log of executions, and what was printed."""

    drill: dict[str, Any]
    log: list[bytes]
    said: str

    @property
    def valid(self) -> list[dict[str, Any]]:
        """Repetitions that count."""
        return [each for each in self.drill.get("repetitions", ()) if each["ending"] == "carried out"]

    def off_by(self, seen: Sequence[dict[str, Any]], waits_s: float) -> float:
        """How far, at most, outage and time to recover of these repetitions are from what the log says."""
        found = []
        for each in seen:
            truth = truth_of(executed_at(self.log, each["run"]), self.drill, each, waits_s)
            found += [each["account"]["outage_s"] - truth.outage, each["account"]["recovered_s"] - truth.recovered]
        return max(found, key=abs)


def carried_out(case: Case) -> Carried:
    """Carry a case out."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "policy.toml").write_text(policy(case, folder))
        log, printed = folder / "executed.jsonl", folder / "printed"
        line = [
            str(Path(sys.executable).with_name("pytest")), "--endpoint", f"embedded-cluster:{case.balancer}", "-q",
            "--oip-model", "pair", "--oip-policy", str(folder / "policy.toml"), "--oip-allow", "faults",
            "-k", "failover-drills", "--oip-evidence", str(folder / "evidence"),
        ]  # fmt: skip
        # The folder of the cluster goes with the run; a second name of the log stays.
        environ = {**os.environ, "TMPDIR": scratch}
        with printed.open("wb") as file, subprocess.Popen(line, stdout=file, stderr=file, env=environ) as running:
            while running.poll() is None:
                for each in () if log.exists() else folder.glob("art15-cluster-*/executed.jsonl"):
                    with contextlib.suppress(OSError):
                        log.hardlink_to(each)
                time.sleep(LOOK_S)
        document = folder / "evidence" / "evidence.json"
        drills = json.loads(document.read_bytes())["drills"] if document.exists() else []
        lines = log.read_bytes().splitlines() if log.exists() else []
        return Carried(drills[0] if drills else {}, lines, printed.read_text(errors="replace"))


def policy(case: Case, folder: Path) -> str:
    """The policy of a case, with what it names in the folder."""
    sample = ""
    if case.elements:
        (folder / "bodies.jsonl").write_text(f"{json.dumps(body(case.elements))}\n")
        sample = "[samples.pair]\nrequests = 'bodies.jsonl'\n"
    (folder / "signal_all.py").write_text(SIGNAL)
    fault = case.fault
    for place, name in (("INJECT", "SIGSTOP"), ("REVERT", "SIGCONT")):
        fault = fault.replace(place, str([sys.executable, "signal_all.py", name, f"{folder}/art15-cluster-"]))
    name = case.name.replace(", ", "-").replace(" ", "-")
    return f"{sample}[[drills]]\nname = '{name}'\nrepeat = {case.repeat}\n{case.more}\nfault = {fault}\n"


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
    done = carried_out(case)
    valid = done.valid
    spoilt = sum(each["ending"] == "invalid" for each in done.drill.get("repetitions", ()))
    yield from (case.balancer, case.name)
    if len(valid) < case.repeat:
        yield from ("-",) * (len(COLUMNS) - 4)
        last = done.said.strip().splitlines()[-1:] or ["nothing"]
        yield from (str(spoilt), f"not carried out: {last[0]}")
        return
    totals = [total(each["account"]) for each in valid]
    failed = sum(each["sent"] - each["correct"] for each in totals)
    unanswered = sum(each["executions"]["unanswered"] for each in valid)
    one = valid[-1]
    yield str(sum(each["sent"] for each in totals))
    yield from (str(failed), str(unanswered), str(failed - unanswered))
    yield str(sum(each["executions"]["twice"] for each in valid))
    yield f"{one['reverted']['began_s'] - one['injected']['began_s']:.3f} s"
    yield f"{max(each['account']['outage_s'] for each in valid):.3f} s"
    yield f"{max(each['account']['recovered_s'] for each in valid):.3f} s"
    yield "" if case.waits_s is None else f"{1000 * done.off_by(valid, case.waits_s):+.1f} ms"
    yield str(spoilt)
    yield verdict(case, valid)


def verdict(case: Case, valid: Sequence[dict[str, Any]]) -> str:
    """What the tool found, beside what there was to find."""
    if any(each["executions"]["unexecuted"] for each in valid):
        return "DISAGREES with the id log"
    if case.breaks:
        return f"caught {sum(case.breaks in each['broken'] for each in valid)} of {len(valid)}"
    kept = sum(not each["broken"] for each in valid)
    return f"passes {kept} of {len(valid)}"


def total(account: dict[str, Any]) -> dict[str, int]:
    """All phases together."""
    phases = [account[name] for name in ("before", "during", "after")]
    return {name: sum(each[name] for each in phases) for name in ("sent", "correct")}


def main() -> None:
    """The sets that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", nargs="*", choices=["bad", "good", "nginx", "times", "control", []], metavar="SET")
    parser.add_argument("--controls", type=int, default=20, help="repetitions of the control")
    parser.add_argument("--times", type=int, default=1, help="repetitions of every other drill")
    asked = parser.parse_args()
    # A balancer that repeats has what takes longer than its patience executed twice, on a busy machine too.
    control = Case("haproxy-loses", "control", "{kind = 'none'}", "", CONTROL, repeat=asked.controls)
    drills = {"bad": BAD, "good": GOOD, "nginx": NGINX, "times": TIMES}
    sets = {name: tuple(replace(each, repeat=asked.times) for each in cases) for name, cases in drills.items()}
    sets["control"] = (control,)
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
