"""Seeded faults that the checks of ``suites/adversarial/test_odd_requests.py`` find."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from harness.reference.faults.kit.common import is_rest
from harness.reference.faults.registry import fault
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

MISTAKE = "REST-ERR-05"


def _breaks() -> Reply:
    return error(500, "internal error")


@fault("query-breaks-handler", MISTAKE, text="a query that is no list of names with values is a 500 on health")
def query_breaks_handler(hooks: Hooks) -> None:
    def wrap(app: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            query = scope.get("query_string", b"").decode("latin-1")
            if scope["type"] == "http" and "/health/" in scope["path"] and query:
                try:
                    parse_qsl(query, strict_parsing=True)
                except ValueError:
                    await send({"type": "http.response.start", "status": 500, "headers": []})
                    await send({"type": "http.response.body", "body": b"Internal Server Error"})
                    return
            await app(scope, receive, send)

        return call

    hooks.asgi.append(wrap)


@fault(
    "forwarded-header-breaks-handler",
    MISTAKE,
    "GRPC-ERR-03",
    text="a list of proxies with an empty entry is a 500, or INTERNAL, on metadata of a model",
)
def forwarded_breaks_handler(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        proxies = call.headers.get("x-forwarded-for", "a").split(",")
        return _breaks() if call.op == "model-metadata" and not all(map(str.strip, proxies)) else None

    hooks.gates.append(gate)


@fault("odd-version-closes", "advice:answers-everything", text="a version that is no number ends the connection")
def odd_version_closes(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if is_rest(call) and call.version is not None and not call.version.isdecimal():
            # More than ever comes: the server ends the connection.
            reply.headers["content-length"] = "100000"

    hooks.documents.append(edit)


@fault(
    "grpc-odd-name-breaks-handler",
    "GRPC-ERR-03",
    text="a name with a null character is INTERNAL in ModelMetadata",
    transport="grpc",
)
def grpc_odd_name(hooks: Hooks) -> None:
    def edit(call: Call, _: object) -> None:
        if call.op == "model-metadata" and "\0" in call.model:
            raise Failed("INTERNAL", "embedded null byte")

    hooks.grpc.requests.append(edit)
