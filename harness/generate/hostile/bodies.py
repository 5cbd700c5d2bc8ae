"""Hostile bodies as data: well-framed requests whose body, or the coding of it, is what a parser chokes on.

Small ones may be sent to any endpoint; those of :func:`heavy_bodies` are bombs and need permission.
Sources: RFC 8259 (JSON), RFC 9110, section 8.4 (content codings).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.budget import MEBIBYTE
from harness.generate.members import encoded, with_members, with_parameter_text
from harness.wire.messages import InferRequest

Header = tuple[str, str]
DEEP = 100_000
MANY = 100_000
# More than any client has a use for, and no burden: some 400 kB.
SOME = 30_000
BOMB_MEBIBYTES = 512


@dataclass(frozen=True, slots=True)
class HostileBody:
    """One body.

    Attributes:
        name: identity, kebab-case.
        why: what is hostile about it, for people.
        data: the bytes.
        headers: beside the usual ones; a name given here takes the place of a usual one.
        not_json: it is no JSON text, because it is no UTF-8 (RFC 8259, section 8.1).
        same: an answer with outputs must have those of the valid request, because the values in it are the same.
    """

    name: str
    why: str
    data: bytes
    headers: tuple[Header, ...] = ()
    same: bool = False
    not_json: bool = False


def odd_bodies(request: InferRequest) -> Iterator[HostileBody]:
    """Small bodies that parsers disagree about, or choke on."""
    value: dict[str, Any] = request.to_value()
    plain = encoded(value)
    twice = plain[:-1] + b',"inputs":' + encoded(value["inputs"]) + b"}"
    yield HostileBody("inputs-twice", "the member inputs stands there twice, with the same value", twice, same=True)
    ids = b'{"id":"first","id":"second",' + plain[1:]
    yield HostileBody("id-twice", "two ids", ids, same=True)
    names = plain.replace(b'"name":', b'"name":"no-such-input","name":', 1)
    yield HostileBody("name-twice", "an input with two names", names)
    for token in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1" * 400, b"0." + b"3" * 400, b"1e-999"):
        label = token.decode() if len(token) < 10 else f"{len(token)}-digits"
        body = with_parameter_text(plain, token)
        yield HostileBody(f"number-{label}", f"a parameter is the token {label}", body, same=True)
    for label, text in _TEXTS:
        why = f"a parameter with {label.replace('-', ' ')}"
        yield HostileBody(
            f"text-{label}", why, with_parameter_text(plain, text), same=True, not_json=not text.isascii()
        )
    for label, data in (
        ("utf-16", plain.decode().encode("utf-16")),
        ("utf-32", plain.decode().encode("utf-32")),
        ("byte-order-mark", b"\xef\xbb\xbf" + plain),
        ("nul-behind", plain + b"\0"),
        ("second-value-behind", plain + plain),
        ("comma-behind", plain[:-1] + b",}"),
        ("comment", b"/* a */" + plain),
        ("single-quotes", plain.replace(b'"', b"'")),
        ("only-spaces", b" " * 4096),
        ("only-null", b"null"),
        ("only-number", b"1e400"),
        ("only-open-brackets", b"[" * 200),
        ("only-binary", bytes(range(256)) * 4),
    ):
        yield HostileBody(f"body-{label}", f"the body: {label.replace('-', ' ')}", data)
    special = dict.fromkeys(("__proto__", "constructor", "__class__", "toString", "", "a\x00b", "$ref"), "a")
    made = encoded({**value, **special, "parameters": special})
    yield HostileBody("members-special", "members with names that mean something to languages", made, same=True)
    yield HostileBody("nested-lists", "a parameter of 200 lists", with_parameter_text(plain, b"[" * 200 + b"]" * 200))
    objects = b'{"a":' * 200 + b"1" + b"}" * 200
    yield HostileBody("nested-objects", "a parameter of 200 objects", with_parameter_text(plain, objects))
    named = {**value["inputs"][0], "name": "n" * 5_000}
    yield HostileBody("long-input-name", "an input name of 5 000 letters", encoded({**value, "inputs": [named]}))
    some = {f"a{n}": n for n in range(SOME)}
    yield HostileBody("some-members", f"{SOME} members", encoded({**value, **some}), same=True)


# Pieces of JSON text, each as the value of one parameter.
_TEXTS: tuple[tuple[str, bytes], ...] = (
    ("invalid-utf-8", b'"\xff\xfe"'),
    ("cut-utf-8", b'"\xe2\x82"'),
    ("overlong-utf-8", b'"\xc0\xaf"'),
    ("utf-8-surrogates", b'"\xed\xa0\x80"'),
    ("a-lone-surrogate", b'"\\ud800"'),
    ("swapped-surrogates", b'"\\udc00\\ud800"'),
    ("a-raw-control-character", b'"a\x01b"'),
    ("a-raw-line-break", b'"a\nb"'),
    ("an-escaped-nul", b'"a\\u0000b"'),
    ("an-unknown-escape", b'"\\x41"'),
    ("format-directives", b'"%s%s%s%n%n {0.__class__} {{7*7}} ${7*7}"'),
    ("no-end", b'"abc'),
)


def coded_bodies(request: InferRequest) -> Iterator[HostileBody]:
    """The valid body under a Content-Encoding: true, false, cut, unknown."""
    plain = request.to_bytes()
    packed = gzip.compress(plain, mtime=0)
    for name, why, data, coding in (
        ("gzip", "gzip, and it is", packed, "gzip"),
        ("gzip-twice", "gzip of gzip, and both are said", gzip.compress(packed, mtime=0), "gzip, gzip"),
        ("gzip-two-members", "gzip in two members", _members(plain), "gzip"),
        ("deflate", "deflate, and it is", zlib.compress(plain), "deflate"),
        ("gzip-said-not-done", "gzip is said, and it is none", plain, "gzip"),
        ("gzip-cut", "gzip that ends in the middle", packed[: len(packed) // 2], "gzip"),
        ("gzip-broken-sum", "gzip with a wrong checksum", packed[:-8] + b"\0" * 8, "gzip"),
        ("gzip-empty", "gzip is said, and there is no body", b"", "gzip"),
        ("unknown", "a coding that does not exist", plain, "tea"),
        ("many", "the coding identity, 200 times", plain, ", ".join(["identity"] * 200)),
    ):
        same = name not in ("gzip-cut", "gzip-broken-sum", "gzip-empty")
        yield HostileBody(f"coded-{name}", why, data, (("Content-Encoding", coding),), same)


def heavy_bodies(request: InferRequest) -> Iterator[HostileBody]:
    """Bombs: nested, wide, long or blown up out of all proportion; made one at a time, since some are large."""
    value = request.to_value()
    plain = encoded(value)
    for name, left, right in (("lists", b"[", b"]"), ("objects", b'{"a":', b"}")):
        middle = b"" if name == "lists" else b"1"
        body = with_parameter_text(plain, left * DEEP + middle + right * DEEP)
        yield HostileBody(f"nested-{name}", f"a parameter of {DEEP} {name} in each other", body)
    yield HostileBody("unclosed-lists", f"{DEEP} lists that are opened and not closed", b"[" * DEEP)
    many = {f"a{n}": n for n in range(MANY)}
    yield HostileBody("many-members", f"{MANY} members", encoded({**value, **many}), same=True)
    yield HostileBody("many-parameters", f"{MANY} parameters", with_members(request, parameters=many))
    same = b'"a":1,' * MANY
    yield HostileBody("many-equal-members", f"the same member {MANY} times", b"{" + same + plain[1:], same=True)
    inputs = encoded({**value, "inputs": value["inputs"] * (MANY // 10)})
    yield HostileBody("many-inputs", f"the same input {MANY // 10} times", inputs)
    outputs = encoded({**value, "outputs": [{"name": f"no-such-output-{n}"} for n in range(MANY)]})
    yield HostileBody("many-outputs", f"{MANY} unknown outputs", outputs)
    long = "n" * MEBIBYTE
    yield HostileBody("long-member", "a member name of 1 MiB", encoded({**value, long: 1}), same=True)
    first = {**value["inputs"][0], "name": long}
    yield HostileBody("long-input-name", "an input name of 1 MiB", encoded({**value, "inputs": [first]}))
    digits = with_parameter_text(plain, b"9" * MEBIBYTE)
    yield HostileBody("long-number", "a number of a million digits", digits)
    flat = {**value["inputs"][0], "shape": [1] * 10_000}
    yield HostileBody("many-dimensions", "a shape of 10 000 dimensions", encoded({**value, "inputs": [flat]}))
    yield HostileBody("large-body", "64 MiB of spaces around the request", b" " * (64 * MEBIBYTE) + plain, same=True)
    first = {**value["inputs"][0], "data": "DEEP"}
    deep = encoded({**value, "inputs": [first]}).replace(b'"DEEP"', b"[" * DEEP + b"]" * DEEP)
    yield HostileBody("nested-data", f"data nested {DEEP} deep", deep)
    why = f"gzip that becomes {BOMB_MEBIBYTES} MiB"
    yield HostileBody("gzip-bomb", why, _bomb(plain), (("Content-Encoding", "gzip"),))


def _members(plain: bytes) -> bytes:
    half = len(plain) // 2
    return gzip.compress(plain[:half], mtime=0) + gzip.compress(plain[half:], mtime=0)


def _bomb(plain: bytes) -> bytes:
    """Spaces, then the request: members of gzip may be strung together, so the bomb is quick to make.

    Some servers read the first member only: it is a bomb by itself.
    """
    member = 64
    spaces = gzip.compress(b" " * (member * MEBIBYTE), mtime=0) * (BOMB_MEBIBYTES // member)
    return spaces + gzip.compress(plain, mtime=0)
