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
    "metrics": ("GET", ("metrics",)),
    "list": ("GET", ("v2", "models")),
    # Before the models: "stats" in this place is no model.
    "all-stats": ("GET", ("v2", "models", "stats")),
    "index": ("POST", ("v2", "repository", "index")),
    "load": ("POST", ("v2", "repository", "models", "{model}", "load")),
    "unload": ("POST", ("v2", "repository", "models", "{model}", "unload")),
    "model-metadata": ("GET", ("v2", "models", "{model}")),
    "model-ready": ("GET", ("v2", "models", "{model}", "ready")),
    "infer": ("POST", ("v2", "models", "{model}", "infer")),
    "generate": ("POST", ("v2", "models", "{model}", "generate")),
    "generate-stream": ("POST", ("v2", "models", "{model}", "generate_stream")),
    "stats": ("GET", ("v2", "models", "{model}", "stats")),
    "config": ("GET", ("v2", "models", "{model}", "config")),
    "logging": ("GET", ("v2", "logging")),
    "set-logging": ("POST", ("v2", "logging")),
    "trace": ("GET", ("v2", "trace", "setting")),
    "set-trace": ("POST", ("v2", "trace", "setting")),
    "model-trace": ("GET", ("v2", "models", "{model}", "trace", "setting")),
    "set-model-trace": ("POST", ("v2", "models", "{model}", "trace", "setting")),
    "shm-status": ("GET", ("v2", "systemsharedmemory", "status")),
    "shm-region-status": ("GET", ("v2", "systemsharedmemory", "region", "{region}", "status")),
    "shm-register": ("POST", ("v2", "systemsharedmemory", "region", "{region}", "register")),
    "shm-unregister": ("POST", ("v2", "systemsharedmemory", "region", "{region}", "unregister")),
    "shm-unregister-all": ("POST", ("v2", "systemsharedmemory", "unregister")),
}
"""Operation -> verb and path; see also :data:`VERSIONED`."""

VERSIONED = ("model-metadata", "model-ready", "infer", "generate", "generate-stream", "stats", "config")
"""Also with ``versions/{version}`` after the model."""


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
            if call.verb_fits:
                break
    return call


def verbs_of(op: str) -> str:
    """The verbs of the path of ``op``, as the header Allow lists them."""
    return ", ".join(verb for verb, pattern in ROUTES.values() if pattern == ROUTES[op][1])


def _versioned(pattern: tuple[str, ...]) -> tuple[str, ...]:
    return (*pattern[:3], "versions", "{version}", *pattern[3:])


def _fits(call: Call, pattern: tuple[str, ...], segments: list[str]) -> bool:
    if len(pattern) != len(segments):
        return False
    names: dict[str, str] = {}
    for want, got in zip(pattern, segments, strict=True):
        if want.startswith("{") and got:
            names[want.strip("{}")] = unquote(got)
        elif want != got:
            return False
    call.model, call.version, call.region = names.get("model", ""), names.get("version"), names.get("region", "")
    return True
