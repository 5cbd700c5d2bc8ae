"""Attacks against declared limits: what is fragile is found, honest limits stand, and what guards is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reports.verification.verify import verify
from tests.endtoend import test_robustness
from tests.endtoend.labelled_rows import write_table
from tests.endtoend.running import Ran, probe
from tests.endtoend.worse import served

pytestmark = pytest.mark.slow
DIGITS = """
[[robustness]]
model = "digits"
data = "digits.csv"
label = "kind"
output = "label"
scores = "probabilities"
groups = ["size"]
rows = 40
[robustness.domain]
range = { "*" = [0.0, 16.0] }
image = { shape = [8, 8], range = [0.0, 16.0] }
"""
ATTACK = """
[[robustness.attack]]
kind = "hop-skip"
limit = 0.05
queries = 60
samples = 12
max_success = 0.3
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("data")
    for name in ("cancer", "digits"):
        write_table(made, name)
    return made


def run(folder: Path, tmp_path: Path, policy: str, *arguments: str, seed: int = 0) -> Ran:
    """A run of the suite on images of digits."""
    return test_robustness.run(folder, tmp_path, policy, *arguments, model="digits", seed=seed)


def record_of(ran: Ran) -> dict[str, Any]:
    (found,) = ran.evidence["attacks"]
    return dict(found)


def test_an_honest_limit_is_supported_and_the_ledger_is_told(folder: Path, tmp_path: Path) -> None:
    ran = run(folder, tmp_path, DIGITS + ATTACK)
    assert ran.verdicts["robustness-evasion[digits]"] == "pass", ran.output
    (attack,) = record_of(ran)["attacks"]
    assert attack["share"]["decision"] == "supports"
    assert attack["queries"] <= 12 * 60
    assert [each["queries"] for each in attack["curve"]] == [50, 60]
    assert attack["curve"][-1]["found"] == 12
    assert attack["reaction"]["honest"] == 20
    assert attack["reaction"]["honest_refused"] == attack["reaction"]["honest_changed"] == 0
    assert "AML.T0043.001" in attack["techniques"]


def test_a_limit_that_does_not_stand_is_contradicted_and_the_worst_case_is_on_record(
    folder: Path, tmp_path: Path
) -> None:
    ran = run(folder, tmp_path, DIGITS + ATTACK.replace("0.05", "3.0"))
    assert ran.verdicts["robustness-evasion[digits]"] == "fail", ran.output
    assert ran.code == 1
    (attack,) = record_of(ran)["attacks"]
    assert attack["share"]["decision"] == "contradicts"
    assert 0 < attack["worst_distance"] <= 3.0
    assert attack["worst"]["exchange"]
    assert attack["worst"]["source"]
    page = (ran.folder / "annex.html").read_text()
    assert "Attacks on digits: robustness-evasion" in page
    assert "How near rows with another decision are" in page
    assert page.count("data:image/png;base64,") == 3
    assert verify(ran.folder).problems == []


def test_a_fragile_model_is_found(folder: Path, tmp_path: Path) -> None:
    ran = run(folder, tmp_path, DIGITS + ATTACK.replace("0.05", "0.001"), "--fault", "robustness-wavers-near-by")
    assert ran.verdicts["robustness-evasion[digits]"] == "fail", ran.output
    assert record_of(ran)["attacks"][0]["curve"][-1]["median"] < 0.001


@pytest.mark.parametrize(
    ("guard", "words"), [("blocks", "were refused after"), ("misleads", "answered otherwise than before after")]
)
def test_a_guard_that_honest_rows_suffer_from_is_found(guard: str, words: str, folder: Path, tmp_path: Path) -> None:
    policy = DIGITS + ATTACK.replace("max_success = 0.3\n", "")
    ran = run(folder, tmp_path, policy, "--fault", f"robustness-{guard}-honest-rows")
    assert ran.verdicts["robustness-evasion[digits]"] == "fail", ran.output
    assert words in ran.output
    if guard == "blocks":
        (tmp_path / "may").mkdir()
        may = run(folder, tmp_path / "may", policy + "may_block = true\n", "--fault", "robustness-blocks-honest-rows")
        assert may.verdicts["robustness-evasion[digits]"] != "fail", may.output
        assert record_of(may)["attacks"][0]["reaction"]["honest_refused"] == 20


