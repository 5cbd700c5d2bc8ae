"""Seeded faults that the checks of ``suites/conformance/grpc/test_grpc_health.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.grpc_service import answers_unknown, ends_with, needs_version, sets_member
from harness.reference.faults.registry import fault

fault("grpc-live-unset", "GRPC-HEALTH-01", text="ServerLive is OK and live is not set", transport="grpc")(
    sets_member("live", "live", False)
)

fault("grpc-live-fails", "GRPC-HEALTH-01", text="ServerLive ends UNAVAILABLE while models infer", transport="grpc")(
    ends_with("live", "UNAVAILABLE", "shutting down")
)

fault("grpc-ready-stays-false", "GRPC-HEALTH-02", text="ServerReady is false while models infer", transport="grpc")(
    sets_member("ready", "ready", False)
)

fault("grpc-model-ready-false", "GRPC-HEALTH-03", text="ModelReady of a loaded model is false", transport="grpc")(
    sets_member("model-ready", "ready", False)
)

fault("grpc-model-ready-needs-version", "GRPC-HEALTH-03", text="ModelReady wants a version", transport="grpc")(
    needs_version("model-ready")
)

fault(
    "grpc-server-ready-while-unloaded",
    "GRPC-HEALTH-04",
    text="ServerReady is true although a model was unloaded",
    transport="grpc",
)(sets_member("ready", "ready", True))

fault("grpc-unknown-model-ready", "GRPC-HEALTH-05", text="ModelReady is true for every name", transport="grpc")(
    answers_unknown("model-ready", lambda _, reply: setattr(reply, "ready", True))
)

fault(
    "grpc-unknown-version-ready",
    "GRPC-HEALTH-05",
    "VERS-02",
    text="ModelReady is true for every version",
    transport="grpc",
)(answers_unknown("model-ready", lambda _, reply: setattr(reply, "ready", True), versions=True))
