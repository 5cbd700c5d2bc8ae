"""What a worker leaves on disk: nothing of the credentials that it sent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.harness.load.runs import plan_of

TOKEN = "only-in-the-plan-77"
HEADERS = (("Authorization", f"Bearer {TOKEN}"), ("X-Key", 'quo"ted-key'), ("X-Short", "m"))
# In a process of its own: importing locust patches the interpreter.
WRITE = """
import json, sys
from pathlib import Path
from harness.load.facts import WorkerFacts
from harness.load.plan import read_plan
from harness.load.report import RunFacts, without_secrets, write_facts

plan, token, kept = read_plan(Path(sys.argv[1])), sys.argv[3], json.loads(sys.argv[4])
own = WorkerFacts(worker=0, note="TLS: " + token, defect="KeyError: " + token, lost=token)
write_facts(Path(sys.argv[2]), "aaaa0001", without_secrets(RunFacts(facts=own, kept=kept), plan))
"""


def test_values_that_are_long_enough_are_secrets() -> None:
    assert plan_of(headers=HEADERS).secrets == (f"Bearer {TOKEN}", TOKEN, 'quo"ted-key')
    assert plan_of().secrets == ()


def test_an_echoed_header_does_not_reach_the_disk(tmp_path: Path) -> None:
    body = json.dumps({"authorization": f"Bearer {TOKEN}", "x": 'quo"ted-key', "y": f"{TOKEN}m"})
    kept = [{"status": "wrong_answer", "sentence": f"found {TOKEN!r}", "index": 7, "body": body, "bytes": len(body)}]
    plan_of(headers=HEADERS).write(tmp_path / "plan")
    given = [str(tmp_path / "plan"), str(tmp_path), TOKEN, json.dumps(kept)]
    subprocess.run([sys.executable, "-c", WRITE, *given], check=True, timeout=60)
    left = (tmp_path / "run-facts-aaaa0001-0.json").read_text("utf-8")
    assert TOKEN not in left
    assert "ted-key" not in left
    assert "[redacted]m" in left
    (again,) = json.loads(left)["kept"]
    assert (again["index"], again["bytes"]) == (7, len(body))
