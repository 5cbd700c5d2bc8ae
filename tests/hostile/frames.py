"""gRPC: frames; the wrong ones come for every call, or from the first inference on."""

from __future__ import annotations

from tests.harness.wire.hostile_grpc import HostileGrpc

from .calls import right
from .peers import at_model_infer
from .scenario import Scenario, rpc

EVERY = (
    "never-answers",
    "never-reads",
    "closes-at-once",
    "http-1",
    "garbage",
    "zeros",
    "settings-then-silence",
    "settings-flood",
    "zero-window",
    "goaway-at-once",
    "goaway-flood",
    "rst-flood",
    "page-200",
    "headers-integer",
)
FROM_INFERENCE = (
    "resets",
    "closes-after-request",
    "headers-drip",
    "continuation-flood",
    "continuation-empty-flood",
    "interim-flood",
    "interim-drip",
    "endless-message",
    "endless-small-messages",
    "endless-empty-data",
    "endless-padding",
    "drip-message",
    "announced-2-gb",
    "announced-4-gb-then-done",
    "ping-flood",
    "window-flood",
    "priority-flood",
    "unknown-frame-flood",
    "rst-0",
    "rst-11",
    "goaway-graceful-then-silence",
    "data-before-headers",
    "answer-twice",
    "two-messages",
    "compressed",
    "flag-255",
    "message-cut",
    "message-missing",
    "no-trailers",
    "trailers-without-end",
    "status-missing",
    "status-endless",
    "message-not-utf-8",
    "trailers-many",
    "headers-many",
    "frame-too-large-held",
    "push-promise",
    "other-stream",
)


SCENARIOS: dict[str, Scenario] = {
    **{
        f"grpc-{name}-always": rpc(lambda name=name: HostileGrpc(name), options=("--oip-model", "m"), mute=True)  # type: ignore[misc]
        for name in EVERY
    },
    **{
        f"grpc-{name}-at-inference": rpc(
            lambda name=name: at_model_infer(name, lambda method, _: right().get(method, b""))  # type: ignore[misc]
        )
        for name in FROM_INFERENCE
    },
}
