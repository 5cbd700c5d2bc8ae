"""What a run says of answers that no check of theirs provoked, and of its own messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.bundle.store import store_of
from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import Ran, probe

pytestmark = pytest.mark.slow

TELLS = "errors-hide-internals or tells-of-inside or no-answer-is-500 or rest-infer-answers-200 or "
# Loses the last element of every tensor that is written as JSON, from the tenth request on.
BROKEN = """
import itertools
from harness.wire import messages
numbers, right = itertools.count(), messages.to_json
def wrong(tensor, **kwargs):
    entry = right(tensor, **kwargs)
    return {**entry, "data": entry["data"][:-1]} if next(numbers) > 10 else entry
messages.to_json = wrong
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A run against a server with a stack trace for ids that no check of errors sends."""
    folder = tmp_path_factory.mktemp("found")
    with EmbeddedServer(["--models", "pair", "--fault", "stack-trace-for-id-beyond-latin-1"]) as server:
        return probe(server.url, folder / "evidence", "-k", f"{TELLS}rest-infer-echoes-id")


def test_no_check_passes_while_the_bundle_holds_a_stack_trace(found: Ran) -> None:
    wanted = dict.fromkeys(("security-errors-hide-internals[pair]", "security-no-answer-tells-of-inside"), "warn")
    assert {name: found.verdicts[name] for name in wanted} == wanted, found.output
    assert found.verdicts["rest-no-answer-is-500"] == "warn"


def test_a_sighting_names_the_check_and_shows_the_exchange(found: Ran) -> None:
    checks = {check["slug"]: check for check in found.evidence["checks"]}
    shown = checks["security-no-answer-tells-of-inside"]["counterexamples"][0]
    assert "met in rest-infer-echoes-id[pair]" in shown["observed"]
    assert "Traceback" in shown["response"]["excerpt"] if "excerpt" in shown["response"] else shown["response"]
    assert store_of(found.folder).get(shown["exchange"], "json")


def test_the_tester_is_checked_in_view(found: Ran) -> None:
    row = found.evidence["run"]["self_check"]
    assert row["rows"]
    assert row["disagreements"] == [], row
    page = (found.folder / "annex.html").read_text()
    assert "The tester, checked" in page
    assert row["text"][:60] in page


def test_a_broken_generator_ends_with_exit_code_3(server: str, tmp_path: Path) -> None:
    (tmp_path / "broken_generator.py").write_text(BROKEN)
    arguments = ("-p", "broken_generator", "--oip-model", "pair", "-k", "rest-infer")
    ran = probe(server, tmp_path / "evidence", *arguments, environ={"PYTHONPATH": str(tmp_path)})
    assert ran.code == 3, ran.output
    assert "meant as valid, but" in ran.output
    assert ran.evidence["run"]["self_check"]["disagreements_total"] > 0
