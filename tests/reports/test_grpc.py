"""gRPC calls in the document and on the page: told from HTTP, readable, and sent again by a command line."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import pytest

from harness.bundle.exchange import decode
from harness.bundle.places import PACK
from harness.bundle.store import store_of
from reports.bundle import finish
from reports.document.build import build
from reports.evidence import Counterexample
from reports.page.messages import readable
from reports.verification.verify import verify
from tests.reports import factory
from tests.reports.reading import Page

MESSAGE = b"\n\x04nope"
READABLE = '{"model_name": "nope"}'
NOT_FOUND = (5, "NOT_FOUND", "unknown model 'nope'")


def shown(bundle: factory.Bundle, digest: str) -> Counterexample:
    """The exchange as the one counterexample of a check."""
    bad = [factory.counterexample("r", ["GRPC-INF-01"], digest)]
    line = factory.check(
        "grpc-a-holds", "fail", clauses=[("GRPC-INF-01", "must", "fail")], transport="grpc", counterexamples=bad
    )
    bundle.journal.append("check", line)
    return build(bundle.folder).checks[-1].counterexamples[0]


def case(folder: Path, *arguments: Any, **named: Any) -> Counterexample:
    bundle = factory.start(folder, transports=["rest", "grpc"])
    return shown(bundle, bundle.call(*arguments, **named))


def test_a_call_is_told_from_http_and_shown_in_readable_form(tmp_path: Path) -> None:
    example = case(tmp_path, MESSAGE, rpc=NOT_FOUND, texts=(READABLE, None), trailers=[["x-seen", "1"]])
    sent, back = example.request, example.response
    assert sent is not None
    assert back is not None
    assert sent.line == "POST http://127.0.0.1:8001/inference.GRPCInferenceService/ModelInfer HTTP/2 (gRPC)"
    assert (sent.body, sent.shown_as, sent.body_bytes, sent.truncated) == (READABLE, "text", len(MESSAGE), False)
    assert sent.body_sha256 is not None
    assert store_of(tmp_path).get(sent.body_sha256, "body") == MESSAGE
    assert back.line == "gRPC status 5 NOT_FOUND: unknown model 'nope'"
    assert back.headers == [("content-type", "application/grpc"), ("trailer x-seen", "1")]
    assert (back.body, back.shown_as, back.body_bytes) == ("", "empty", 0)


@pytest.mark.parametrize("text", [None, "", "a\x1b[31mb"])
def test_without_a_readable_form_a_message_is_hexadecimal(tmp_path: Path, text: str | None) -> None:
    message = b"\n " + b"a" * 32  # a field of 32 letters, every byte of it plain text
    example = case(tmp_path, message, message, texts=(text, text))
    for side in (example.request, example.response):
        assert side is not None
        assert (side.shown_as, side.body[:8], side.body_bytes) == ("hex", "0a 20 61", 34)


def test_the_page_of_a_proxy_is_no_message(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path, transports=["grpc"])
    digest = bundle.call(MESSAGE, b"<h1>Bad gateway</h1>", rpc=(14, "UNAVAILABLE", "HTTP status 502"))
    data = store_of(tmp_path).get(digest, "json")
    request, member, response = data.partition(b'"response"')
    altered = request + member + response.replace(b"application/grpc", b"text/html")
    back = shown(bundle, bundle.pack(decode(altered), (MESSAGE, b"<h1>Bad gateway</h1>"))).response
    assert back is not None
    assert (back.line, back.body) == ("gRPC status 14 UNAVAILABLE: HTTP status 502", "<h1>Bad gateway</h1>")
    assert "Bad gateway" in Page(finish(tmp_path).with_name("annex.html").read_text()).words
    assert not readable(back)


def test_a_long_readable_form_is_cut(tmp_path: Path) -> None:
    example = case(tmp_path, MESSAGE, texts=("ä" * 5000, None))
    assert example.request is not None
    assert (len(example.request.body), example.request.truncated) == (2048, True)


def test_a_missing_message_is_told_though_its_readable_form_is_there(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    digest = bundle.call(MESSAGE, texts=(READABLE, None))
    first = (tmp_path / PACK).stat().st_size
    digest = bundle.call(MESSAGE, texts=(READABLE, None))
    (tmp_path / PACK).write_bytes((tmp_path / PACK).read_bytes()[first:])
    example = shown(bundle, digest)
    assert example.request is not None
    assert example.request.body == READABLE
    assert any("the body is missing" in row.reason for row in build(tmp_path).silence)


@pytest.mark.parametrize(
    ("named", "line"),
    [
        ({"rpc": (0, "OK", "")}, "gRPC status 0 OK"),
        ({"rpc": (13, "INTERNAL", "first\r\nline: 2")}, "gRPC status 13 INTERNAL: first‹U+000D›‹U+000A›line: 2"),
        ({"rpc": None}, "no gRPC status"),
        ({"received": None}, "no response: timeout: no status within 10 s"),
    ],
)
def test_how_a_call_ended(tmp_path: Path, named: dict[str, Any], line: str) -> None:
    back = case(tmp_path, **named).response
    assert back is not None
    assert back.line == line


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        ("application/grpc", True),
        ("application/grpc+proto", True),
        ("Application/gRPC; x=1", True),
        ("application/grpc-web", False),
        ("application/json", False),
    ],
)
def test_a_call_is_recognised_by_its_content_type(tmp_path: Path, kind: str, call: bool) -> None:
    bundle = factory.start(tmp_path)
    # A record in which nothing else tells: no status from the server.
    digest = bundle.call(MESSAGE, None)
    altered = store_of(tmp_path).get(digest, "json").replace(b"application/grpc", kind.encode())
    digest = bundle.pack(decode(altered), (MESSAGE, b""))
    request = shown(bundle, digest).request
    assert request is not None
    assert request.line.endswith("(gRPC)") is call


def piped(curl: str, folder: Path, shell: str) -> bytes:
    """What the command hands to curl, run by a shell in which curl only keeps its input."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = [shell, "-c", f"curl() {{ cat > got; }}; {curl}"]
    subprocess.run(command, check=True, cwd=folder, env={**os.environ, "PATH": path})
    return (folder / "got").read_bytes()


