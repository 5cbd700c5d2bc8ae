"""Credentials that are required, and where they are not asked for.

Every server here is the variant ``auth-required`` with one hole: all but health wants ``--token``.
"""

from __future__ import annotations

import asyncio
import hmac
from collections import Counter
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from harness.reference.faults.adversarial import Count, is_rest
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

OPEN = "policy:no-open-access"
HEALTH = ("live", "ready")
MANAGEMENT = ("index", "load", "unload")
SETTINGS = ("logging", "set-logging", "trace", "set-trace", "model-trace", "set-model-trace")
Hole = Callable[[Call, str], bool]
"""``(call, token) -> whether it is let through although its credentials are not the right ones``."""


def _right(call: Call, token: str) -> bool:
    return hmac.compare_digest(call.headers.get("authorization", "").encode(), f"Bearer {token}".encode())


def _guarded(hole: Hole) -> Install:
    def install(hooks: Hooks) -> None:
        def gate(call: Call) -> Reply | None:
            token = hooks.settings.token
            if call.op in HEALTH or _right(call, token) or hole(call, token):
                return None
            return error(401, "credentials are needed", WWW_Authenticate="Bearer")

        hooks.gates.append(gate)

    return install


def _given(call: Call, scheme: str = "bearer") -> str | None:
    """What stands behind the scheme; None without it."""
    found, _, value = call.headers.get("authorization", "").partition(" ")
    return value if found.lower() == scheme else None


fault("auth-metadata-open", OPEN, text="metadata of server and models needs no token", effect="access")(
    _guarded(lambda call, _: call.op in ("server-metadata", "model-metadata", "list"))
)
fault("auth-infer-open", OPEN, text="everything but inference needs the token", effect="access")(
    _guarded(lambda call, _: call.op == "infer")
)
fault("auth-management-open", OPEN, text="index, load and unload need no token", effect="access")(
    _guarded(lambda call, _: call.op in MANAGEMENT)
)
fault("auth-settings-open", OPEN, text="log and trace settings need no token", effect="access")(
    _guarded(lambda call, _: call.op in SETTINGS)
)
fault("auth-statistics-open", OPEN, text="statistics and configuration need no token", effect="access")(
    _guarded(lambda call, _: call.op in ("stats", "all-stats", "config"))
)
fault("auth-shared-memory-open", OPEN, text="shared memory needs no token", effect="access")(
    _guarded(lambda call, _: call.op.startswith("shm-"))
)
fault("auth-versioned-routes-open", OPEN, text="paths with a version need no token", effect="access")(
    _guarded(lambda call, _: is_rest(call) and call.version is not None)
)
fault("auth-head-open", OPEN, text="HEAD needs no token", effect="access")(
    _guarded(lambda call, _: call.method == "HEAD")
)
fault("auth-grpc-open", OPEN, text="gRPC needs no token", transport="grpc", effect="access")(
    _guarded(lambda call, _: not is_rest(call))
)
fault("auth-grpc-metadata-open", OPEN, text="over gRPC, metadata needs no token", transport="grpc", effect="access")(
    _guarded(lambda call, _: not is_rest(call) and call.op in ("server-metadata", "model-metadata"))
)
fault("auth-skipped-for-empty-body", OPEN, text="a POST without a body needs no token", effect="access")(
    _guarded(lambda call, _: is_rest(call) and call.method == "POST" and not call.body)
)
fault("auth-token-prefix-accepted", OPEN, text="the beginning of the token will do", effect="access")(
    _guarded(lambda call, token: bool(_given(call)) and token.startswith(str(_given(call))))
)
fault("auth-token-with-suffix-accepted", OPEN, text="the token with something behind it will do", effect="access")(
    _guarded(lambda call, token: str(_given(call)).startswith(token))
)
fault("auth-token-case-folded", OPEN, text="the token in other case will do", effect="access")(
    _guarded(lambda call, token: str(_given(call)).lower() == token.lower())
)
fault("auth-empty-token-accepted", OPEN, text="the scheme without a token will do", effect="access")(
    _guarded(lambda call, _: call.headers.get("authorization", "-").strip().lower() in ("", "bearer"))
)
fault("auth-any-token-accepted", OPEN, text="any token will do", effect="access")(
    _guarded(lambda call, _: bool(_given(call)))
)
fault("auth-any-token-on-infer", OPEN, text="any token will do for inference", effect="access")(
    _guarded(lambda call, _: call.op == "infer" and bool(_given(call)))
)
fault("auth-same-length-accepted", OPEN, text="any token as long as the right one will do", effect="access")(
    _guarded(lambda call, token: len(_given(call) or "") == len(token))
)
fault("auth-basic-accepted", OPEN, text="any Basic credentials will do", effect="access")(
    _guarded(lambda call, _: bool(_given(call, "basic")))
)
fault("auth-forwarded-for-trusted", OPEN, text="who says it comes from 127.0.0.1 needs no token", effect="access")(
    _guarded(lambda call, _: "127.0.0.1" in call.headers.get("x-forwarded-for", ""))
)


