"""What a worker leaves on disk: nothing of the credentials that it sent."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.load.plan.load_plan import ExpectedAnswer, LoadCase
from harness.load.records.run_facts import KeptAnswer, RunFacts, without_secrets
from harness.load.records.worker_facts import WorkerFacts
from tests.harness.load.runs import plan_of

TOKEN = "only-in-the-plan-77"
HEADERS = (("Authorization", f"Bearer {TOKEN}"), ("X-Key", 'quo"ted-key'), ("X-Short", "m"))
# In a process of its own: importing locust patches the interpreter.
WRITE = """
import json, sys
from pathlib import Path
from harness.load.records.worker_facts import WorkerFacts
from harness.load.plan.load_plan import read_plan
from harness.load.records.run_facts import KeptAnswer, RunFacts, without_secrets, write_facts

plan, token, kept = read_plan(Path(sys.argv[1])), sys.argv[3], json.loads(sys.argv[4])
own = WorkerFacts(worker=0, note="TLS: " + token, defect="KeyError: " + token, lost=token)
kept = tuple(KeptAnswer(**each) for each in kept)
write_facts(Path(sys.argv[2]), without_secrets(RunFacts(facts=own, run="aaaa0001", kept=kept), plan.secrets))
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


EARLIER = "an-earlier-token-0815"


@pytest.mark.parametrize(
    "told",
    [
        TOKEN.upper().encode(),
        base64.b64encode(TOKEN.encode()),
        TOKEN.encode("utf-16"),
        gzip.compress(TOKEN.encode(), mtime=0),
        b"\x28\xb5\x2f\xfd" + bytes(range(200)),
        EARLIER.encode(),
        f"x{TOKEN[:11]}".encode(),
    ],
)
def test_a_wrong_answer_is_looked_into_before_it_is_written(tmp_path: Path, told: bytes) -> None:
    kept = [{"status": "wrong_answer", "sentence": "no", "body": told.decode("latin-1"), "bytes": len(told) + 1}]
    plan_of(headers=HEADERS, hidden=(EARLIER,)).write(tmp_path / "plan")
    given = [str(tmp_path / "plan"), str(tmp_path), TOKEN, json.dumps(kept)]
    subprocess.run([sys.executable, "-c", WRITE, *given], check=True, timeout=60)
    (again,) = json.loads((tmp_path / "run-facts-aaaa0001-0.json").read_text("utf-8"))["kept"]
    assert told not in again["body"].encode("latin-1")
    assert again["body"].startswith(("[redacted]", "[not kept", "x[redacted]", "\xff"))


def test_a_plan_that_is_kept_tells_nothing() -> None:
    answer = ExpectedAnswer(before=b'{"user": "' + base64.b64encode(TOKEN.encode()) + b'", "id": "', after=b'"}')
    cases = (LoadCase(name="one", path="/", before=b"", answer=answer), LoadCase(name="two", path="/", before=b""))
    plan = plan_of(headers=HEADERS, hidden=(EARLIER,), cases=cases)
    public = plan.public()
    assert public.cases[0].answer is None
    assert not public.hidden
    assert public.digest == plan.digest
    assert plan_of(cases=cases).public().cases == cases, "without a secret there is nothing to keep out"


SAMPLE = "61234.578125"


def test_of_sensitive_cases_no_request_and_no_digest_of_one_is_kept() -> None:
    answer = ExpectedAnswer(before=SAMPLE.encode(), after=b"")
    plans = [
        plan_of(cases=(LoadCase(name="one", path="/infer", before=body, answer=answer),), private=True)
        for body in (SAMPLE.encode(), b"7")
    ]
    first, second = (plan.public() for plan in plans)
    assert SAMPLE not in repr(first)
    assert [case.name for case in first.cases] == ["one"]
    assert plans[0].digest == first.digest == second.digest


def test_of_answers_to_sensitive_cases_only_whose_they_were_is_kept() -> None:
    plan = plan_of(headers=HEADERS, private=True)
    own = WorkerFacts(worker=0, note=f"not {SAMPLE}", defect=SAMPLE, lost=f"no heartbeat, {TOKEN}")
    kept = [
        KeptAnswer(status="wrong_id", sentence=f"is {SAMPLE}", id=of, body=f"{SAMPLE} {whose}", bytes=30)
        for of, whose in ((f"{plan.prefix}00000001", plan.prefix), (SAMPLE, "another"))
    ]
    facts = RunFacts(facts=own, kept=tuple(kept))
    clean = without_secrets(facts, plan.secrets, plan.secret_prefix)
    assert SAMPLE not in repr(clean)
    assert TOKEN not in repr(clean)
    assert [(each.id, each.body, each.bytes) for each in clean.kept] == [
        (f"{plan.prefix}00000001", plan.prefix, 30), ("", "", 30)
    ]  # fmt: skip
    assert plan_of().secret_prefix == ""