@pytest.mark.parametrize("shell", ["sh", "bash"])
# Lengths whose bytes mean something to printf: none, a per cent sign, a backslash, a quote, beyond ASCII, four bytes.
@pytest.mark.parametrize("size", [0, 6, 0x25, 0x5C, 0x27, 0xFF, 0x2564, 0x010A0D])
def test_curl_is_given_the_frame_and_the_message(tmp_path: Path, size: int, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} on this machine")
    message = (bytes(range(256)) * (size // 256 + 1))[:size]
    curl = case(tmp_path, message).curl
    assert curl is not None
    assert piped(curl, tmp_path, shell) == b"\0" + size.to_bytes(4, "big") + message


def test_curl_says_what_grpc_needs(tmp_path: Path) -> None:
    curl = case(tmp_path, MESSAGE, metadata=[["x-tenant", "a b"], ["user-agent", "grpc-python/1"]]).curl
    assert curl is not None
    words = shlex.split(curl)
    assert words[:3] == ["printf", r"\000\000\000\000\006\012\004nope", "|"]
    assert words[words.index("curl") :] == [
        *("curl", "-sS", "--http2-prior-knowledge"),
        *("-H", "content-type: application/grpc", "-H", "te: trailers"),
        *("-H", "Authorization: Bearer $ART15_TOKEN", "-H", "x-tenant: a b"),
        *("--data-binary", "@-", "-o", "/dev/null", "-D", "-"),
        "http://127.0.0.1:8001/inference.GRPCInferenceService/ModelInfer",
    ]
    assert '-H "Authorization: Bearer $ART15_TOKEN"' in curl
    assert "[redacted]" not in curl


def test_curl_over_tls_and_with_another_authority(tmp_path: Path) -> None:
    pseudo = [[":authority", "models.example"], [":path", "/x"], ["grpc-timeout", "9S"]]
    curl = case(tmp_path, MESSAGE, metadata=pseudo, base="https://[::1]:8001").curl
    assert curl is not None
    words = shlex.split(curl)
    assert words[words.index("-sS") + 1 : words.index("-H")] == ["--http2", "--globoff"]
    assert "host: models.example" in words
    assert "grpc-timeout: 9S" in words
    assert not any(word.startswith(":path") for word in words)


def test_curl_of_hostile_metadata_runs_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    bundle = factory.start(tmp_path)
    curl = shown(
        bundle, bundle.call(MESSAGE, metadata=[["x-a", f"';touch {marker};$(touch {marker})`touch {marker}`"]])
    ).curl
    assert curl is not None
    assert piped(curl, tmp_path, "sh").endswith(MESSAGE)
    assert not marker.exists()
    assert shown(bundle, bundle.call(MESSAGE, metadata=[["x-a", "line\nline"]])).curl is None


def answers(details: str, pool: futures.Executor) -> Any:
    """A server that knows no model: it echoes the length of the message in its trailers."""
    grpc = pytest.importorskip("grpc")

    def infer(message: bytes, context: Any) -> bytes:
        context.set_trailing_metadata((("x-length", str(len(message))),))
        if message:
            context.abort(grpc.StatusCode.NOT_FOUND, details)
        return b"\x08\x01"

    handler = grpc.unary_unary_rpc_method_handler(infer)  # without serialisers: the bytes of the message
    server = grpc.server(pool)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("inference.GRPCInferenceService", {"ModelInfer": handler}),)
    )
    return server


@pytest.fixture
def endpoint() -> Iterator[str]:
    """The base URL of a real gRPC server."""
    with futures.ThreadPoolExecutor(1) as pool:
        server = answers("unknown model", pool)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"http://127.0.0.1:{port}"
        server.stop(0).wait()


