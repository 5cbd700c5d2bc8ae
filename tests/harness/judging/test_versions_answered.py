"""Why several versions answered where none was asked for: only what comes again is told against anybody."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.drills.injector import Injector
from harness.judging.origin import versions as module
from harness.judging.origin.versions import ONE
from harness.judging.passive.versions import VersionSeen
from harness.probing.replicas.glances import DIFFER, VERSION
from harness.probing.told import ToldViolations


def reason(
    monkeypatch: pytest.MonkeyPatch, now: dict[str, str], *, turns: int = 5, root: str = "", drills: bool = False
) -> tuple[str, bool]:
    """What is said, and whether anything is shown, where sent again, the first requests name these versions."""
    told = ToldViolations()
    if root:
        told.add("failover-connections-agree[m]", ONE, root, None)
    memory = SimpleNamespace(of=lambda _: told, find=lambda kind: object() if drills and kind is Injector else None)
    probe: Any = SimpleNamespace(endpoint=SimpleNamespace(memory=memory))
    answers = {name: [SimpleNamespace(ok=True, version=version) for version in told] for name, told in now.items()}
    monkeypatch.setattr(module, "again", lambda _, first, times: answers[first][:times])
    monkeypatch.setattr(module, "version_of", lambda exchange: exchange.version)
    seen: Any = {name: VersionSeen(first=name, count=9) for name in now}  # type: ignore[arg-type]
    words, shown = module._reason(probe, seen, turns)
    return words, shown is not None


def test_a_version_that_depends_on_the_request_or_on_chance_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reason(monkeypatch, {"1": "111", "2": "222"}) == (
        "sent again, each request gets its version again: it depends on the request", True
    )  # fmt: skip
    assert reason(monkeypatch, {"1": "121", "2": "222"}) == (
        "sent again, the same request is answered by several versions", True
    )  # fmt: skip


@pytest.mark.parametrize(("turns", "words"), [(1, "it was changed while it was tested"), (5, "all answered by one")])
def test_a_version_that_was_put_in_service_is_held_against_nobody(
    monkeypatch: pytest.MonkeyPatch, turns: int, words: str
) -> None:
    told, shown = reason(monkeypatch, {"1": "222", "2": "222"}, turns=turns)
    assert words in told
    assert not shown


def test_what_another_check_has_told_or_a_drill_may_have_changed_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"1": "111", "2": "222"}
    assert reason(monkeypatch, both, root=f"{DIFFER}:{VERSION}")[1] is False
    assert reason(monkeypatch, both, root="another")[1] is True
    assert reason(monkeypatch, both, drills=True)[1] is False
    assert reason(monkeypatch, {"1": "", "2": ""})[1] is False
