"""``art15 show``: one exchange or one body of a bundle, by its digest or the beginning of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.bundle.store import store_of
from harness.cli import main
from tests.reports import factory

HOSTILE = b"{}\x1b[2J\xff"


@pytest.fixture
def bundle(tmp_path: Path) -> tuple[Path, str, str]:
    """A bundle, the digest of an exchange, and that of its answer."""
    made = factory.start(tmp_path / "evidence")
    exchange = made.exchange(b'{"id": "a"}', HOSTILE)
    made.journal.close()
    body = next(
        digest for digest, suffix in store_of(made.folder) if store_of(made.folder).get(digest, suffix) == HOSTILE
    )
    return made.folder, exchange, body


def show(digest: str, folder: Path) -> tuple[int, bytes]:
    done = CliRunner().invoke(main, ["show", digest, str(folder)])
    return done.exit_code, done.stdout_bytes or done.output_bytes


@pytest.mark.parametrize("signs", [8, 12, 64])
def test_an_exchange_is_shown_with_the_line_that_repeats_it(bundle: tuple[Path, str, str], signs: int) -> None:
    folder, exchange, _ = bundle
    code, said = show(exchange[:signs], folder)
    assert code == 0
    lines = said.decode().splitlines()
    assert "POST http://127.0.0.1:8080/v2/models/iris/infer HTTP/1.1" in lines
    assert "HTTP/1.1 200 OK" in lines
    assert '{"id": "a"}' in lines
    assert b"repeat: curl -sS" in said
    assert b"\x1b" not in said


def test_a_body_is_written_byte_by_byte(bundle: tuple[Path, str, str]) -> None:
    folder, _, body = bundle
    assert show(body, folder) == (0, HOSTILE)


@pytest.mark.parametrize(
    ("digest", "why"),
    [
        ("00", b"at least 8 signs"),
        ("0" * 64, b"holds nothing"),
        ("../../etc/passwd", b"holds nothing"),
        ("\x1b[2Jxxxxx", b""),
    ],
)
def test_what_is_not_there_is_told_in_one_line(bundle: tuple[Path, str, str], digest: str, why: bytes) -> None:
    code, said = show(digest, bundle[0])
    assert code == 1
    assert why in said
    assert b"\x1b" not in said
    assert said.count(b"\n") == 1


def test_a_folder_that_is_no_bundle(tmp_path: Path) -> None:
    code, said = show("0" * 64, tmp_path)
    assert code == 1
    assert b"No such file" in said