def has_http2() -> bool:
    if shutil.which("curl") is None:
        return False
    return "HTTP2" in subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(not has_http2(), reason="no curl with HTTP/2 on this machine")
@pytest.mark.parametrize(
    ("message", "printed"),
    [
        (MESSAGE, ["grpc-status: 5", "grpc-message: unknown model", "x-length: 6"]),
        (b"", ["grpc-status: 0", "x-length: 0"]),
    ],
)
def test_curl_prints_the_status_of_a_real_server(
    tmp_path: Path, endpoint: str, message: bytes, printed: list[str]
) -> None:
    curl = case(tmp_path, message, base=endpoint).curl
    assert curl is not None
    done = subprocess.run(["sh", "-c", curl], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30)
    assert set(printed) <= set(done.stdout.splitlines())


def filled(folder: Path) -> Page:
    """A page with calls that hold hostile text wherever a server can put it."""
    bundle = factory.start(folder, transports=["rest", "grpc"])
    factory.fill(bundle)
    digest = bundle.call(
        MESSAGE,
        MESSAGE,
        rpc=(5, "NOT_FOUND", factory.HOSTILE),
        texts=(READABLE, f'{{"error": {factory.HOSTILE!r}}}'),
        trailers=[["x-evil", factory.HOSTILE]],
    )
    shown(bundle, digest)
    bundle.journal.append("close", {"exit_code": 1})
    bundle.journal.close()
    return Page(finish(folder).with_name("annex.html").read_text())


def test_a_page_with_calls_runs_nothing(tmp_path: Path) -> None:
    page = filled(tmp_path)
    assert page.tags.isdisjoint({"script", "iframe"})
    assert all(each.startswith("data:image/") for each in page.sources)
    assert not any(name == "style" or name.startswith("on") for name in page.attributes)
    assert page.open == []
    assert "gRPC status 5 NOT_FOUND: </pre><script>alert(1)</script>" in page.words
    assert "trailer x-evil: </pre><script>" in page.words
    assert "user‹U+202E›nimda" in page.words
    assert verify(tmp_path).problems == []


def test_a_page_says_what_a_call_is_and_how_to_follow_it(tmp_path: Path) -> None:
    words = filled(tmp_path).words
    assert "ModelInfer HTTP/2 (gRPC)" in words
    assert "6 bytes of binary message, shown in readable form" in words
    assert r"printf '\000\000\000\000\006\012\004nope' | curl" in words
    assert words.count("Needs a curl with HTTP/2.") == words.count(r"printf '\000")
    assert "Transports triedREST, gRPC" in words
    assert "over gRPC" in words


def test_totals_count_a_refusal_as_an_answer(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    for rpc in ((0, "OK", ""), NOT_FOUND):
        bundle.call(MESSAGE, rpc=rpc)
    bundle.call(MESSAGE, None)
    run = build(tmp_path).run
    assert (run.requests, run.requests_failed, run.redactions) == (3, 1, 3)


def first_screen(folder: Path) -> str:
    return Page(finish(folder).with_name("annex.html").read_text()).words.partition(
        "What this report does not show Silence is"
    )[0]


@pytest.mark.parametrize(
    ("transports", "said", "unsaid"),
    [
        (
            ["rest"],
            [
                "Tested over: REST.",
                "Not tested: no gRPC address given (--oip-grpc HOST:PORT): 2 clauses of gRPC alone",
                "2 of them MUST, left open. They are named under What this report does not show.",
            ],
            ["no REST address"],
        ),
        (
            ["grpc"],
            [
                "Tested over: gRPC.",
                "Not tested: no REST address given (--endpoint URL): 11 clauses of REST alone, 7 of",
            ],
            ["no gRPC address"],
        ),
        (["rest", "grpc"], ["Tested over: REST and gRPC."], ["Not tested:"]),
        ([], ["no REST address", "no gRPC address"], ["Tested over"]),
    ],
)
def test_the_first_screen_names_the_transports(
    tmp_path: Path, transports: list[str], said: list[str], unsaid: list[str]
) -> None:
    factory.start(tmp_path, transports=transports)
    words = first_screen(tmp_path)
    for text in said:
        assert text in words
    for text in unsaid:
        assert text not in words


def test_clauses_of_a_transport_without_address_are_not_tested_and_say_why(tmp_path: Path) -> None:
    factory.start(tmp_path, transports=["rest"])
    page = Page(finish(tmp_path).with_name("annex.html").read_text())
    untried = "not tested: no gRPC address given (--oip-grpc HOST:PORT)"
    for clause in ("GRPC-META-01gRPC, metadata", "GRPC-INF-01gRPC, inference"):
        row = page.words.partition(clause)[2][:200]
        assert row.lstrip().startswith("– not tested")
        assert untried in row
    assert page.words.count(untried) == 2


def test_both_transports_leave_no_row_of_silence(tmp_path: Path) -> None:
    factory.start(tmp_path, transports=["rest", "grpc"])
    assert not [row for row in build(tmp_path).silence if row.subject.startswith("Transport")]
