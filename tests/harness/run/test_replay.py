"""Replaying a bundle in this process: exit codes, what is said, what is never sent or shown."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.run.bundles.recordings import recorded_before
from harness.run.bundles.replay import NOT_REPRODUCED, NOTHING, REPRODUCED, ReplayRequest, replay
from harness.run.options import Options, UsageError
from reports.bundle import finish
from tests.harness.probing.flawed import flawed
from tests.packs import position, redacted, repacked
from tests.reports import factory

SLUG = "rest-infer-echoes-id"
TOKEN = "token-of-today"
LOST = b'{"model_name":"iris","outputs":[]}'


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished bundle."""
    folder = tmp_path_factory.mktemp("bundle") / "evidence"
    folder.mkdir()
    factory.finished(folder)
    finish(folder)
    return folder


def run(folder: Path, url: str, slug: str = SLUG, token: str = TOKEN, **changes: Any) -> tuple[int, str]:
    """Exit code and everything said."""
    said: list[str] = []
    environ = {"ART15_TOKEN": token} if token else {}
    code = replay(ReplayRequest(folder, slug, options=Options(endpoints=(url,)), **changes), said.append, environ)
    return code, "\n".join(said)


def test_each_counterexample_comes_again(sealed: Path) -> None:
    bodies: list[bytes] = []

    def answer(body: bytes, number: int) -> tuple[int, bytes]:
        assert number == 1
        bodies.append(body)
        return 200, LOST

    with flawed(answer) as url:
        code, said = run(sealed, url, times=4)
    assert code == REPRODUCED, said
    assert "came again 4 of 4 times" in said
    # Two counterexamples of one exchange are one request.
    assert len(bodies) == 4
    assert len(set(bodies)) == 1


def test_one_that_comes_now_and_then(sealed: Path) -> None:
    answers = iter([LOST, b'{"id":"a","outputs":[1]}', LOST])
    with flawed(lambda _, __: (200, next(answers))) as url:
        code, said = run(sealed, url)
    assert code == NOT_REPRODUCED
    assert "came again 2 of 3 times" in said
    assert "--with-before" in said


def test_those_before_it_go_first_on_one_connection(sealed: Path) -> None:
    def poisoned(_: bytes, number: int) -> tuple[int, bytes]:
        return 200, LOST if number > 1 else b'{"id":"a","outputs":[1]}'

    with flawed(poisoned) as url:
        code, said = run(sealed, url, before=5)
    assert code == REPRODUCED, said
    assert "came again 0 of 3 times" in said
    assert "came again 3 of 3 times" in said


def test_what_was_before(sealed: Path) -> None:
    sent = [
        (line["data"]["n"], line["data"]["sha256"])
        for line in map(json.loads, (sealed / "journal.jsonl").read_bytes().splitlines())
        if line["kind"] == "exchange"
    ]
    assert recorded_before(sealed, sent[-1][1], 2) == [sha256 for _, sha256 in sent[-3:-1]]
    assert recorded_before(sealed, sent[0][1], 2) == []
    assert recorded_before(sealed, "f" * 64, 2) == []


def test_the_terminal_is_told_nothing_that_it_would_obey(sealed: Path) -> None:
    with flawed(lambda _, __: (500, b"\x1b[2J")) as url:
        code, said = run(sealed, url, "rest-infer-errors-are-json", times=1)
    assert code == NOT_REPRODUCED
    assert not {"\x1b", "\u202e", "\0"} & set(said)


def test_nothing_to_replay(sealed: Path) -> None:
    code, said = run(sealed, "http://127.0.0.1:9", "rest-repeat-gives-same-answer")
    assert code == NOTHING
    assert "nothing to replay" in said


def test_what_cannot_be_sent_is_said(sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle in which the body of the counterexample was redacted."""
    folder = tmp_path / "evidence"
    shutil.copytree(sealed, folder)
    document = json.loads((folder / "evidence.json").read_bytes())
    case = next(each["counterexamples"][0] for each in document["checks"] if each["slug"] == SLUG)
    sha256 = repacked(folder, redacted, position(folder, case["exchange"]))
    assert sha256 is not None
    text = (folder / "evidence.json").read_text().replace(case["exchange"], sha256)
    (folder / "evidence.json").write_text(text)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["evidence_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UsageError, match=r"a counterexample of .* that journal\.jsonl does not have"):
        run(folder, "http://127.0.0.1:9")
    monkeypatch.setattr("harness.run.bundles.recordings._hold_against_journal", lambda *_: None)
    code, said = run(folder, "http://127.0.0.1:9")
    assert code == NOTHING
    assert "cannot be sent again: its body was redacted" in said


@pytest.mark.parametrize("name", ["evidence.json", "manifest.json"])
def test_a_bundle_that_is_not_whole_is_refused(sealed: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "evidence"
    shutil.copytree(sealed, folder)
    (folder / name).write_bytes((folder / name).read_bytes().replace(b"iris", b"isis").replace(b"run_id", b"run_1d"))
    with pytest.raises(UsageError):
        run(folder, "http://127.0.0.1:9")


def test_an_unknown_check_is_refused_with_those_there_are(sealed: Path) -> None:
    with pytest.raises(UsageError, match=SLUG):
        run(sealed, "http://127.0.0.1:9", "no-such-check")


def test_a_redacted_token_is_asked_for(sealed: Path) -> None:
    code, said = run(sealed, "http://127.0.0.1:9", token="")
    assert code == NOTHING
    assert "its header Authorization was redacted: set ART15_TOKEN" in said


def test_the_token_of_today_is_not_shown(sealed: Path) -> None:
    with flawed(lambda _, __: (500, b'{"error": "not for token-of-today"}')) as url:
        _, said = run(sealed, url)
    assert TOKEN not in said


def test_the_token_goes_only_where_the_user_says(sealed: Path) -> None:
    said: list[str] = []
    replay(ReplayRequest(sealed, SLUG), said.append, {"ART15_TOKEN": TOKEN})
    assert "without ART15_TOKEN: name the address with --endpoint" in said[0]
    for options in (Options((), headers=["X-Api-Key: k"]), Options((), token_command="echo t")):
        with pytest.raises(UsageError, match="name the address as well"):
            replay(ReplayRequest(sealed, SLUG, options=options), said.append, {})


def test_messages_are_printed_where_somebody_asks(sealed: Path) -> None:
    with flawed(lambda _, __: (200, LOST)) as url:
        _, brief = run(sealed, url, times=2)
        _, said = run(sealed, url, times=2, show=True)
    assert "answered" not in brief
    assert said.count("      sent, ") == said.count("      answered then, ") == 1
    assert said.count("      answered now, ") == 2
    assert '        {"id":"a","inputs"' in said
