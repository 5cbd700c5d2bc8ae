"""Parts beside the protocol that are closed to those who may only infer, or answered as if by somebody else."""

from __future__ import annotations

from harness.reference.extensions.offered import OPERATIONS
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.variants.registry import variant

RESTRICTED = "This API is restricted, expecting header 'x-art15-access-token'"
PAGE = b"<!doctype html><html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>"


def _over_grpc(call: Call) -> bool:
    return call.path.startswith("/inference.")


@variant("management-forbidden", "everything beside the protocol is a 403 page over REST, and PERMISSION_DENIED")
def management_forbidden(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        if call.op not in OPERATIONS:
            return None
        if _over_grpc(call):
            return error(403, "only for administrators")
        return Reply(403, body=b"<html><h1>403 Forbidden</h1></html>", media_type="text/html")

    hooks.gates.append(gate)


@variant("management-restricted", "everything beside the protocol expects a header, as Triton's restricted APIs do")
def management_restricted(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        if call.op not in OPERATIONS:
            return None
        if _over_grpc(call):
            raise Failed("UNAVAILABLE", RESTRICTED, kind="gate")
        return error(403, RESTRICTED)

    hooks.gates.append(gate)


@variant("management-switched-off", "everything beside the protocol is listed, and refused as switched off")
def management_switched_off(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        if call.op not in OPERATIONS:
            return None
        if _over_grpc(call):
            raise Failed("FAILED_PRECONDITION", "this operation is disabled by the operator", kind="gate")
        return error(400, f"{call.op} is not allowed: model control and settings are disabled")

    hooks.gates.append(gate)


def _unlisted(hooks: Hooks, reply: Reply) -> None:
    """Nothing beside the protocol is listed, and ``reply`` stands where it would be."""
    hooks.settings.repository = hooks.settings.generation = hooks.settings.extensions = False
    hooks.gates.append(
        lambda call: (
            Reply(reply.status, reply.document, reply.body, reply.media_type)
            if call.op in OPERATIONS and not _over_grpc(call)
            else None
        )
    )


@variant("management-404-page", "nothing beside the protocol is listed, and a page in HTML stands in its place")
def management_404_page(hooks: Hooks) -> None:
    _unlisted(hooks, Reply(404, body=PAGE, media_type="text/html"))


@variant("management-405", "nothing beside the protocol is listed, and its paths allow no method")
def management_405(hooks: Hooks) -> None:
    _unlisted(hooks, error(405, "Method Not Allowed"))


@variant("management-501", "nothing beside the protocol is listed, and its paths are not implemented")
def management_501(hooks: Hooks) -> None:
    _unlisted(hooks, error(501, "not implemented"))


@variant("management-empty-200", "nothing beside the protocol is listed, and its paths are answered with nothing")
def management_empty_200(hooks: Hooks) -> None:
    _unlisted(hooks, Reply(200, body=b"", media_type=None))
