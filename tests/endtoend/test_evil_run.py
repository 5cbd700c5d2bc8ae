"""An endpoint whose every word is hostile, over both transports: what a run and its evidence make of it for others.

One run with the news alone on a terminal, and one that says everything: nothing that either prints is obeyed by a
terminal, and every file for another tool is what its format says.
"""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from harness.cli import main
from reports.evidence import Evidence
from reports.exports import exports
from reports.page.render import ANNEX, REPORT
from tests.endtoend.test_terminal import COLOUR, printed
from tests.hostile.evil import MODEL, evil
from tests.reports import test_tool_exports as exported
from tests.reports.agreeing import document_in, files_agree, results_of_pytest_agree, terminal_agrees
from tests.reports.chromium import needs_chromium, unguarded
from tests.reports.reading import Page

pytestmark = pytest.mark.slow

CHECKS = (
    "echoes-id or error-object or unknown-model or model-metadata or refuses-unknown or repository-index or transports "
    "or survives or non-json or unknown-path or every-error or is-500"
)
# Controls but the end of a line, and what reorders, hides, or is nobody's sign.
RAW = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\uffff"
    "\U000e0000-\U0010ffff\ud800-\udfff]"
)
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LONGEST = 1_500_000
POLICY = """
[[waivers]]
slug = "rest-infer-echoes-id"
owner = "=1+1 <b>Ann</b>\\u202e"
reason = "@SUM(1) <script>document.title='OWNED'</script>\\u001b[31m"
expires = 2126-12-31
"""


@dataclass(frozen=True)
class Seen:
    """A finished run: everything that it printed, its bundle, and what commands said while the endpoint was there."""

    printed: str
    folder: Path
    replayed: str

    @property
    def document(self) -> Evidence:
        return document_in(self.folder)

    @property
    def junit(self) -> Path:
        """The results of pytest: in the bundle, or where they were wanted."""
        beside = self.folder.parent / "own.xml"
        return beside if beside.exists() else self.folder / "junit.xml"


def ran(folder: Path, *more: str, terminal: bool = False) -> Seen:
    policy = folder / "policy.toml"
    policy.write_text(POLICY, "utf-8")
    with evil() as (url, rpc):
        text = printed(
            url, folder / "e", "--oip-grpc", rpc, "--oip-model", MODEL, "--oip-policy", str(policy), "--oip-suite",
            "conformance", "--oip-profile", "quick", *more, terminal=terminal,
        )  # fmt: skip
        again = ["replay", "--show", "--times", "1", str(folder / "e"), "grpc-infer-echoes-id"]
        replayed = CliRunner().invoke(main, again)
        assert replayed.exit_code in (0, 1), replayed.output
    return Seen(text, folder / "e", replayed.output)


