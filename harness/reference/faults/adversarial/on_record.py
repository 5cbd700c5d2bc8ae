"""Seeded faults that the checks of ``suites/adversarial/test_on_record.py`` find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from harness.reference.faults.kit.common import Count, wrong_when
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

SAME = "policy:same-answer"
ROWS = 3


@fault(
    "every-fifth-of-a-version-wrong",
    SAME,
    text="every fifth inference that names a version has wrong values",
    effect="state",
)
def every_fifth_of_a_version(hooks: Hooks) -> None:
    count = Count()
    wrong_when(lambda call, _: call.version is not None and count.up() % 5 == 0)(hooks)


@fault(
    "every-fourth-in-binary-wrong",
    SAME,
    text="every fourth inference with tensors in binary has wrong values",
    effect="state",
)
def every_fourth_in_binary(hooks: Hooks) -> None:
    count = Count()
    wrong_when(lambda call, _: "inference-header-content-length" in call.headers and count.up() % 4 == 0)(hooks)


@fault(
    "accepted-request-refused-at-times",
    SAME,
    text="an inference that was answered often is refused, as if it were wrong, every 7th time",
    effect="state",
)
def accepted_refused_at_times(hooks: Hooks) -> None:
    seen: Counter[tuple[str, ...]] = Counter()

    def gate(call: Call) -> Reply | None:
        if call.op != "infer" or not call.verb_fits:
            return None
        key = (call.model, repr(call.body))
        seen[key] += 1
        return error(400, "bad request") if seen[key] > 20 and seen[key] % 7 == 0 else None

    hooks.gates.append(gate)


def _of_a_batch(version: str, asked: Callable[[Call], bool]) -> Callable[[Hooks], None]:
    """Let answers of more than three rows name another version, over either transport."""

    def seed(hooks: Hooks) -> None:
        def edit(call: Call, body: dict[str, Any]) -> None:
            if asked(call) and any(each["shape"] and each["shape"][0] > ROWS for each in body["outputs"]):
                body["model_version"] = version

        def change(call: Call, reply: Any) -> None:
            if asked(call) and any(each.shape and each.shape[0] > ROWS for each in reply.outputs):
                reply.model_version = version

        hooks.on("infer")(edit)
        hooks.grpc.on("infer")(change)

    return seed


fault(
    "batch-by-another-version",
    "advice:one-service",
    text="the answer to a batch of more than three rows that asks for no version names the one before",
    effect="state",
)(_of_a_batch("1", lambda call: call.version is None))

fault(
    "batch-by-another-version-than-asked",
    "VERS-04",
    text="the answer to a batch of more than three rows that asks for version 1 names version 2",
    effect="state",
)(_of_a_batch("2", lambda call: call.version == "1"))