def test_a_guard_that_honest_rows_do_not_suffer_from_is_told_and_not_blamed(folder: Path, tmp_path: Path) -> None:
    ran = run(folder, tmp_path, DIGITS + ATTACK, "--fault", "worse-guards-well")
    assert ran.verdicts["robustness-evasion[digits]"] == "pass", ran.output
    (attack,) = record_of(ran)["attacks"]
    assert attack["unanswered"] > 0
    assert attack["reaction"]["refused"].keys() == {"status 422"}
    assert attack["reaction"]["honest_refused"] == 0


def test_the_right_model_is_not_blamed_whatever_the_seed(folder: Path, tmp_path: Path) -> None:
    few = ATTACK.replace("queries = 60\nsamples = 12", "queries = 25\nsamples = 6").replace("0.3", "0.5")
    path = folder / "seeds.toml"
    path.write_text(DIGITS.replace("rows = 40", "rows = 12") + few)
    options = ("--oip-model", "digits", "--oip-policy", str(path), "-k", "robustness-evasion")
    with served("--models", "digits") as url:
        for seed in range(10):
            ran = probe(url, tmp_path / f"e{seed}", *options, "--oip-seed", str(seed))
            assert ran.verdicts["robustness-evasion[digits]"] in ("pass", "inconclusive"), ran.output


def test_every_kind_of_attack_asks_through_the_endpoint(folder: Path, tmp_path: Path) -> None:
    kinds = ("rays", "square", "evolution", "art-hop-skip-jump", "art-boundary", "art-square", "art-zoo")
    few = "".join(f'[[robustness.attack]]\nkind = "{kind}"\nlimit = 4.0\nqueries = 30\nsamples = 2\n' for kind in kinds)
    ran = run(folder, tmp_path, DIGITS + few)
    assert ran.verdicts["robustness-evasion[digits]"] == "not_applicable", "without a limit nothing is decided"
    found = record_of(ran)["attacks"]
    assert [each["kind"] for each in found] == list(kinds)
    assert all(each["queries"] <= 60 for each in found)
    assert sum(each["curve"][-1]["found"] for each in found) > len(kinds)


def test_radii_are_certified(folder: Path, tmp_path: Path) -> None:
    noise = (
        "[robustness.certified]\nsigma = 0.1\nradius = {}\nselect = 10\nestimate = 50\nsamples = 12\nmin_share = 0.4\n"
    )
    ran = run(folder, tmp_path, DIGITS + noise.format(0.05))
    assert ran.verdicts["robustness-certified[digits]"] == "pass", ran.output
    seen = record_of(ran)["certified"]
    assert seen["share"]["decision"] == "supports"
    assert seen["queries"] == 12 * 60
    assert "For which share of the samples a radius is certified" in (ran.folder / "annex.html").read_text()
    assert verify(ran.folder).problems == []
    assert seen["alpha"] == pytest.approx(0.01 / 12)
    assert [each["certified"] for each in seen["curve"]] == sorted(
        (each["certified"] for each in seen["curve"]), reverse=True
    )
    (tmp_path / "far").mkdir()
    far = run(folder, tmp_path / "far", DIGITS + noise.format(1.0))
    assert far.verdicts["robustness-certified[digits]"] == "fail", far.output


def test_what_answers_give_away_is_told_as_indicators(folder: Path, tmp_path: Path) -> None:
    policy = DIGITS.replace("rows = 40", "rows = 160") + (
        '[robustness.extraction]\nqueries = 200\nmax_agreement = 0.5\nmax_digits = 4\ntraining = "digits.csv"\n'
        "max_told_apart = 0.8\n"
    )
    ran = run(folder, tmp_path, policy)
    assert ran.verdicts["robustness-extraction[digits]"] == "fail", ran.output
    found = {each["kind"]: each for each in record_of(ran)["given_away"]}
    assert found["agreement"]["decision"] == "contradicts"
    assert found["agreement"]["value"] > 0.7
    assert found["agreement"]["chance"] < 0.3
    assert found["agreement"]["queries"] == 200
    assert found["digits"]["decision"] == "contradicts"
    assert found["told_apart"]["decision"] == "supports"
    assert "bounds" in found["told_apart"]["words"]
    assert "These are indicators and no bounds" in (ran.folder / "annex.html").read_text()
    assert verify(ran.folder).problems == []
