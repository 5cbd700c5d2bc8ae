"""Hostile names and labels as data: paths that want out of the models, ids that want into the head of the answer,
methods and media types that do not belong.

Paths are request targets below ``/v2/models/``, percent-encoded as they go out. Sources: RFC 3986, RFC 9110.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.budget import MEBIBYTE

# Must never be seen as a header: it stands behind a line break in ids, names and parameters.
INJECTED = "x-art15-injected"
_BREAK = f"\r\n{INJECTED}: 1\r\n\r\n"

_FILES = ("etc/passwd", "proc/self/environ")
_ENCODED = "%0d%0a" + INJECTED + ":%201"


@dataclass(frozen=True, slots=True)
class HostilePath:
    """A path with the reason why it is hostile; ``name`` is its identity."""

    name: str
    why: str
    path: str


def traversals(model: str) -> Iterator[HostilePath]:
    """Paths that lead out of the models if a server decodes or resolves them; ``model`` is percent-encoded."""
    ups = (
        ("encoded-slash", "..%2f"),
        ("encoded-dots", "%2e%2e%2f"),
        ("encoded-twice", "%252e%252e%252f"),
        ("backslash", "..%5c"),
        ("plain", "../"),
        ("dots-doubled", "....//"),
        ("dots-encoded-slash-plain", "%2e%2e/"),
        ("overlong", "%c0%ae%c0%ae%c0%af"),
        ("with-parameter", "..;/"),
    )
    for label, up in ups:
        for file in _FILES:
            slash = "/" if up.endswith("/") else up.removeprefix("..") if up.startswith("..%") else "%2f"
            target = up * 8 + file.replace("/", slash)
            yield HostilePath(f"{label}-{file.rpartition('/')[2]}", f"{up} leads to {file}", f"/v2/models/{target}")
        yield HostilePath(f"{label}-in-model", f"{up} behind a model", f"/v2/models/{model}/{up * 8}etc/passwd")
    for label, target in (
        ("absolute", "%2fetc%2fpasswd"),
        ("absolute-plain", "//etc/passwd"),
        ("file-url", "file:%2f%2f%2fetc%2fpasswd"),
        ("ended-by-nul", "..%2f..%2f..%2f..%2fetc%2fpasswd%00" + model),
        ("version", f"{model}/versions/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd"),
        ("settings", f"{model}%2f..%2f{model}%2fmodel-settings.json"),
        ("configuration", f"{model}%2fconfig.pbtxt"),
        ("folder", "."),
        ("folder-above", ".."),
        ("folder-above-encoded", "%2e%2e"),
    ):
        yield HostilePath(f"target-{label}", f"the model is {target}", f"/v2/models/{target}")


def aliases(model: str) -> Iterator[HostilePath]:
    """Other names than the model's, which decoding, resolving or tidying makes the same."""
    for label, target, why in (
        ("encoded-slash", f"{model}%2fready", "an encoded slash divides the name"),
        ("encoded-slash-capital", f"{model}%2Fready", "an encoded slash divides the name"),
        ("encoded-way-up", f"..%2fmodels%2f{model}", "encoded slashes lead up and down again"),
        ("encoded-way-out", "..%2fhealth%2flive", "encoded slashes lead out of the models"),
        ("space-behind", f"{model}%20", "a space follows"),
        ("space-before", f"%20{model}", "a space goes before"),
        ("tabulator-behind", f"{model}%09", "a tabulator follows"),
        ("line-feed-behind", f"{model}%0a", "a line feed follows"),
        ("full-stop-behind", f"{model}.", "a full stop follows"),
        ("encoded-question-mark", f"{model}%3fa=1", "an encoded question mark follows"),
        ("encoded-hash", f"{model}%23a", "an encoded number sign follows"),
        ("zero-width", f"{model}%e2%80%8b", "a space of no width follows"),
    ):
        yield HostilePath(f"alias-{label}", why, f"/v2/models/{target}")


def odd_paths(model: str) -> Iterator[HostilePath]:
    """Paths that routers and loggers choke on."""
    for label, target in (
        ("nul", model + "%00"),
        ("nul-and-more", model + "%00no-such-model"),
        ("line-break", model + _ENCODED),
        ("line-break-first", _ENCODED),
        ("line-break-wide", "%e5%98%8a%e5%98%8d" + INJECTED + ":%201"),
        ("cut-utf-8", "%e2%82"),
        ("not-utf-8", "%ff%fe"),
        ("surrogate", "%ed%a0%80"),
        ("bad-escape", "%zz"),
        ("cut-escape", "%"),
        ("right-to-left", "%e2%80%ae" + model),
        ("emoji", "%f0%9f%92%a5" * 20),
        ("many-segments", "a/" * 200),
        ("many-slashes", "/" * 200),
        ("format-directives", "%25s%25n%7b0%7d%24%7b7*7%7d"),
        ("markup", "%3Cscript%3E1%3C/script%3E"),
        ("statement", "%27%20or%201%3D1--"),
        ("semicolon", model + ";a=1"),
        ("query-of-many", model + "?" + "&".join("a=1" for _ in range(300))),
        ("long", "a" * 6000),
    ):
        why = f"a model named {target[:60]}{'...' if len(target) > 60 else ''}"
        yield HostilePath(f"path-{label}", why, f"/v2/models/{target}")


def long_paths() -> Iterator[HostilePath]:
    """Paths that nobody needs; only where stress is allowed."""
    for label, target in (("64-kib", "a" * 65_536), ("1-mib", "a" * MEBIBYTE), ("100-000-segments", "a/" * 100_000)):
        yield HostilePath(f"path-of-{label}", f"a path of {label.replace('-', ' ')}", f"/v2/models/{target}")


IDS: tuple[tuple[str, str], ...] = (
    ("greek", "αβγ-δ"),
    ("chinese", "推理请求"),
    ("arabic-and-latin", "طلب-7"),
    ("combining", "e\u0301\u0323"),
    ("emoji", "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467"),
    ("right-to-left-override", "a\u202eb\u202cc"),
    ("zero-width", "a\u200bb\ufeffc"),
    ("nul", "a\0b"),
    ("control-characters", "a\x01\x1b[31mb\x7f\x85"),
    ("line-separator", "a\u2028b\u2029c"),
    ("line-break", f"a{_BREAK}b"),
    ("carriage-return", f"a\r{INJECTED}: 1"),
    ("noncharacter", "a\ufffe\uffff\U0010ffff"),
    ("quotes-and-backslashes", '"\\"\\\\'),
    ("number", "00123"),
    ("word-null", "null"),
    ("spaces", "  a  "),
    ("markup", "<script>1</script>&amp;"),
    ("long", "i" * 10_000),
)
"""Name and id, all of them valid JSON strings; that with a line break must not become a header."""

METHODS = ("PUT", "PATCH", "TRACE", "PROPFIND", "OPTIONS", "BREW", "GET", "HEAD")
"""Sent to infer with the valid body. None of them deletes anything anywhere."""

MEDIA_TYPES: tuple[str, ...] = (
    "text/plain",
    "application/xml",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=a",
    "multipart/form-data",
    "application/json; charset=utf-16",
    "application/json; charset=no-such-charset",
    "application/grpc",
    "application/cloudevents+json",
    "no media type",
    "/",
    "",
    "a" * 2000,
)
"""Sent with the valid body."""
