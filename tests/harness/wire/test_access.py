"""Access: what is refused, what is sent, and what counts as a secret."""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import pytest

from harness.wire.access import TOKEN_AGAIN, Access, AccessError

SECRET = "s3cr3t-value-0123456789"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "begin with"),
        ("localhost:8080", "begin with"),
        ("ftp://host", "begin with"),
        ("grpc://host:1", "begin with"),
        ("http://", "names no host"),
        ("http://host:99999", "cannot be read"),
        ("http://host:x", "cannot be read"),
        ("http://host:0", "port 0"),
        ("http://[::1", "cannot be read"),
        ("http://host/?q=1", "no query"),
        ("http://host/#f", "no query"),
        ("http://host/a b", "percent-encode"),
        ("http://host\n", "percent-encode"),
        ("http://hôst", "percent-encode"),
    ],
)
def test_urls_that_cannot_work(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refusal:
        Access(url)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "header", [("X", "a\r\nB: c"), ("X\n", "a"), ("", "a"), ("X", "a\0"), ("X Y", "a"), ("X", "€")]
)
def test_headers_that_could_inject_are_refused(header: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="header") as refusal:
        Access("http://host", headers=(header,))
    assert "B: c" not in str(refusal.value)


def test_other_refusals() -> None:
    with pytest.raises(ValueError, match="65537 characters"):
        Access("http://h", token="t" * 65_537)
    with pytest.raises(ValueError, match="not both"):
        Access("http://host", token="a", token_command="b")
    with pytest.raises(ValueError, match="certificate"):
        Access("https://host", key="k.pem")
    with pytest.raises(ValueError, match="authority"):
        Access("http://host", authority="a/b")
    with pytest.raises(ValueError, match="proxy"):
        Access("http://host", proxy="socks5://p:1")
    with pytest.raises(ValueError, match="cannot be used"):
        Access("https://host", ca="/does/not/exist.pem").ssl_context()


def test_prefix_host_and_loopback() -> None:
    access = Access("https://Example.org:8443/a%2Fb/")
    assert (access.address.path, access.address.host, access.address.port) == ("/a%2Fb", "example.org", 8443)
    assert access.address.url == "https://Example.org:8443/a%2Fb"
    assert access.host_header == "Example.org:8443"
    assert Access("http://10.0.0.1", authority="api.example:80").sni == "api.example"
    assert [
        Access(url).is_loopback for url in ("http://127.0.0.9", "http://[::1]:1", "http://localhost", "http://a")
    ] == [
        True,
        True,
        True,
        False,
    ]
    assert not Access("http://localhost", proxy="http://p:1").is_loopback


def test_userinfo_becomes_basic_credentials_and_leaves_the_url() -> None:
    access = Access("http://user:p%40ss-word@host/x")
    assert access.address.url == "http://host/x"
    assert access.headers_now() == (("Authorization", "Basic " + base64.b64encode(b"user:p@ss-word").decode()),)
    assert {"user:p@ss-word", "p@ss-word"} <= set(access.secrets())
    assert "ss-word" not in repr(access)


def test_secrets_of_headers() -> None:
    basic = base64.b64encode(b"me:hunter22").decode()
    access = Access(
        "http://host",
        headers=(("X-Api-Key", "abc"), ("Authorization", f"Basic {basic}"), ("X-Tenant", "staging"), ("X-Odd", SECRET)),
        proxy="http://u:proxypass@p:1",
    )
    assert {"abc", basic, "me:hunter22", "hunter22", SECRET, "proxypass"} <= set(access.secrets())
    assert "staging" not in access.secrets()
    assert access.headers_now() == access.headers


def test_a_token_command_runs_again_only_when_it_must(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = tmp_path / "count"
    script = tmp_path / "token.py"
    script.write_text(
        f"import pathlib\np = pathlib.Path({str(counter)!r})\nn = int(p.read_text()) + 1 if p.exists() else 1\n"
        "p.write_text(str(n))\nprint(f' token-{n} ')\n"
    )
    access = Access("http://host", token_command=f"{sys.executable} {script}")
    assert access.headers_now() == access.headers_now() == (("Authorization", "Bearer token-1"),)
    access.refused()
    assert access.headers_now()[0][1] == "Bearer token-1", "a row of refusals does not run it each time"
    monkeypatch.setattr("harness.wire.access.TOKEN_PATIENCE", -1.0)
    access.refused()
    assert access.headers_now()[0][1] == "Bearer token-2"
    monkeypatch.setattr("harness.wire.access.TOKEN_SECONDS", -1.0)
    assert access.headers_now()[0][1] == "Bearer token-3"
    assert {"token-1", "token-2", "token-3"} <= set(access.secrets())


def test_a_token_command_that_fails_once_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.wire.access.TOKEN_PAUSES", (0.0,))
    script = tmp_path / "token.py"
    script.write_text(
        f"import pathlib\np = pathlib.Path({str(tmp_path / 'ran')!r})\nran = p.exists()\np.touch()\n"
        "print('token') if ran else exit(1)\n"
    )
    access = Access("http://host", token_command=f"{sys.executable} {script}")
    assert access.headers_now() == (("Authorization", "Bearer token"),)


def test_a_token_is_kept_while_the_command_for_the_next_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = tmp_path / "turns"
    script = tmp_path / "token.py"
    script.write_text(
        f"import pathlib\np = pathlib.Path({str(turns)!r})\nn = int(p.read_text()) + 1 if p.exists() else 1\n"
        "p.write_text(str(n))\nexit(1) if n == 2 else print(f'token-{n}')\n"
    )
    access = Access("http://host", token_command=f"{sys.executable} {script}")
    assert access.headers_now()[0][1] == "Bearer token-1"
    monkeypatch.setattr("harness.wire.access.TOKEN_SECONDS", -1.0)
    assert access.headers_now()[0][1] == "Bearer token-1"
    assert access.headers_now()[0][1] == "Bearer token-1", "not run again at once"
    assert turns.read_text() == "2"
    monkeypatch.setattr("harness.wire.access.TOKEN_SECONDS", -1.0 - TOKEN_AGAIN)
    assert access.headers_now()[0][1] == "Bearer token-3"


def test_a_token_command_is_run_once_for_both_transports(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = tmp_path / "token.py"
    script.write_text(f"open({str(log)!r}, 'a').write('x')\nprint('token')\n")
    access = Access("http://host", token_command=f"{sys.executable} {script}")
    assert access.headers_now() == access.beside("http://host:81").headers_now()
    assert log.read_text() == "x"


@pytest.mark.parametrize("command", ["/does/not/exist", "false", "true", "'unbalanced"])
def test_a_token_command_that_fails_says_so_without_its_text(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.wire.access.TOKEN_PAUSES", (0.0,))
    with pytest.raises(AccessError) as refusal:
        Access("http://host", token_command=f"{command} {SECRET}").headers_now()
    assert SECRET not in str(refusal.value)
