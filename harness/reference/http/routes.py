"""From a raw path to an operation.

Names are percent-decoded one path segment at a time: a model name may contain an encoded slash, which a router that
works on the decoded path cannot see.
"""

from __future__ import annotations

from urllib.parse import unquote

from harness.reference.messages import Call

ROUTES: dict[str, tuple[str, tuple[str, ...]]] = {
    "server-metadata": ("GET", ("v2",)),
    "live": ("GET", ("v2", "health", "live")),
    "ready": ("GET", ("v2", "health", "ready")),
    "list": ("GET", ("v2", "models")),
    "index": ("POST", ("v2", "repository", "index")),
    "load": ("POST", ("v2", "repository", "models", "{model}", "load")),
    "unload": ("POST", ("v2", "repository", "models", "{model}", "unload")),
    "model-metadata": ("GET", ("v2", "models", "{model}")),
    "model-ready": ("GET", ("v2", "models", "{model}", "ready")),
    "infer": ("POST", ("v2", "models", "{model}", "infer")),
}
"""Operation -> verb and path; the last three also with ``versions/{version}`` after the model."""

VERSIONED = ("model-metadata", "model-ready", "infer")


def route(method: str, raw_path: str, prefix: str = "") -> Call:
    """The call that ``method`` and ``raw_path`` (still percent-encoded, without query) make."""
    call = Call("", method, raw_path, verb_fits=False)
    if not raw_path.startswith(prefix + "/"):
        return call
    segments = raw_path[len(prefix) + 1 :].split("/")
    if segments == ["v2", ""]:
        segments, call.slashed = ["v2"], True
    for op, (verb, pattern) in ROUTES.items():
        if _fits(call, pattern, segments) or (op in VERSIONED and _fits(call, _versioned(pattern), segments)):
            call.op = op
            call.verb_fits = method == verb or (method == "HEAD" and verb == "GET")
            return call
    return call


def _versioned(pattern: tuple[str, ...]) -> tuple[str, ...]:
    return (*pattern[:3], "versions", "{version}", *pattern[3:])


def _fits(call: Call, pattern: tuple[str, ...], segments: list[str]) -> bool:
    if len(pattern) != len(segments):
        return False
    model, version = "", None
    for want, got in zip(pattern, segments, strict=True):
        if want == "{model}" and got:
            model = unquote(got)
        elif want == "{version}" and got:
            version = unquote(got)
        elif want != got:
            return False
    call.model, call.version = model, version
    return True
