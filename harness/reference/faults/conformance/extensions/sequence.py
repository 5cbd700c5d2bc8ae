"""Seeded faults that the checks of ``suites/conformance/extensions/test_sequence.py`` find."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

STATE = ("accumulator",)


def _request(change: Callable[[dict[str, Any]], None]) -> Install:
    """Change the parameters of requests that were understood."""

    def install(hooks: Hooks) -> None:
        def edit(_: Call, __: ModelVersion, request: InferRequest) -> None:
            request.parameters = dict(request.parameters)
            change(request.parameters)

        hooks.requests.append(edit)

    return install


def _one_sequence(found: dict[str, Any]) -> None:
    if found.get("sequence_id"):
        found["sequence_id"] = 1


def _text_ids(found: dict[str, Any]) -> None:
    if isinstance(found.get("sequence_id"), str) and found["sequence_id"]:
        found["sequence_id"] = len(found["sequence_id"])


fault("sequences-share-state", "SEQ-01", text="all sequences have one state", models=STATE)(_request(_one_sequence))

fault(
    "sequence-ids-cut",
    "SEQ-01",
    text="of two sequences with texts for ids, those of equal length share a state",
    models=STATE,
)(_request(_text_ids))

fault("sequence-ids-modulo", "SEQ-01", text="ids of sequences are cut to eight bits", models=STATE)(
    _request(
        lambda found: (
            found.update(sequence_id=found["sequence_id"] % 256 or 256)
            if type(found.get("sequence_id")) is int and found["sequence_id"] > 0
            else None
        )
    )
)

fault("sequence-zero-is-one", "SEQ-01", text="the id 0 and the empty id are sequences of their own", models=STATE)(
    _request(
        lambda found: (
            found.update(sequence_id="zero", sequence_start=found.get("sequence_start", False))
            if found.get("sequence_id", 1) in (0, "")
            else None
        )
    )
)

fault("sequence-state-lost", "SEQ-01", text="every request begins its sequence anew", models=STATE)(
    _request(lambda found: found.update(sequence_start=True) if found.get("sequence_id") else None)
)

fault("sequence-start-any", "SEQ-01", text="sequence_start may be a text or a number", models=STATE)(
    _request(
        lambda found: found.update(
            {name: bool(found[name]) for name in ("sequence_start", "sequence_end") if name in found}
        )
    )
)


@fault("sequence-start-keeps-state", "SEQ-01", text="a start of a running sequence keeps its state", models=STATE)
def sequence_start_keeps_state(hooks: Hooks) -> None:
    running: set[object] = set()

    def change(found: dict[str, Any]) -> None:
        if found.get("sequence_start") is True and found.get("sequence_id") in running:
            found["sequence_start"] = False
        running.add(found.get("sequence_id"))

    def ended(found: dict[str, Any]) -> None:
        if found.get("sequence_end") is True:
            running.discard(found.get("sequence_id"))

    _request(change)(hooks)
    _request(ended)(hooks)


def _words_dropped(*names: str) -> Install:
    def change(found: dict[str, Any]) -> None:
        for name in names:
            if name in found and (type(found[name]) is not int or found[name] < 0):
                del found[name]

    return _request(change)


fault("priority-word-accepted", "SCHED-01", text="a priority that is no integer is ignored")(_words_dropped("priority"))

fault("timeout-word-accepted", "SCHED-01", text="a timeout that is no integer is ignored")(_words_dropped("timeout"))


@fault("priority-refused", "SCHED-01", text="requests with a priority are refused")
def priority_refused(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        try:
            found = json.loads(call.body)["parameters"] if call.op == "infer" else {}
        except (ValueError, LookupError, TypeError):
            return None
        refused = isinstance(found, dict) and ("priority" in found or "timeout" in found)
        return error(400, "there is no scheduler") if refused else None

    hooks.gates.append(gate)


@fault(
    "priority-changes-answer",
    "SCHED-01",
    text="a request with a priority is answered with its rows reversed",
    models=("digits", "matrix", "echo-fp32", "pair"),
)
def priority_changes_answer(hooks: Hooks) -> None:
    def edit(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        if not request.parameters.get("priority"):
            return outputs
        return [dataclasses.replace(each, values=each.array[::-1].ravel()) for each in outputs]

    hooks.answers.append(edit)
