"""A run against what is known of a server, and against what counts: which of it is red, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.run.accepting.baseline import load_baseline
from harness.run.accepting.renewing import text_of
from harness.run.accepting.requirements import folder, load_set, shipped
from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import Ran, probe
from tests.endtoend.test_outcomes import lines_agree

pytestmark = pytest.mark.slow

ECHOES = "rest-infer-echoes-id"
ASKED = ("-k", f"{ECHOES} or rest-infer-answers or rest-live")


@pytest.fixture(scope="module")
def faulty() -> Iterator[str]:
    """A server that drops the id of each request."""
    with EmbeddedServer(["--fault", "drops-request-id", "--models", "echo-fp32"]) as server:
        yield server.url


@pytest.fixture(scope="module")
def found(faulty: str, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """What it is found to do."""
    return probe(faulty, tmp_path_factory.mktemp("runs") / "e", *ASKED)


def written(path: Path, *runs: Ran) -> Path:
    """The baseline of some runs."""
    ran = CliRunner().invoke(main, ["baseline", *(str(run.folder) for run in runs), "-o", str(path)])
    assert ran.exit_code == 0, ran.output
    return path


def standing(ran: Ran) -> set[str | None]:
    return {each["standing"] for each in ran.evidence["summary"]["findings"] if each["verdict"] == "fail"}


def test_what_is_known_is_not_red_and_a_finding_all_the_same(faulty: str, found: Ran, tmp_path: Path) -> None:
    known = written(tmp_path / "known.toml", found)
    ran = probe(faulty, tmp_path / "f", *ASKED, "--oip-baseline", str(known), "--oip-seed", "99")
    assert (found.code, ran.code) == (1, 0), ran.output
    assert lines_agree(ran)["known"] == 1
    assert ran.verdicts == found.verdicts
    assert (standing(found), standing(ran)) == ({"new"}, {"known"})
    assert ran.evidence["duties"] == found.evidence["duties"]
    assert ran.evidence["run"]["baseline"]["stale"] == []
    assert f"known by the baseline: 1 check ({ECHOES}[echo-fp32])" in ran.output
    page = (ran.folder / "annex.html").read_text()
    assert "known by the baseline" in page
    assert 'name="outcome" value="known"' in (ran.folder / "junit.xml").read_text()
    assert CliRunner().invoke(main, ["verify", str(ran.folder)]).exit_code == 0


def test_what_is_not_known_is_red(faulty: str, found: Ran, tmp_path: Path) -> None:
    known = written(tmp_path / "known.toml", found)
    known.write_text(known.read_text().replace('cause = "id-not-returned"', 'cause = "no-answer:reset"'))
    ran = probe(faulty, tmp_path / "f", *ASKED, "--oip-baseline", str(known))
    assert ran.code == 1, ran.output
    assert f"1 check failed ({ECHOES}[echo-fp32]); known finding occurs no more: {ECHOES}[echo-fp32]" in ran.output


def test_what_occurs_no_more_is_red(server: str, found: Ran, tmp_path: Path) -> None:
    known = written(tmp_path / "known.toml", found)
    gone = probe(server, tmp_path / "f", *ASKED, "--oip-model", "echo-fp32", "--oip-baseline", str(known))
    assert gone.code == 1, gone.output
    assert f"exit code 1: known finding occurs no more: {ECHOES}[echo-fp32]: id-" in gone.output
    stale = gone.evidence["run"]["baseline"]["stale"]
    assert len(stale) == gone.evidence["run"]["baseline"]["entries"]
    assert stale[0] in (gone.folder / "annex.html").read_text()


def test_what_was_not_carried_out_is_not_missed(server: str, found: Ran, tmp_path: Path) -> None:
    known = written(tmp_path / "known.toml", found)
    entries = len(load_baseline(known)[0].findings)
    arguments = ("--oip-model", "echo-fp32", "--oip-baseline", str(known))
    ran = probe(server, tmp_path / "f", "-k", "rest-live or rest-infer-answers", *arguments)
    assert ran.code == 0, ran.output
    assert f"known, not seen and not missed: {entries} findings" in ran.output
    assert len(ran.evidence["run"]["baseline"]["unseen"]) == entries


def test_a_baseline_is_written_anew_with_its_reasons(found: Ran, tmp_path: Path) -> None:
    known = written(tmp_path / "known.toml", found)
    known.write_text(
        known.read_text().replace('reason = ""', 'reason = "issue 7"')
        + '\n[[findings]]\ncheck = "rest-error-object"\nmodel = "echo-fp32"\ncause = "x"\nclause = "REST-ERR-01"\n'
        + f'\n[[findings]]\ncheck = "{ECHOES}"\nmodel = "echo-fp32"\ncause = "gone"\nclause = "REST-RESP-04"\n'
    )
    again = load_baseline(written(known, found))[0].findings
    assert {(each.cause, each.reason) for each in again if each.check == ECHOES} == {
        ("id-not-returned", "issue 7"),
        ("id-beyond-ascii", "issue 7"),
    }
    # The run has not looked for the one, and for the other it has.
    assert [each.cause for each in again if each.check != ECHOES] == ["x"]


def test_what_cannot_be_tested_though_asked_for_by_name_can_be_known(tmp_path: Path) -> None:
    asked = ("--oip-model", "pair", "-k", "rest-infer-answers or rest-live")
    with EmbeddedServer(["--variant", "empty-tensor-metadata", "--models", "pair"]) as server:
        untested = probe(server.url, tmp_path / "e", *asked)
        known = written(tmp_path / "known.toml", untested)
        ran = probe(server.url, tmp_path / "f", *asked, "--oip-baseline", str(known))
    assert (untested.code, ran.code) == (1, 0), ran.output
    assert ran.verdicts == untested.verdicts
    with EmbeddedServer(["--models", "pair"]) as clean:
        tested = probe(clean.url, tmp_path / "g", *asked, "--oip-baseline", str(known))
    assert tested.code == 1, tested.output
    assert "known finding occurs no more: rest-infer-answers-200[pair]: untestable" in tested.output


def test_what_only_some_runs_show_is_marked(found: Ran, tmp_path: Path) -> None:
    with EmbeddedServer(["--models", "echo-fp32"]) as clean:
        passed = probe(clean.url, tmp_path / "f", *ASKED)
    entries = load_baseline(written(tmp_path / "known.toml", found, passed))[0].findings
    assert entries
    assert all(each.sometimes for each in entries)


def test_what_the_set_does_not_count_is_shown_and_not_red(faulty: str, tmp_path: Path) -> None:
    newest = shipped(folder())[-1]
    own = tmp_path / "own.toml"
    own.write_text(text_of(load_set(folder() / f"{newest.name}.toml")[0]).replace(f"{ECHOES} =", f"# {ECHOES} ="))
    ran = probe(faulty, tmp_path / "e", *ASKED, "--oip-requirements", str(own))
    assert ran.code == 0, ran.output
    assert lines_agree(ran)["not counted"] == 1
    assert ran.verdicts[f"{ECHOES}[echo-fp32]"] == "fail"
    assert standing(ran) == {"not_counted"}
    left = ran.evidence["plan"]["requirements"]["left_out"]
    assert {"kind": "check", "name": ECHOES, "reason": "not in this set"} in left
    assert f"not counted by the requirement set {newest.name}: 1 check" in ran.output
    assert "Counted by:" in (ran.folder / "annex.html").read_text()
    entries = load_baseline(written(tmp_path / "known.toml", ran))[0].findings
    assert entries == [], "what does not count is no known finding"


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--oip-requirements", "oip-d49cc24", "did you mean 'oip-d49cc23'"),
        ("--oip-requirements", "none.toml", "No such file"),
        ("--oip-baseline", "none.toml", "No such file"),
        ("--oip-baseline", "pyproject.toml", "there is no table"),
        ("--oip-baseline", ".", "folder|directory|regular"),
    ],
)
def test_files_that_cannot_be_used_are_bad_use(
    server: str, option: str, value: str, words: str, tmp_path: Path
) -> None:
    ran = probe(server, tmp_path / "e", option, value)
    assert ran.code == 4, ran.output
    assert any(word in ran.output for word in words.split("|")), ran.output
    assert not ran.folder.exists()
