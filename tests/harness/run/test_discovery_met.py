"""Whatever discovery meets becomes a verdict: the run is opened, ends every check in words, and leaves a bundle."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.budget import BudgetExhausted
from harness.check import Untestable
from harness.endpoint.errors import EndpointError
from harness.run.checks import load_checks
from harness.run.config import configure
from harness.run.options import Options, UsageError
from harness.run.session.open_run import OpenRun
from harness.run.session.opening import PreparedRun
from harness.verdicts import Verdict
from reports.evidence import decode
from tests.harness.endpoint.test_discovery import serving

SLUG = "rest-live-answers-200"


def opened(error: Exception, folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> OpenRun:
    """A run whose discovery ends in an error."""

    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr("harness.run.session.finding.discover", fails)
    registry, catalogue, _ = load_checks()
    config = configure(Options(endpoints=(url,), evidence=str(folder / "evidence")), url, {})
    return PreparedRun(config, catalogue, [registry.checks[SLUG]]).open()


@pytest.mark.parametrize(
    ("error", "verdict", "words"),
    [
        (UnicodeEncodeError("utf-8", "a\ud800", 1, 2, "surrogates not allowed"), Verdict.TOOL_ERROR, "UnicodeEncode"),
        (OverflowError("int too large"), Verdict.TOOL_ERROR, "discovery: OverflowError"),
        (RecursionError("deep"), Verdict.TOOL_ERROR, "RecursionError"),
        (BudgetExhausted("the time budget of 5 s is used up"), Verdict.UNTESTABLE, "before the first check"),
        (Untestable("it left too much without an answer"), Verdict.UNTESTABLE, "too much without an answer"),
    ],
)
def test_every_check_says_what_discovery_met(
    error: Exception, verdict: Verdict, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda *_: (200, {})) as url:
        run = opened(error, tmp_path, url, monkeypatch)
        check = load_checks()[0].checks[SLUG]
        run.plan_items([(check, None)])
        result = run.execute(check, None)
        assert result.verdict is verdict
        assert words in result.reason
        run.close(3)
        run.finish()
    document = decode((tmp_path / "evidence" / "evidence.json").read_bytes())
    assert [each.verdict for each in document.checks] == [str(verdict)]


def test_what_somebody_asked_for_wrongly_stays_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda *_: (200, {})) as url, pytest.raises(UsageError, match="no such model"):
        opened(EndpointError("no such model"), tmp_path, url, monkeypatch)
    assert not (tmp_path / "evidence").exists()