@pytest.fixture(scope="module")
def news(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A run on a terminal."""
    return ran(tmp_path_factory.mktemp("news"), "-k", f"{CHECKS} or statistics", terminal=True)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A run into a log that says all that there is, in colour."""
    folder = tmp_path_factory.mktemp("everything")
    return ran(folder, "-k", CHECKS, "-v", "--color=yes", f"--junitxml={folder / 'own.xml'}")


@pytest.fixture(params=["news", "everything"])
def run(request: pytest.FixtureRequest) -> Seen:
    seen: Seen = request.getfixturevalue(request.param)
    return seen


def clean(text: str, longest_line: int = 45_000) -> None:
    """No sign that a terminal obeys, that reorders or that hides; every line and the whole of bounded length."""
    raw = RAW.search(text)
    assert raw is None, ascii(text[max(0, raw.start() - 200) : raw.end() + 200])
    assert len(text) < LONGEST
    assert max(map(len, text.split("\n"))) < longest_line


def test_a_terminal_obeys_nothing(run: Seen) -> None:
    lines = [part for line in run.printed.split("\n") for part in line.split("\r")]
    assert COLOUR.search(run.printed)
    clean("\n".join(COLOUR.sub("", line) for line in lines))
    assert "OWNED" in run.printed
    assert re.search("1 waived", run.printed)


def test_the_results_of_pytest_are_xml_of_harmless_text(run: Seen) -> None:
    data = run.junit.read_bytes().decode()
    assert NOT_XML.search(data) is None
    texts = [
        text for each in ElementTree.parse(run.junit).iter() for text in (each.text, *each.attrib.values()) if text
    ]
    clean("\n".join(texts))
    assert any("OWNED" in text for text in texts)


def test_all_are_told_the_same(run: Seen) -> None:
    document = run.document
    seen = {name for name, number in document.summary.verdicts.items() if number}
    assert {"fail", "warn", "pass", "untestable"} <= seen
    files_agree(run.folder)
    results_of_pytest_agree(run.junit, document)
    terminal_agrees(COLOUR.sub("", run.printed), document)
    # What somebody accepts is an observation, a finding, and suppressed for a forge; for pytest it is no failure.
    (waived,) = [check for check in document.checks if check.waiver is not None]
    assert (waived.slug, waived.verdict) == ("rest-infer-echoes-id", "fail")


def test_files_for_other_tools_are_what_they_say(news: Seen) -> None:
    exported.nothing_invisible(news.folder, 500_000)
    exported.test_a_table_has_one_line_for_each_check_and_calculates_nothing(news.folder)
    exported.test_a_log_of_findings_is_as_its_schema_says(news.folder)
    exported.test_documents_of_oscal_name_one_another(news.folder)
    exported.test_what_is_undecided_is_an_observation_without_a_finding(news.folder)
    exported.test_a_summary_has_only_our_markup(news.folder)
    command = [sys.executable, "-W", "ignore", "-m", "tests.reports.oscal_reader", str(news.folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout == "valid\n", done.stderr[-3000:]


@pytest.mark.parametrize("name", [REPORT, ANNEX])
def test_pages_hold_no_element_of_theirs(news: Seen, name: str) -> None:
    text = (news.folder / name).read_text("utf-8")
    harmless(text)
    assert RAW.search(text) is None


def harmless(text: str) -> None:
    """A page without any element or attribute that would do something."""
    page = Page(text)
    assert page.tags.isdisjoint({"script", "iframe", "object", "embed", "form", "link", "base", "svg"})
    assert all(each.startswith("data:image/") for each in page.sources)
    assert not any(each == "style" or each.startswith("on") for each in page.attributes)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


@needs_chromium
@pytest.mark.parametrize("name", [REPORT, ANNEX])
def test_in_a_browser_nothing_runs_is_fetched_or_turns_around(news: Seen, name: str, tmp_path: Path) -> None:
    title = re.search("(?s)<title>(.*?)</title>", (news.folder / name).read_text("utf-8"))
    assert title
    found = unguarded(news.folder / name, tmp_path, "user")
    assert found["title"] == " ".join(html.unescape(title[1]).split())
    assert (found["asked"], found["console"]) == ([], "")
    assert found["seen"] > 3
    assert found["turned"] == []


def test_commands_on_the_bundle_print_nothing_that_is_obeyed(news: Seen, tmp_path: Path) -> None:
    clean(news.replayed)
    copied = tmp_path / "copied"
    shutil.copytree(news.folder, copied)
    folder, document = str(news.folder), news.document
    shown = {case.exchange for check in document.checks for case in check.counterexamples if case.exchange}
    calls: list[tuple[set[int], list[str]]] = [
        ({0}, ["verify", folder]),
        ({0}, ["diff", folder, folder]),
        ({0}, ["diff", "--json", folder, folder]),
        ({0}, ["history", folder]),
        ({0}, ["baseline", folder]),
        ({0}, ["report", str(copied), "--lang", "de"]),
        ({1}, ["drills", folder]),
        ({4}, ["explain", MODEL]),
        ({4}, ["export", MODEL, folder]),
        ({1}, ["issue", MODEL, folder]),
        ({4}, ["replay", folder, MODEL]),
        ({0}, ["plan", "--endpoint", "http://127.0.0.1:9", "--oip-model", MODEL, "-o", str(tmp_path / "p\x1b[2J")]),
        *(({0}, ["show", digest, folder]) for digest in sorted(shown)[:5]),
        *(({0}, ["export", each.form, folder]) for each in exports()),
        *(({0}, ["issue", check.slug, folder]) for check in document.checks if check.verdict == "fail"),
        *(({0}, ["issue", "--title", check.slug, folder]) for check in document.checks if check.verdict == "fail"),
    ]
    for codes, arguments in calls:
        ran: Any = CliRunner().invoke(main, arguments)
        assert ran.exit_code in codes, (arguments, ran.output)
        if arguments[0] == "history":
            harmless(ran.output)
        # A body that is asked for is shown as a whole.
        clean(ran.output, LONGEST if arguments[0] == "show" else 45_000)
