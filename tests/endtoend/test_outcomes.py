"""What turns a run red, what it is called, and that pytest's last line, ours and junit.xml agree."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import Ran, probe

pytestmark = pytest.mark.slow

BROKEN_TESTER = """
from harness.check import check
@check('acme-breaks', clauses=['REST-HEALTH-01'], criterion='answers', suite='acme')
def acme_breaks(probe):
    '''The live endpoint answers.

    One GET.'''
    raise ZeroDivisionError
"""


def counts(text: str) -> dict[str, int]:
    """``2 failed, 1 passed`` as numbers."""
    return {word.strip(): int(number) for number, word in re.findall(r"(\d+) ([a-z ]+)", text)}


def lines_agree(ran: Ran) -> dict[str, int]:
    """The counts, which are the same in our line, in pytest's last one, and in junit.xml."""
    [ours] = re.findall(r"^checks: (.*); requests:", ran.output, re.MULTILINE)
    last = ran.output.strip().splitlines()[-1]
    theirs = counts(last.partition(" in ")[0])
    theirs.pop("deselected", None)
    assert counts(ours) == theirs, ran.output
    suite = ElementTree.parse(ran.folder / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    decided = theirs.get("passed", 0) + theirs.get("warned", 0)
    failed, errors = theirs.get("failed", 0), theirs.get("tool error", 0)
    assert [int(suite.get(name, "")) for name in ("tests", "failures", "errors", "skipped")] == [
        sum(theirs.values()),
        failed,
        errors,
        sum(theirs.values()) - decided - failed - errors,
    ]
    assert len(list(suite.iter("failure"))) == failed
    assert len(list(suite.iter("error"))) == errors
    return theirs


def broken_tester(folder: Path) -> dict[str, str]:
    """The environment of a run with a check that has a defect."""
    info = folder / "acme_broken-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[art15.checks]\nacme = acme_broken\n")
    (folder / "acme_broken.py").write_text(BROKEN_TESTER)
    return {"PYTHONPATH": str(folder)}


def waivers(path: Path, slug: str, days: int = 30) -> list[str]:
    """A policy that accepts findings of one check."""
    until = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days)
    path.write_text(f'[[waivers]]\nslug = "{slug}"\nowner = "Ann"\nreason = "ticket 7"\nexpires = {until}\n')
    return ["--oip-policy", str(path)]


def test_a_defect_of_the_tester_is_exit_code_3_and_no_finding(server: str, tmp_path: Path) -> None:
    ran = probe(server, tmp_path / "e", "-k", "acme or live", environ=broken_tester(tmp_path / "site"))
    assert ran.code == 3, ran.output
    assert ran.evidence["run"]["exit_code"] == 3
    assert lines_agree(ran)["tool error"] == 1
    assert "exit code 3: 1 check where the tester failed (acme-breaks)" in ran.output


def test_a_finding_and_a_defect_are_both_said(tmp_path: Path) -> None:
    site = broken_tester(tmp_path / "site")
    with EmbeddedServer(["--fault", "drops-request-id", "--models", "echo-fp32"]) as server:
        ran = probe(server.url, tmp_path / "e", "-k", "acme or echoes-id or infer-answers", environ=site)
    assert ran.code == 1, ran.output
    assert lines_agree(ran) == {"failed": 1, "tool error": 1, "passed": 1}
    assert re.search(r"exit code 1: 1 check failed \(.*\); 1 check where the tester failed", ran.output)


def test_a_waived_finding_is_not_red_and_not_hidden(tmp_path: Path) -> None:
    with EmbeddedServer(["--fault", "drops-request-id", "--models", "echo-fp32"]) as server:
        policy = waivers(tmp_path / "policy.toml", "rest-infer-echoes-id")
        ran = probe(server.url, tmp_path / "e", "-k", "rest-infer-echoes-id or infer-answers", *policy)
        stale = waivers(tmp_path / "stale.toml", "rest-infer-answers-200")
        late = probe(server.url, tmp_path / "f", "-k", "infer-answers", *stale)
    assert ran.code == 0, ran.output
    assert lines_agree(ran) == {"waived": 1, "passed": 1}
    assert ran.verdicts["rest-infer-echoes-id[echo-fp32]"] == "fail"
    assert "waived: rest-infer-echoes-id[echo-fp32]:" in ran.output
    assert "by Ann until 20" in ran.output
    assert "Ann" in (tmp_path / "e" / "annex.html").read_text()
    assert any(text.startswith("Contradicted: 1 of") for text in ran.evidence["summary"]["statements"])
    assert late.code == 1
    assert "exit code 1: waiver for rest-infer-answers-200 is not needed any more" in late.output


def test_one_model_without_samples_is_told_once_and_leaves_the_others_theirs(tmp_path: Path) -> None:
    (tmp_path / "fp32.jsonl").write_text('{"inputs":[{"name":"x","datatype":"FP32","shape":[2],"data":[1.5,-2]}]}\n')
    policy = tmp_path / "policy.toml"
    policy.write_text(f'[samples.echo-fp32]\nrequests = "{tmp_path / "fp32.jsonl"}"\n')
    arguments = ["--oip-policy", str(policy), "-k", "rest-infer or rest-error or ready"]
    with EmbeddedServer(["--variant", "empty-tensor-metadata", "--models", "echo-fp32,pair"]) as server:
        ran = probe(server.url, tmp_path / "e", *arguments)
        named = probe(server.url, tmp_path / "f", *arguments, "--oip-model", "pair", "--oip-model", "echo-fp32")
    assert (ran.code, named.code) == (0, 1), ran.output
    assert "asked for by name and could not be tested (rest-infer-answers-200[pair]" in named.output
    assert lines_agree(ran)["untestable"] > 5
    assert ran.output.count("[samples.pair]") == 1
    assert '    requests = "pair.jsonl"' in ran.output
    reasons = {each["reason"] for each in ran.evidence["checks"] if each["verdict"] == "untestable"}
    assert len(reasons) == 1, reasons
    clauses = {each["id"]: each for each in ran.evidence["catalogue"]["clauses"]}
    assert clauses["REST-INFER-01"]["verdict"] == "pass"
    assert "pass on echo-fp32; untestable on pair" in clauses["REST-INFER-01"]["reason"]
    [table] = re.findall(r"^by model: .*\n(?:.*\n){2,3}", ran.output, re.MULTILINE)
    assert re.search(r"^echo-fp32 +0 ", table, re.MULTILINE)
    page = (tmp_path / "e" / "annex.html").read_text()
    assert "How the checks ended, by model" in page
    assert page.count("[samples.pair]") == 1


def test_a_small_budget_gives_a_sensible_run(tmp_path: Path) -> None:
    with EmbeddedServer(["--models", "digits,pair"]) as server:
        given = ["--oip-max-requests", "300", "--oip-max-rate", "100", "--oip-time-budget", "60"]
        ran = probe(server.url, tmp_path / "e", "--oip-grpc", server.grpc or "", *given)
    assert ran.code == 0, ran.output
    found = lines_agree(ran)
    assert found["passed"] > 100
    assert "untestable" not in found
    assert ran.evidence["run"]["requests"] <= 300
    for slug in ("rest-error-object", "rest-infer-answers-200", "rest-infer-shapes-concrete"):
        assert [ran.verdicts[f"{slug}[{model}]"] for model in ("digits", "pair")] == ["pass", "pass"], slug
    left = [each for each in ran.evidence["checks"] if each["unreached"]]
    assert {each["unreached"] for each in left} == {"budget"}
    assert len(re.findall(r"^\d+ planned checks not carried out \(budget\)", ran.output, re.MULTILINE)) == 1
