"""REST: all is well until an inference is asked for; then the answer, whole and framed well, is the hostile part."""

from __future__ import annotations

import functools
import gzip
import itertools
import random
import zlib
from collections.abc import Callable

from .listings import QUADRATIC, late
from .scenario import Scenario, rest
from .service import Part, Request, answer, dump, said, status

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJob3N0aWxlLWtpdCIsImFkbWluIjp0cnVlfQ.c2lnbmF0dXJlLW9mLXRoZS1raXQ"
MEBIBYTE = 1 << 20


def infer(part: Part | bytes) -> Scenario:
    """Every inference gets this."""
    return rest(infer=part)


def _coded(coding: bytes, make: Callable[[], bytes]) -> Scenario:
    made = functools.cache(make)
    return infer(lambda _: said(made(), *([b"Content-Encoding: " + coding] if coding else [])))


def _brackets(mebibytes: int) -> bytes:
    return b'{"outputs":[' + b"[]," * (mebibytes * MEBIBYTE // 3) + b"[]]}"


def _layers(count: int) -> bytes:
    body = answer()
    for _ in range(count):
        body = gzip.compress(body)
    return body


def _growing() -> Part:
    count = itertools.count(1)
    return lambda _: said(answer(parameters={"more": "m" * (65536 * next(count))}))


def _random() -> Part:
    drawn = random.Random(15)
    return lambda _: said(drawn.randbytes(drawn.randrange(100_000)))


def _distinct() -> Part:
    """Never the same answer, each as large as is let in, and none can be compressed."""
    drawn = random.Random(15)
    return lambda _: said(b'{"outputs":[],"x":"' + drawn.randbytes(7_900_000).hex().encode() + b'"}')


def _says(text: str, times: int = 1) -> Part:
    return lambda _: status(400, dump({"error": text * times}))


def _tells(request: Request) -> bytes:
    """A helpful message about credentials."""
    token = request.header(b"authorization").decode("latin-1")
    return status(401, dump({"error": f"the bearer token is not valid: {token}"}), b"X-Seen: " + token.encode())


def _hides(request: Request) -> bytes:
    token = request.header(b"authorization").split(b" ")[-1]
    return said(gzip.compress(dump({"error": token.hex(), "also": token.decode()[::-1]})))


def _lists(request: Request) -> bytes:
    return said(dump([{"name": request.header(b"authorization").decode("latin-1").split(" ")[-1]}, {"name": "m"}]))


def _of(**output: object) -> bytes:
    return answer({"name": "y", "datatype": "FP32", "shape": [1, 4], "data": [1.0, 2.0, 3.0, 4.0], **output})


def _number(text: bytes) -> bytes:
    return _of(data=["@"]).replace(b'"@"', text)


def _redirects(target: bytes, code: int = 302) -> Scenario:
    return infer(lambda request: status(code, b"", b"Location: " + (target or request.path.encode())))


SCENARIOS: dict[str, Scenario] = {
    "answer-quadratic": infer(QUADRATIC),
    "answer-quadratic-1-mb": infer(late(lambda: b"[" * 401 + b'"' + b'\\"' * 500_000)),
    "answer-escapes": infer(late(lambda: b'{"a":"' + b"\\" * 3_000_001 + b'"}')),
    "answer-integer-of-4200-digits": infer(_number(b"9" * 4200)),
    "answer-integer-of-1-mb": infer(late(lambda: _number(b"9" * 1_000_000))),
    "answer-numbers-odd": infer(_number(b"1e400,-1e400,1e-400,-0,0.1e99999999999999,18446744073709551616")),
    "answer-no-numbers": infer(_number(b"NaN,Infinity,-Infinity")),
    "answer-deep": infer(b'{"outputs":' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
    "answer-deep-objects": infer(late(lambda: b'{"a":' * 200_000 + b"1" + b"}" * 200_000)),
    "answer-wide": infer(late(lambda: b"{" + b",".join(b'"k%d":0' % n for n in range(500_000)) + b"}")),
    "answer-duplicates": infer(b'{"model_name":"m",' + b'"outputs":[],' * 100_000 + b'"outputs":[]}'),
    "answer-surrogates": infer(b'{"model_name":"\\ud800","outputs":[{"name":"\\udfff","data":["\\ud800"]}]}'),
    "answer-brackets-15-mb": infer(late(lambda: _brackets(15))),
    "answer-percent-signs": infer(late(lambda: answer(parameters={"p": "%" * 15_000_000}))),
    "answer-utf-16": infer(answer().decode().encode("utf-16")),
    "answer-mark-first": infer(b"\xef\xbb\xbf" + answer()),
    "answer-grows": infer(_growing()),
    "answer-random": infer(_random()),
    "answer-distinct-16-mb": infer(_distinct()),
    "gzip-of-60-mb": _coded(b"gzip", lambda: gzip.compress(_brackets(60))),
    "gzip-of-a-gibibyte": _coded(b"gzip", lambda: gzip.compress(b"[" + b" " * (1 << 24)) * 64),
    "gzip-nested": _coded(b"gzip, gzip, gzip, gzip, gzip", lambda: _layers(5)),
    "gzip-named-1000-times": _coded(b", ".join([b"gzip"] * 1000), answer),
    "gzip-unlabelled": _coded(b"", lambda: _layers(1)),
    "gzip-cut": _coded(b"gzip", lambda: gzip.compress(_brackets(1))[:-9]),
    "deflate-of-nothing": _coded(b"deflate", lambda: zlib.compress(b"")),
    "coding-unknown": _coded(b"rot13", answer),
    "shape-huge": infer(_of(shape=[10**18, 10**18], data=[])),
    "shape-of-10000": infer(_of(shape=[1] * 10_000)),
    "shape-odd": infer(_of(shape=[None, "4", -1, 1e400, {}])),
    "outputs-many": infer(
        late(lambda: dump({"model_name": "m", "outputs": [{"name": f"y{n}"} for n in range(100_000)]}))
    ),
    "outputs-odd": infer(b'{"model_name":[],"outputs":{"y":[{}]},"id":{"a":1}}'),
    "outputs-of-text": infer(_of(datatype="BYTES", data=["\x1b[31m\u202e</script>\0"] * 4)),
    "binary-length-huge": infer(lambda _: said(answer(), b"Inference-Header-Content-Length: 99999999999999999999")),
    "binary-length-odd": infer(lambda _: said(answer(), b"Inference-Header-Content-Length: -1")),
    "binary-size-lies": infer(
        lambda _: said(
            _of(parameters={"binary_data_size": 2**62}, data=None),
            b"Inference-Header-Content-Length: 100",
            b"Content-Type: application/octet-stream",
        )
    ),
    "error-of-10-mb": infer(_says("e", 10_000_000)),
    "error-escapes": infer(_says("\x1b]0;OWNED\x07\x1b[2J\u202e\r")),
    "error-traceback": infer(_says('Traceback (most recent call last):\n  File "/srv/m.py", line 1\nKeyError\n')),
    "status-999": infer(lambda _: status(999)),
    "status-000": infer(lambda _: status("000")),
    "status-200-empty": infer(b""),
    "redirect-to-itself": _redirects(b""),
    "redirect-to-a-file": _redirects(b"file:///etc/passwd", 307),
    "redirect-elsewhere": _redirects(b"http://169.254.169.254/latest/meta-data/", 308),
    "retry-in-a-century": infer(lambda _: status(429, b'{"error":"later"}', b"Retry-After: 3153600000")),
    "retry-odd": infer(lambda _: status(503, b'{"error":"later"}', b"Retry-After: -1e999")),
    "cookies-2000": infer(lambda _: said(answer(), *(b"Set-Cookie: c%d=secret-%d" % (n, n) for n in range(2000)))),
    "header-escapes": infer(lambda _: said(answer(), b"X-Words: \x1b[31mOWNED\x1b[2J", b"Server: \xe2\x80\xae")),
    "type-odd": infer(lambda _: said(answer(), b"Content-Type: text/" + b"h" * 30_000 + b"; charset=utf-7")),
    "answer-of-million-keys-twice": infer(late(lambda: b"{" + b'"a":0,"b":0,' * 600_000 + b'"c":0}')),
    "answer-numbers-million-huge": infer(late(lambda: _number(b",".join([b"1e999999999"] * 400_000)))),
    "answer-exponent-of-1-mb": infer(late(lambda: _number(b"1e" + b"9" * 1_000_000))),
    "answer-fraction-of-4-mb": infer(late(lambda: _number(b"0." + b"1" * 4_000_000))),
    "answer-id-of-10-mb": infer(late(lambda: answer(id="i" * 10_000_000))),
    "answer-key-of-10-mb": infer(late(lambda: dump({"k" * 10_000_000: 1}))),
    "answer-name-of-4-mb": infer(late(lambda: _of(name="n" * 4_000_000, datatype="D" * 4_000_000))),
    "answer-control-characters": infer(late(lambda: b'{"a":"' + bytes(range(1, 32)) * 100_000 + b'"}')),
    "answer-not-utf-8": infer(late(lambda: b'{"a":"' + b"\xff\xfe\xed\xa0\x80" * 1_000_000 + b'"}')),
    "answer-white-space": infer(late(lambda: b" \t\r\n" * 3_900_000 + b"1")),
    "gzip-members-500000": _coded(b"gzip", lambda: gzip.compress(b"") * 500_000),
    "gzip-with-a-name-of-10-mb": _coded(b"gzip", lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 10_000_000),
    "deflate-bomb": _coded(b"deflate", lambda: zlib.compress(bytes(1 << 30), 9)),
    "coding-br": _coded(b"br", lambda: random.Random(15).randbytes(1_000_000)),
    "type-multipart": infer(lambda _: said(answer(), b"Content-Type: multipart/mixed; boundary=" + b"b" * 60_000)),
    "headers-of-one-name": infer(lambda _: said(answer(), *[b"Content-Type: application/json"] * 90)),
    "retry-at-a-date": infer(lambda _: status(503, b"{}", b"Retry-After: Fri, 31 Dec 99999 23:59:59 GMT")),
    "retry-of-digits": infer(lambda _: status(429, b"{}", b"Retry-After: " + b"9" * 5000)),
    "everything-500": rest(lambda _: status(500), mute=True),
    "everything-401": rest(lambda _: status(401), mute=True),
    "everything-404": rest(lambda _: status(404), mute=True),
    "everything-empty": rest(b"", mute=True),
    "never-ready": rest(ready=lambda _: status(503), infer=lambda _: status(503)),
}


def with_token(scenario: Scenario) -> Scenario:
    """The run has a token."""
    return Scenario(scenario.start, scenario.options, {"ART15_TOKEN": TOKEN}, scenario.mute)


SECRETS: dict[str, Scenario] = {
    "secret-in-errors": with_token(rest(infer=_tells, other=_tells)),
    "secret-in-everything": with_token(rest(_tells, mute=True)),
    "secret-as-a-name": with_token(rest(index=_lists)),
    "secret-compressed": with_token(rest(infer=_hides)),
}
SCENARIOS |= SECRETS
