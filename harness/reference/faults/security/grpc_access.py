"""Seeded faults that the checks of ``suites/security/test_grpc_access.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.access import guarded, remembered
from harness.reference.faults.kit.common import is_rest
from harness.reference.faults.registry import fault

OPEN = "policy:no-open-access"


fault("auth-grpc-open", OPEN, text="gRPC needs no token", transport="grpc", effect="access")(
    guarded(lambda call, _: not is_rest(call))
)

fault("auth-grpc-metadata-open", OPEN, text="over gRPC, metadata needs no token", transport="grpc", effect="access")(
    guarded(lambda call, _: not is_rest(call) and call.op in ("server-metadata", "model-metadata"))
)

fault(
    "auth-grpc-remembered-by-connection",
    OPEN,
    text="once a gRPC connection had the token, it needs none any more",
    transport="grpc",
    effect="access",
)(remembered(lambda call: not is_rest(call)))
