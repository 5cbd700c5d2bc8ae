"""Files for other tools: valid in their formats whatever an endpoint says, and of one mind about what was found."""

from __future__ import annotations

import csv
import functools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import cmarkgfm
import jsonschema
import pytest
from click.testing import CliRunner
from cmarkgfm.cmark import Options

from harness.cli import main
from harness.run.step_summary import add_to_step
from reports.evidence import Evidence, decode
from reports.exports import exports
from reports.text.markdown import code, cut, markdown, uncalled
from tests.reports import agreeing, hostile_words

SARIF = Path(__file__).parents[1] / "data" / "schemas" / "sarif-2.1.0.schema.json"
# Controls, and what reorders or hides what stands beside it.
INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@pytest.fixture(scope="session")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of hostile words; read only."""
    return hostile_words.finished(tmp_path_factory.mktemp("evil") / "evidence")


@pytest.fixture(params=["sample", "evil"])
def bundle(request: pytest.FixtureRequest, sealed: Path) -> Path:
    found: Path = sealed if request.param == "sample" else request.getfixturevalue("evil")
    return found


def document(folder: Path) -> Evidence:
    return decode((folder / "evidence.json").read_bytes())


def loaded(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_bytes())


@functools.cache
def sarif_schema() -> Any:
    return jsonschema.Draft4Validator(json.loads(SARIF.read_bytes()))


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "checks.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def test_nothing_invisible_is_in_any_of_them(bundle: Path) -> None:
    nothing_invisible(bundle, 200_000)


def nothing_invisible(bundle: Path, most: int) -> None:
    names = ["checks.csv", "summary.md", "findings.sarif", *(path.name for path in bundle.glob("oscal-*.json"))]
    assert len(names) == 6
    # What is archived is archived letter by letter, as escapes.
    assert not INVISIBLE.search((bundle / "exchanges.har").read_text())
    for name in names:
        data = (bundle / name).read_bytes()
        text = data.decode()
        assert not INVISIBLE.search(text), name
        if name.endswith("json"):
            assert not INVISIBLE.search(json.dumps(json.loads(text), ensure_ascii=False)), name
        assert len(data) < most, name


def test_a_table_has_one_line_for_each_check_and_calculates_nothing(bundle: Path) -> None:
    found = rows(bundle)
    assert [(row["slug"], row["verdict"]) for row in found] == [
        (check.slug, check.verdict) for check in document(bundle).checks
    ]
    assert (bundle / "checks.csv").read_bytes().count(b"\r\n") == len(found) + 1
    for cell in (cell for row in found for cell in row.values()):
        for part in cell.split(";"):
            assert not part.lstrip().startswith(("=", "+", "-", "@")), cell
        assert len(cell) <= 2100


def test_a_log_of_findings_is_as_its_schema_says(bundle: Path) -> None:
    log = loaded(bundle, "findings.sarif")
    sarif_schema().validate(log)
    (run,) = log["runs"]
    findings = document(bundle).summary.findings
    assert [result["properties"]["verdict"] for result in run["results"]] == [each.verdict for each in findings]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert (result["kind"] == "fail") == (result["level"] != "none")
        assert result["message"]["text"].strip()


def test_a_finding_keeps_its_fingerprint_and_its_standing(sealed: Path) -> None:
    (run,) = loaded(sealed, "findings.sarif")["runs"]
    prints = [result["partialFingerprints"]["art15Cause/v1"] for result in run["results"]]
    assert len(prints) == len(set(prints))
    assert all("baselineState" not in result and result["suppressions"] == [] for result in run["results"])


def test_documents_of_oscal_name_one_another(bundle: Path) -> None:
    controls = {
        control["id"]
        for group in loaded(bundle, "oscal-catalog.json")["catalog"]["groups"]
        for control in group["controls"]
    } | {"oip"}
    assessment = loaded(bundle, "oscal-assessment-plan.json")["assessment-plan"]
    found = loaded(bundle, "oscal-assessment-results.json")["assessment-results"]
    assert (bundle / found["import-ap"]["href"]).is_file()
    objectives = assessment["local-definitions"]["objectives-and-methods"]
    assert {row["control-id"] for row in objectives} <= controls
    (result,) = found["results"]
    seen = [row["uuid"] for row in result["observations"]]
    assert len(seen) == len(set(seen)) == len(document(bundle).checks)
    named = [each["observation-uuid"] for row in result["findings"] for each in row["related-observations"]]
    assert set(named) <= set(seen)


def test_what_is_undecided_is_an_observation_without_a_finding(sealed: Path) -> None:
    (result,) = loaded(sealed, "oscal-assessment-results.json")["assessment-results"]["results"]
    states = {row["target"]["target-id"]: row["target"]["status"] for row in result["findings"]}
    for check in document(sealed).checks:
        if check.verdict in ("pass", "warn", "fail"):
            assert states[check.slug]["state"] == ("satisfied" if check.verdict == "pass" else "not-satisfied")
        else:
            assert check.slug not in states
    assert {"inconclusive", "untestable"} <= {check.verdict for check in document(sealed).checks}
    assert not {*states} & {duty.id.lower() for duty in document(sealed).duties}


@pytest.mark.slow
def test_trestle_reads_the_documents_of_oscal(sealed: Path, evil: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.reports.oscal_reader", str(sealed), str(evil)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout == "valid\n", done.stderr[-3000:]


def test_a_summary_has_only_our_markup(bundle: Path) -> None:
    html = as_a_forge_does((bundle / "summary.md").read_text())
    ours = {"h2", "h3", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "code", "strong", "br"}
    ours |= {"details", "summary"}
    assert set(re.findall(r"<(\w+)", html)) <= ours
    assert len(re.findall(r"<h[1-6]", html)) == 2
    assert len(re.findall("<tr>", html)) == 3 + min(20, len(document(bundle).summary.findings))
    # What a forge makes a notice of is broken up by comments, which show nothing.
    assert not re.search(r"(?i)@\w|#\d|\bGH-\d|://\w|www\.", html)


def as_a_forge_does(text: str) -> str:
    html: str = cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE)
    return html


def shown(html: str) -> str:
    text = re.sub(r"<!-- -->|</?(p|code|li|ul)>", "", html).strip()
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(entity, sign)
    return text


@pytest.mark.parametrize("evil_words", [*hostile_words.EVIL[:7], "1. a", "# a", "- a", r"a\|<b>\\|`c`", "`", "|\\"])
def test_hostile_text_is_shown_letter_by_letter(evil_words: str) -> None:
    expected = " ".join(cut(evil_words, 300).split())
    for made in (uncalled(evil_words, 300), code(evil_words, 300)):
        assert " ".join(shown(as_a_forge_does(f"- {made}")).split()) == expected
        cells = re.findall(r"<td>(.*?)</td>", as_a_forge_does(f"| a | b |\n| - | - |\n| {made} | x |"))
        assert [" ".join(shown(cell).split()) for cell in cells] == [expected, "x"]
    assert "\n" not in markdown(evil_words, 300)


def test_long_text_is_cut() -> None:
    assert cut("m" * (1 << 20), 10) == "mmmmmmmmm…"
    assert cut("\u202e" * 3, 10) == "‹U+202E›‹…"


def test_all_tools_are_told_the_same(bundle: Path) -> None:
    agreeing.files_agree(bundle)


def test_a_command_writes_the_same_as_the_bundle_has(sealed: Path, tmp_path: Path) -> None:
    for each in exports():
        printed = CliRunner().invoke(main, ["export", each.form, str(sealed)])
        assert (printed.exit_code, printed.stdout_bytes) == (0, (sealed / each.name).read_bytes())
    written = CliRunner().invoke(main, ["export", "csv", str(sealed), "-o", str(tmp_path / "a.csv")])
    assert written.exit_code == 0
    assert (tmp_path / "a.csv").read_bytes() == (sealed / "checks.csv").read_bytes()
    refused = CliRunner().invoke(main, ["export", "serif", str(sealed)])
    assert refused.exit_code == 4
    assert "did you mean 'sarif'? (there are: csv, har, markdown, oscal-catalog" in " ".join(refused.output.split())
    assert CliRunner().invoke(main, ["export", "csv", str(tmp_path)]).exit_code == 4


def test_a_job_of_ci_gets_the_summary(sealed: Path, tmp_path: Path) -> None:
    assert add_to_step(sealed, {}) == ""
    page = tmp_path / "page.md"
    for times in (1, 2):
        assert add_to_step(sealed, {"GITHUB_STEP_SUMMARY": str(page)}) == ""
        assert page.read_bytes() == (sealed / "summary.md").read_bytes() * times
    assert add_to_step(sealed, {"GITHUB_STEP_SUMMARY": str(tmp_path)}) == "GITHUB_STEP_SUMMARY: Is a directory"