def _remembered(over: Callable[[Call], bool]) -> Install:
    def install(hooks: Hooks) -> None:
        known: set[object] = set()

        def hole(call: Call, _: str) -> bool:
            if call.number_on_connection == 1:
                known.discard(call.connection)
            return over(call) and call.connection in known

        # Before the guard, which lets the right token through without asking for a hole.
        def gate(call: Call) -> None:
            if call.number_on_connection > 1 and _right(call, hooks.settings.token):
                known.add(call.connection)

        hooks.gates.append(gate)
        _guarded(hole)(hooks)

    return install


fault(
    "auth-remembered-by-connection",
    OPEN,
    text="once a connection had the token, it needs none any more",
    effect="access",
)(_remembered(is_rest))
fault(
    "auth-grpc-remembered-by-connection",
    OPEN,
    text="once a gRPC connection had the token, it needs none any more",
    transport="grpc",
    effect="access",
)(_remembered(lambda call: not is_rest(call)))


@fault(
    "auth-fails-open-after-20-refusals",
    OPEN,
    text="after 20 refusals on one connection or another, all get in",
    effect="access",
)
def fails_open_after_refusals(hooks: Hooks) -> None:
    count = Count()
    _guarded(lambda _, __: count.up() > 20)(hooks)


@fault("auth-third-try-accepted", OPEN, text="the third wrong token of a connection is accepted", effect="access")
def third_try_accepted(hooks: Hooks) -> None:
    tries: Counter[object] = Counter()

    def hole(call: Call, _: str) -> bool:
        if call.number_on_connection == 1:
            tries.pop(call.connection, None)
        tries[call.connection] += bool(_given(call))
        return bool(_given(call)) and tries[call.connection] >= 3

    _guarded(hole)(hooks)


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
        _guarded(lambda _, __: False)(hooks)

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


@fault(
    "auth-refused-with-the-answer",
    OPEN,
    "policy:no-leak",
    text="without the token, 401 comes with the answer",
    effect="access",
)
def refused_with_the_answer(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if is_rest(call) and call.op not in HEALTH and not _right(call, hooks.settings.token):
            reply.status = 401

    hooks.bodies.append(edit)
    _guarded(lambda call, _: is_rest(call))(hooks)


@fault(
    "auth-refused-but-done",
    OPEN,
    text="without the token, load and unload answer 401 and are carried out",
    effect="access",
)
def refused_but_done(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op in ("load", "unload") and is_rest(call) and not _right(call, hooks.settings.token):
            reply.status, reply.document = 401, {"error": "credentials are needed"}

    hooks.documents.append(edit)
    _guarded(lambda call, _: call.op in ("load", "unload") and is_rest(call))(hooks)


@fault(
    "auth-caller-in-shared-variable",
    OPEN,
    text="who is calling stands in a variable that all requests share",
    effect="concurrency",
)
def caller_in_shared_variable(hooks: Hooks) -> None:
    caller = {"right": False}

    async def identify(call: Call) -> None:
        caller["right"] = _right(call, hooks.settings.token)
        await asyncio.sleep(0.001)

    hooks.before.append(identify)
    _guarded(lambda _, __: caller["right"])(hooks)


@fault(
    "auth-open-above-12-at-once",
    OPEN,
    text="while more than 12 others wait, nobody looks at tokens",
    effect="concurrency",
)
def open_above_12_at_once(hooks: Hooks) -> None:
    waiting: set[int] = set()

    async def queue(call: Call) -> None:
        waiting.add(id(call))
        await asyncio.sleep(0.01)
        waiting.discard(id(call))

    hooks.before.append(queue)
    _guarded(lambda _, __: len(waiting) > 12)(hooks)
