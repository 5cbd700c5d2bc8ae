"""Seeded faults that the checks of ``suites/security/test_access_detours.py`` find."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from harness.reference.faults.kit.access import guarded
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks

OPEN = "policy:no-open-access"


fault("auth-head-open", OPEN, text="HEAD needs no token", effect="access")(
    guarded(lambda call, _: call.method == "HEAD")
)

fault("auth-forwarded-for-trusted", OPEN, text="who says it comes from 127.0.0.1 needs no token", effect="access")(
    guarded(lambda call, _: "127.0.0.1" in call.headers.get("x-forwarded-for", ""))
)


def _by_other_path(change: Callable[[str], str]) -> Install:
    """A path that ``change`` makes another is routed so, and the guard in front did not know it."""

    def install(hooks: Hooks) -> None:
        def wrap(app: ASGIApp) -> ASGIApp:
            async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
                raw = scope["raw_path"].decode("latin-1") if scope["type"] == "http" else ""
                if change(raw) != raw:
                    token = f"Bearer {hooks.settings.token}".encode()
                    headers = [pair for pair in scope["headers"] if pair[0] != b"authorization"]
                    scope = {**scope, "raw_path": change(raw).encode("latin-1"),
                             "headers": [*headers, (b"authorization", token)]}  # fmt: skip
                await app(scope, receive, send)

            return wrapped

        hooks.asgi.append(wrap)
        guarded(lambda _, __: False)(hooks)

    return install


fault("auth-case-folded-path-open", OPEN, text="a path in capitals is the same, and needs no token", effect="access")(
    _by_other_path(lambda path: path.lower() if path.lower().startswith("/v2") else path)
)

fault(
    "auth-double-slash-open",
    OPEN,
    text="a path that begins with two slashes is the same, and needs no token",
    effect="access",
)(_by_other_path(lambda path: "/" + path.lstrip("/")))

fault(
    "auth-trailing-slash-open",
    OPEN,
    text="a path that ends in a slash is the same, and needs no token",
    effect="access",
)(_by_other_path(lambda path: path.rstrip("/") or "/"))

fault(
    "auth-encoded-path-open",
    OPEN,
    text="a path with an encoded letter in v2 is the same, and needs no token",
    effect="access",
)(_by_other_path(lambda path: path.replace("/%76%32", "/v2").replace("/%762", "/v2").replace("/v%32", "/v2")))
