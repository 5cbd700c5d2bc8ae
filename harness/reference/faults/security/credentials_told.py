"""Seeded faults that the checks of ``suites/security/test_credentials_told.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.disclosure import error_says, on_failure
from harness.reference.faults.registry import fault
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

LEAK = "policy:no-leak"


@fault("token-in-error", LEAK, text="an error quotes the credentials that came with the request", effect="disclosure")
def token_in_error(hooks: Hooks) -> None:
    error_says(lambda call, said: f"{said} (authorization={call.headers.get('authorization', '')})", "JSON", "member")(
        hooks
    )


@fault("token-in-header", LEAK, text="the credentials of the request come back in a header", effect="disclosure")
def token_in_header(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and "authorization" in call.headers:
            reply.headers["x-debug-auth"] = call.headers["authorization"]

    hooks.bodies.append(edit)


@fault(
    "token-of-somebody-else-in-error",
    LEAK,
    text="errors quote the credentials of the last client that had some",
    effect="disclosure",
)
def token_of_somebody_else(hooks: Hooks) -> None:
    last: dict[str, str] = {}

    def gate(call: Call) -> None:
        if "authorization" in call.headers:
            last["token"] = call.headers["authorization"]

    hooks.gates.append(gate)
    error_says(lambda _, said: f"{said} (session {last['token']})" if last else said)(hooks)


fault(
    "token-in-grpc-trailers",
    LEAK,
    text="failed calls over gRPC bring the credentials back in a trailer",
    transport="grpc",
    effect="disclosure",
)(
    on_failure(
        lambda call, failed: Failed(
            failed.code,
            failed.details,
            kind=failed.kind,
            trailers={"debug-auth": call.headers.get("authorization", "none")},
        )
    )
)
