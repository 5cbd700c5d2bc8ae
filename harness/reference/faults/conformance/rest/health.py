"""Seeded faults that the checks of ``suites/conformance/rest/test_health.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.health import answers_always
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

fault("live-404", "REST-HEALTH-01", "REST-HTTP-01", text="the live endpoint is not there")(
    answers_always("live", 404, {"error": "not found"})
)

fault("live-says-false", "REST-HEALTH-03", text="live answers 200 and says false")(
    answers_always("live", 200, {"live": False})
)

fault("live-member-not-bool", "REST-HEALTH-03", text="live answers the word yes")(
    answers_always("live", 200, {"live": "yes"})
)

fault("ready-503", "REST-HEALTH-02", text="ready answers 503 although every model infers")(
    answers_always("ready", 503, {"ready": False})
)

fault("ready-member-not-bool", "REST-HEALTH-04", text="ready answers 1 instead of true")(
    answers_always("ready", 200, {"ready": 1})
)

fault("ready-says-false", "REST-HEALTH-04", text="ready answers 200 and says false under the name live")(
    answers_always("ready", 200, {"live": False})
)


@fault(
    "health-needs-header", "REST-HEALTH-06", text="health refuses probes that close their connection, as kubelet's do"
)
def health_needs_header(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        closing = "close" in call.headers.get("connection", "")
        return error(400, "keep the connection open") if call.op in ("live", "ready") and closing else None

    hooks.gates.append(gate)
