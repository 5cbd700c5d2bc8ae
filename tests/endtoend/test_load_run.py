"""Load in a whole run: over REST and gRPC, measured, judged, in the bundle and on the page; and nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import Ran, probe

pytestmark = pytest.mark.slow
# A busy machine makes the tester late: that is INVALID and blames nobody, but it is no pass.
GOOD = {"pass", "not_applicable", "tool_error", "inconclusive"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    with EmbeddedServer(["--models", "matrix"]) as server:
        assert server.grpc is not None
        yield probe(
            server.url, tmp_path_factory.mktemp("load") / "evidence", "--oip-grpc", server.grpc,
            "--oip-profile", "quick", "--oip-suite", "load", "--oip-allow", "load,repository",
        )  # fmt: skip


def test_the_clean_server_is_blamed_for_nothing(run: Ran) -> None:
    assert run.verdicts
    assert {slug: verdict for slug, verdict in run.verdicts.items() if verdict not in GOOD} == {}
    closed = {slug for slug in run.verdicts if "closed-loop" in slug}
    assert len(closed) == 2


def test_every_run_of_load_is_in_the_bundle(run: Ran) -> None:
    series = run.evidence["series"]
    assert {each["transport"] for each in series} == {"rest", "grpc"}
    assert {each["loop"] for each in series} == {"open", "closed"}
    listed = {path.name for path in (run.folder / "series").iterdir()}
    assert listed == {name for each in series for name in each["files"]}
    for each in series:
        assert each["wrong"] == 0
        assert each["tried"] <= each["planned"] or each["loop"] == "closed"
        for clock in ("response", "service", "send_lag"):
            assert each[clock]["percentiles"]


def test_the_page_shows_it(run: Ran) -> None:
    page = (run.folder / "annex.html").read_text()
    assert 'src="data:image/svg+xml;base64,' in page
    assert "<script" not in page


def test_shares_in_time_have_intervals(run: Ran) -> None:
    for check in run.evidence["checks"]:
        estimate = check["estimate"]
        if estimate is not None:
            assert estimate["lower"] <= estimate["k"] / estimate["n"] <= estimate["upper"]
            assert check["verdict"] != "tool_error", "an INVALID run estimates nothing"


def test_a_service_level_that_cannot_be_met_fails_and_the_rate_of_the_budget_binds(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[load]\nlatency = 0.00001\nrate = 400\nseconds = 4\n")
    with EmbeddedServer(["--models", "pair", "--no-grpc"]) as server:
        ran = probe(server.url, tmp_path / "evidence", "--oip-policy", str(policy), "--oip-allow", "load",
                    "--oip-max-rate", "60", "--oip-profile", "quick", "-k", "load-steady")  # fmt: skip
    (check,) = [each for each in ran.evidence["checks"] if each["slug"] == "load-steady"]
    assert check["verdict"] in {"fail", "tool_error"}, check
    assert all(each["rates"]["planned"] < 75 for each in ran.evidence["series"])
    assert any("lowered from 400 to 60" in each["text"] for each in check["observations"])


def test_a_soak_sees_what_gets_slower(tmp_path: Path) -> None:
    """In the profile deep alone, which no seeded fault is tried with otherwise."""
    policy = tmp_path / "policy.toml"
    policy.write_text("[load]\nsoak = 20\nrate = 60\n")
    for number in range(3):  # a machine that makes the tester late shows nothing
        with EmbeddedServer(["--models", "pair", "--no-grpc", "--fault", "load-slower-after-300"]) as server:
            ran = probe(server.url, tmp_path / str(number), "--oip-policy", str(policy), "--oip-allow", "load",
                        "--oip-profile", "deep", "-k", "load-soak")  # fmt: skip
        (check,) = [each for each in ran.evidence["checks"] if each["slug"] == "load-soak"]
        if check["verdict"] == "warn":
            break
    assert check["verdict"] == "warn", check
    assert " from " in check["reason"], check
