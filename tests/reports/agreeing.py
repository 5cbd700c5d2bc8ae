"""What each form of a result says, read back and held against the document: docs/evidence.md has the same table."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from harness.run.terminal.news import worst
from reports.evidence import CheckResult, Evidence, decode
from reports.exports.checks_csv import LONGEST as LONGEST_CELL
from reports.text.markdown import cut
from reports.text.neutralise import plain
from reports.text.sentences import sentences

# By verdict: what pytest's XML has in the case, the level and kind of a result of SARIF, the state of OSCAL.
JUNIT = {"fail": "failure", "tool_error": "error", "pass": None, "warn": None}
SARIF = {"fail": ("error", "fail"), "warn": ("warning", "fail"), "inconclusive": ("none", "review")}
OSCAL = {"fail": ("not-satisfied", "fail"), "warn": ("not-satisfied", "other"), "pass": ("satisfied", "pass")}
# Words of the terminal; what is accepted, or was not carried out, has its own.
WORDS = {"fail": "failed", "warn": "warned", "pass": "passed"}


def document_in(folder: Path) -> Evidence:
    return decode((folder / "evidence.json").read_bytes())


def json_in(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_bytes())


def files_agree(folder: Path) -> None:
    """CSV, SARIF, OSCAL and Markdown say of each check and finding what the document says."""
    document = document_in(folder)
    assert Counter(document.summary.verdicts) == Counter(check.verdict for check in document.checks)
    _table(folder, document)
    _log_of_findings(folder, document)
    _observations(folder, document)
    _page_of_markdown(folder, document)


def _table(folder: Path, document: Evidence) -> None:
    with (folder / "checks.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert [(row["check"].replace("'", ""), row["verdict"]) for row in rows] == [
        (cut(check.id, LONGEST_CELL).replace("'", ""), check.verdict) for check in document.checks
    ]
    assert [bool(row["waived_by"]) for row in rows] == [check.waiver is not None for check in document.checks]


def _log_of_findings(folder: Path, document: Evidence) -> None:
    (run,) = json_in(folder, "findings.sarif")["runs"]
    findings, waived = document.summary.findings, {each.id for each in document.checks if each.waiver is not None}
    for result, finding in zip(run["results"], findings, strict=True):
        assert (result["level"], result["kind"]) == SARIF.get(finding.verdict, ("none", "open"))
        assert result["ruleId"] == cut(finding.root, 1000)
        assert result["properties"]["checks"] == [cut(name, 1000) for name in finding.checks]
        assert bool(result["suppressions"]) == ({*finding.checks} <= waived)
    told = [{*each.checks} for each in findings if each.verdict == "fail"]
    failed = {check.id for check in document.checks if check.verdict == "fail"}
    # A cause may show in checks that only warn of it as well.
    assert all(names & failed for names in told)
    assert failed <= set().union(*told)


def _observations(folder: Path, document: Evidence) -> None:
    (result,) = json_in(folder, "oscal-assessment-results.json")["assessment-results"]["results"]
    seen = {row["uuid"]: {each["name"]: each["value"] for each in row["props"]} for row in result["observations"]}
    assert [(row["verdict"], "waived-by" in row) for row in seen.values()] == [
        (check.verdict, check.waiver is not None) for check in document.checks
    ]
    decided: dict[str, tuple[str, str]] = {}
    for row in result["findings"]:
        status = row["target"]["status"]
        decided[row["target"]["target-id"]] = (status["state"], status["reason"])
        told = {seen[each["observation-uuid"]]["verdict"] for each in row["related-observations"]}
        assert OSCAL[next(each for each in OSCAL if each in told)] == decided[row["target"]["target-id"]]
    for slug in {check.slug for check in document.checks}:
        verdicts = {check.verdict for check in document.checks if check.slug == slug} - {"not_applicable"}
        worst = next((each for each in OSCAL if each in verdicts), None)
        open_still = worst is None or (worst == "pass" and verdicts != {"pass"})
        assert decided.get(slug) == (None if open_still or worst is None else OSCAL[worst]), slug


def _page_of_markdown(folder: Path, document: Evidence) -> None:
    said = sentences()
    lines = (folder / "summary.md").read_text("utf-8").split("\n")
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| --")]
    names, numbers = ([cell.strip() for cell in row.strip("|").split("|")] for row in rows[:2])
    counted = {said(f"state.{verdict}"): str(number) for verdict, number in document.summary.verdicts.items()}
    assert dict(zip(names, numbers, strict=True)) == counted
    verdicts = [row.strip("| ").partition(" |")[0] for row in rows[3:]]
    assert verdicts == [said(f"state.{finding.verdict}") for finding in document.summary.findings[:20]]


def results_of_pytest_agree(path: Path, document: Evidence) -> None:
    """The XML of pytest has a case for each check that was carried out, with its verdict and what that means there."""
    cases = {}
    for case in ElementTree.parse(path).iter("testcase"):
        properties = {each.get("name"): each.get("value") for each in case.iter("property")}
        children = [each.tag for each in case if each.tag != "properties"]
        cases[properties["check"]] = (properties["verdict"], children)
    told = {plain(check.id): (check.verdict, _children(check)) for check in document.checks}
    assert cases == told


def _children(check: CheckResult) -> list[str]:
    child = JUNIT.get(check.verdict, "skipped")
    if child in ("failure", "error") and word_of(check) != WORDS.get(check.verdict, "tool error"):
        return ["skipped"]
    return [child] if child else []


def word_of(check: CheckResult) -> str:
    """The word of the terminal for one check."""
    if check.unreached:
        return "not carried out"
    if check.waiver is not None and check.verdict == "fail":
        return "waived"
    return WORDS.get(check.verdict, check.verdict.replace("_", " "))


def terminal_agrees(text: str, document: Evidence) -> None:
    """Our line of counts and pytest's last one say what the document does, and name its worst findings."""
    counts = dict(Counter(map(word_of, document.checks)))
    (ours,) = re.findall(r"^checks: (.*); requests: (\d+)", text, re.MULTILINE)
    assert _counted(ours[0]) == counts
    assert int(ours[1]) == document.run.requests
    (last,) = re.findall(r"^=+ (.*) in [\d.]+s.* =+$", text, re.MULTILINE)
    assert {word: number for word, number in _counted(last).items() if word != "deselected"} == counts
    findings = [each for each in document.summary.findings if each.verdict != "untestable"]
    for each in worst(findings):
        assert re.search(re.escape(cut(each.title, 100).rstrip("…")), text), each.title


def _counted(text: str) -> dict[str, int]:
    return {word: int(number) for number, word in re.findall(r"(\d+) ([a-z ]+)", text)}
