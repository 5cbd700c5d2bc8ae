"""What is seen in single answers, in both directions: what must be found, and what is nobody's fault."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

import pytest

from harness.judging.passive.looks import look_at
from harness.judging.passive.texts import HEAD, TAIL
from harness.record.exchange import Exchange, Failure
from tests.costs import cost
from tests.harness.judging.passive.answers import INFER, JSON, PYTHON, grpc, rest

PLAIN = (("Content-Type", "text/plain"),)
PAGE = (("Content-Type", "text/html"),)
OBJECT = {"error": "x is no input"}
METADATA = INFER.removesuffix("/infer")
INFERENCE = {"model_name": "iris", "outputs": [{"name": "y", "datatype": "BYTES", "shape": [1], "data": [PYTHON]}]}


def roots(exchange: Exchange, intent: str = "invalid") -> set[str]:
    """The root causes seen."""
    return {look.root for look in look_at(exchange, intent)[0]}  # type: ignore[arg-type]


FOUND = {
    "a stack in an error": (rest(400, {"error": PYTHON}), {"discloses:stack trace"}),
    "a stack in a 405": (rest(405, {"error": PYTHON}, method="GET"), {"discloses:stack trace"}),
    "a stack in a header": (
        rest(400, OBJECT, headers=(*JSON, ("X-Debug", PYTHON.replace("\n", " ")))),
        {"discloses:stack trace"},
    ),
    "a stack in a page of 200": (
        rest(200, PYTHON.encode(), url="http://h/debug", method="GET", headers=PLAIN),
        {"discloses:stack trace"},
    ),
    "a stack in an error of 200": (rest(200, {"error": PYTHON}), {"discloses:stack trace"}),
    "a stack at the end of a long page": (
        rest(404, b"x" * 100_000 + PYTHON.encode(), url="http://h/x", headers=PLAIN),
        {"discloses:stack trace"},
    ),
    "a stack in an event": (
        rest(
            200,
            f"data: {json.dumps({'error': PYTHON})}\n\n".encode(),
            url=f"{METADATA}/generate_stream",
            headers=(("Content-Type", "text/event-stream"),),
        ),
        {"discloses:stack trace"},
    ),
    "a key in an error": (rest(400, {"error": "AKIAIOSFODNN7EXAMPLE"}), {"discloses:secret"}),
    "a key in metadata": (
        rest(200, {"key": "AKIAIOSFODNN7EXAMPLE"}, url=METADATA, method="GET"),
        {"secret-in:metadata"},
    ),
    "a 500": (rest(500, OBJECT), {"server-error-for-client-mistake:500"}),
    "a 500 to GET": (rest(500, OBJECT, method="GET"), {"server-error-for-odd-request:another verb"}),
    "a 500 to a query": (rest(500, OBJECT, url=f"{INFER}?a=1"), {"server-error-for-odd-request:a query"}),
    "a 500 to POST on health": (
        rest(500, OBJECT, url="http://127.0.0.1:8080/v2/health/live"),
        {"server-error-for-odd-request:another verb"},
    ),
    "an object without error": (rest(422, {"detail": []}), {"error-object-missing:422:members-detail"}),
    "413 with an empty body": (rest(413, b"", headers=()), {"error-object-missing:413:body-empty"}),
    "an error object in plain text": (rest(400, OBJECT, headers=PLAIN), {"error-label:text/plain"}),
    "markup echoed": (
        rest(404, b"no <img src=x onerror=a()>", url="http://h/v2/%3Cimg%20src%3Dx%20onerror%3Da()%3E", headers=PAGE),
        {"markup-echoed"},
    ),
    "a stack in details": (grpc("INTERNAL", PYTHON), {"discloses:stack trace", "grpc-client-mistake:INTERNAL"}),
    "a stack in binary details": (
        grpc(
            "NOT_FOUND",
            "no",
            trailers=(
                ("grpc-status", "5"),
                ("grpc-status-details-bin", base64.b64encode(b"\x08\x05" + PYTHON.encode()).decode()),
            ),
        ),
        {"discloses:stack trace"},
    ),
    "no details": (grpc("NOT_FOUND", " "), {"grpc-status-without-details"}),
}


@pytest.mark.parametrize("name", FOUND)
def test_found(name: str) -> None:
    exchange, wanted = FOUND[name]
    assert roots(exchange) == wanted


def test_a_500_to_a_valid_request_is_a_cause_of_its_own() -> None:
    assert roots(rest(500, OBJECT), "valid") == {"server-error-for-valid-request:500"}
    assert roots(grpc("INTERNAL", "bad"), "valid") == {"grpc-valid-call:INTERNAL"}


FRONT = (("Server", "nginx"), ("Content-Type", "text/html"))
LEFT = {
    "an echo model gives a stack back": rest(
        200, INFERENCE, body=json.dumps({"inputs": [{"data": [PYTHON]}]}).encode()
    ),
    "a model writes about stacks": rest(200, INFERENCE),
    "an error quotes the stack that was sent": rest(
        400, {"error": f"no model {PYTHON}"}, body=json.dumps({"id": PYTHON}).encode()
    ),
    "an error names its own path": rest(
        404, {"error": "no /home/ann/model.pkl"}, url="http://h/v2/%2Fhome%2Fann%2Fmodel.pkl"
    ),
    "an error names the place in the request": rest(400, {"error": "at /inputs/0/data: POST /v2/models/iris/infer"}),
    "a token of ours comes back": rest(
        401,
        {"error": "Authorization: Bearer 7f3a9c21d4e8b6a0 is not known"},
        request_headers=(("Authorization", "Bearer 7f3a9c21d4e8b6a0"),),
    ),
    "a cookie for us": rest(
        400, OBJECT, headers=(*JSON, ("Set-Cookie", f"s=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{'s' * 43}"))
    ),
    "metadata with a path": rest(200, {"platform": "/opt/models/iris/model.pkl"}, url=METADATA, method="GET"),
    "not ready": rest(500, b"", url=f"{METADATA}/ready", method="GET", headers=(), body=b""),
    "not live": rest(500, b"", url="http://h/v2/health/live", method="GET", headers=(), body=b""),
    "a proxy without a server behind it": rest(502, b"<html>", headers=FRONT),
    "a gate": rest(401, b"no", headers=PLAIN),
    "too many": rest(429, b"", headers=()),
    "a limit of a proxy": rest(413, b"<html>", headers=FRONT),
    "an unknown path": rest(404, b"<html>", url="http://h/nothing", headers=PAGE),
    "a name that no router takes": rest(400, b"<html>", url=f"{METADATA}%00/infer", headers=PAGE),
    "a parser that refuses a header": rest(
        400, b"bad header", request_headers=(*JSON, ("X-Long", "x" * 5000)), headers=PLAIN
    ),
    "bytes that are no HTTP": rest(400, b"Invalid HTTP request received.", version="raw", headers=PLAIN),
    "an answer that was cut": rest(400, b"{", error=Failure("closed", "closed")),
    "a refusal": rest(400, OBJECT),
    "a refusal as problem+json": rest(400, OBJECT, headers=(("Content-Type", "application/problem+json"),)),
    "bytes that are no message": grpc("INTERNAL", "Exception deserializing request!", body=b"\xff\xff\xff"),
    "not ready over gRPC": grpc("UNKNOWN", "no", method="ModelReady"),
    "a status of HTTP alone": grpc("UNKNOWN", "HTTP status 500 and no gRPC status", trailers=()),
    "a refusal over gRPC": grpc("INVALID_ARGUMENT", "x is no input"),
    "OK over gRPC": grpc("OK", trailers=(("grpc-status", "0"),)),
}


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    assert roots(LEFT[name]) == set()


HOSTILE: Iterable[str] = (
    "eyJaaaaaaaaaaaa-" * 4000,
    "at aaa(b) in Ax:" * 4000,
    "/usr/" + "a/" * 30_000,
    "a_" * 30_000 + "password",
    "aaaa://" * 9000,
    "<a " * 20_000,
    "a-" * 30_000 + ".cluster.loca",
    "at a.b" * 10_000 + "(",
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(list(HOSTILE))))
def test_no_text_holds_the_run_up(text: str) -> None:
    exchange = rest(400, {"error": text})
    assert cost(lambda: look_at(exchange, "invalid")) < 0.5


def test_so_much_is_looked_at_and_no_more() -> None:
    middle = b"x" * HEAD + PYTHON.encode() + b"x" * TAIL
    assert roots(rest(404, middle, url="http://h/x", headers=PLAIN)) == set()
