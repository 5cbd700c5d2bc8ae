"""What is known of a real server is known whatever the seed: a baseline of one run is green in the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.run.accepting.baseline import Baseline
from harness.run.bundles.baselining import baseline_of, text_of
from tests.servers.conftest import installed_or_skip
from tests.servers.findings import Way
from tests.servers.matrix import probe_server

pytestmark = [pytest.mark.servers, pytest.mark.slow]


@pytest.mark.parametrize("name", ["mlserver", "kserve"])
def test_another_seed_finds_the_same_by_identity(name: str, tmp_path: Path) -> None:
    installed_or_skip(name)
    known = tmp_path / "known.toml"
    with Way(name).served() as endpoint:
        first = probe_server(endpoint, tmp_path / "a", further=("--oip-seed", "31"))
        found = baseline_of([first.folder])
        known.write_text(text_of(found), "utf-8")
        second = probe_server(endpoint, tmp_path / "b", further=("--oip-seed", "32", "--oip-baseline", str(known)))
    assert found.findings
    assert _identities(baseline_of([second.folder])) == _identities(found), second.output
    assert second.code == 0, second.output


def _identities(baseline: Baseline) -> set[tuple[str | None, ...]]:
    return {each.identity for each in baseline.findings}
