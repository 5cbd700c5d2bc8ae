"""A candidate beside the version under test: what the policy does not allow fails, and nothing else does."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import PATIENCE, PYTEST, Ran, probe
from tests.recipes import COMMAND, PAGES, blocks

pytestmark = pytest.mark.slow

REST, GRPC = "rollout-candidate-agrees[digits]", "rollout-grpc-candidate-agrees[digits]"
DIGITS = ("--models", "digits")
POLICY = """
[endpoint]
patience = 1.0
[rollout]
inputs = 80
min_agreement = 0.9
max_changed_decisions = 0
allow_metadata = ["platform"]
"""


@pytest.fixture(scope="module")
def stable() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(DIGITS) as server:
        yield server


def compared(
    stable: EmbeddedServer, folder: Path, *candidate: str, policy: str = POLICY, more: tuple[str, ...] = ()
) -> Ran:
    """A run of the suite against the version under test, with a candidate that is started so."""
    (folder / "policy.toml").write_text(policy)
    with ExitStack() as stack:
        other = stack.enter_context(EmbeddedServer([*DIGITS, *candidate]))
        assert stable.grpc is not None
        assert other.grpc is not None
        return probe(
            stable.url, folder / "e", "--oip-grpc", stable.grpc, "--oip-candidate", other.url,
            "--oip-candidate-grpc", other.grpc, "--oip-suite", "rollout", "--oip-policy", str(folder / "policy.toml"),
            *more,
        )  # fmt: skip


def check(ran: Ran, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in ran.evidence["checks"] if each["id"] == identity)
    return found


def noted(ran: Ran, identity: str = REST) -> str:
    return "\n".join(each["text"] for each in check(ran, identity)["observations"])


def roots(ran: Ran) -> set[str]:
    return {each["root"] for row in ran.evidence["checks"] for each in row["counterexamples"]}


@pytest.mark.parametrize("variant", ["", "outputs-any-order", "empty-platform", "not-ready-at-first"])
def test_a_candidate_that_is_as_good(stable: EmbeddedServer, variant: str, tmp_path: Path) -> None:
    ran = compared(stable, tmp_path, *(("--variant", variant) if variant else ()))
    assert ran.code == 0, ran.output
    assert (ran.verdicts[REST], ran.verdicts[GRPC]) == ("pass", "pass")
    assert check(ran, REST)["estimate"]["k"] == check(ran, REST)["estimate"]["n"] == 80
    assert "times as long in the median of 80 inputs" in noted(ran)


@pytest.mark.parametrize(
    ("fault", "root", "words"),
    [
        ("changes-decisions", "candidate-answers-otherwise", "max_changed_decisions = 0"),
        ("described-otherwise", "candidate-described-otherwise", "datatype of 'label'"),
    ],
)
def test_a_candidate_that_is_not(stable: EmbeddedServer, fault: str, root: str, words: str, tmp_path: Path) -> None:
    ran = compared(stable, tmp_path, "--fault", f"rollout-candidate-{fault}")
    assert ran.code == 1, ran.output
    assert (ran.verdicts[REST], ran.verdicts[GRPC]) == ("fail", "fail")
    assert roots(ran) == {root}
    assert words in ran.output
    # One cause over both transports is one finding.
    assert f"cause and clauses: {root}, policy:rollout (over REST, gRPC)" in ran.output


def test_changed_decisions_are_listed_whoever_allows_them(stable: EmbeddedServer, tmp_path: Path) -> None:
    ran = compared(stable, tmp_path, "--fault", "rollout-candidate-changes-decisions", policy="[rollout]\ninputs = 150")
    assert ran.code == 0, ran.output
    told = noted(ran)
    estimate = check(ran, REST)["estimate"]
    assert 0 < estimate["n"] - estimate["k"] == told.count("changed decision, output 'label'") <= 20
    assert estimate["lower"] < estimate["k"] / estimate["n"] < estimate["upper"]


def test_a_candidate_that_crashes_fails_without_a_policy(stable: EmbeddedServer, tmp_path: Path) -> None:
    ran = compared(
        stable, tmp_path, "--fault", "rollout-candidate-crashes-on-a-kind", policy="[endpoint]\npatience = 1.0"
    )
    assert ran.code == 1, ran.output
    assert roots(ran) == {"candidate-leaves-unanswered"}
    assert (ran.verdicts[REST], ran.verdicts[GRPC]) == ("fail", "untestable")
    # The endpoint under test was never away.
    assert '"kind":"incident"' not in (tmp_path / "e" / "journal.jsonl").read_text()


def test_a_slower_candidate_is_held_against_what_is_stated(stable: EmbeddedServer, tmp_path: Path) -> None:
    slower = ("--fault", "rollout-candidate-slower")
    stated = compared(stable, tmp_path, *slower, policy="[rollout]\ninputs = 40\nmax_latency_ratio = 1.5")
    assert stated.code == 1, stated.output
    assert roots(stated) == {"candidate-slower"}


def test_a_limit_that_too_few_inputs_decide_opens_no_gate(stable: EmbeddedServer, tmp_path: Path) -> None:
    ran = compared(
        stable, tmp_path, policy="[rollout]\nmin_agreement = 0.999", more=("--oip-max-requests", "400", "-k", "grpc")
    )
    assert ran.verdicts[GRPC] == "inconclusive", ran.output
    assert "2995 would, if none differs" in check(ran, GRPC)["reason"]
    assert ran.code == 1


def test_a_version_under_test_that_varies_blames_no_candidate(tmp_path: Path) -> None:
    with EmbeddedServer([*DIGITS, "--fault", "failover-version-by-chance"]) as varying:
        ran = compared(varying, tmp_path, more=("-k", "not grpc"))
    assert ran.verdicts[REST] == "inconclusive", ran.output
    assert ran.code == 1
    assert not roots(ran)


def test_a_version_of_the_same_endpoint(stable: EmbeddedServer, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("[rollout]\nmax_changed_decisions = 0\n")
    arguments = ("--oip-suite", "rollout", "--oip-policy", str(tmp_path / "policy.toml"), "-k", "rollout")
    same = probe(stable.url, tmp_path / "same", "--oip-candidate-version", "2", *arguments)
    assert same.code == 0, same.output
    other = probe(stable.url, tmp_path / "other", "--oip-candidate-version", "1", *arguments)
    assert other.code == 1, other.output
    assert "changed decision" in noted(other)
    exchanges = [
        line for line in (tmp_path / "other" / "journal.jsonl").read_text().splitlines() if '"exchange"' in line
    ]
    apart = [line for line in exchanges if '"to":"candidate"' in line]
    assert apart
    assert all("/versions/1" in line for line in apart)


@pytest.mark.parametrize("fault", ["", "rollout-candidate-described-otherwise"])
def test_the_command_of_the_recipes_is_a_gate(stable: EmbeddedServer, fault: str, tmp_path: Path) -> None:
    page = next(page for page in PAGES if page.stem == "README")
    (tmp_path / "policy.toml").write_text(blocks(page)["policy.toml"])
    with EmbeddedServer([*DIGITS, *(("--fault", fault) if fault else ())]) as other:
        done = subprocess.run(
            ["/bin/sh", "-c", COMMAND],
            cwd=tmp_path,
            env={"PATH": f"{PYTEST.parent}:{os.environ['PATH']}", "STABLE": stable.url, "CANDIDATE": other.url},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == (1 if fault else 0), done.stdout
    suite = ElementTree.parse(tmp_path / "evidence" / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("failures"), suite.get("errors")) == ("1" if fault else "0", "0")


def test_a_candidate_that_is_not_there_opens_no_gate(stable: EmbeddedServer, tmp_path: Path) -> None:
    more = ("--oip-candidate", "http://127.0.0.1:26999", "-k", "rollout-candidate")
    ran = probe(stable.url, tmp_path / "e", *more)
    assert ran.verdicts[REST] == "untestable", ran.output
    assert ran.code == 1
