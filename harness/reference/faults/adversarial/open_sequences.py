"""Seeded faults that the checks of ``suites/adversarial/test_open_sequences.py`` find."""

from __future__ import annotations

from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest

STATE = ("accumulator",)
SLOTS = 6


@fault(
    "sequence-slots-reused",
    "policy:no-leak",
    "SEQ-01",
    text="with six sequences open, the start of another one goes on where the oldest of them is",
    models=STATE,
    effect="state",
)
def sequence_slots_reused(hooks: Hooks) -> None:
    slots: dict[Any, Any] = {}

    def edit(_: Call, __: ModelVersion, request: InferRequest) -> None:
        own = request.parameters.get("sequence_id", 0)
        if not own:
            return
        if request.parameters.get("sequence_start") is True and own not in slots and len(slots) >= SLOTS:
            slots[own] = slots.pop(next(iter(slots)))
            request.parameters = {**request.parameters, "sequence_start": False}
        slot = slots.setdefault(own, own)
        request.parameters = {**request.parameters, "sequence_id": slot}
        if request.parameters.get("sequence_end") is True:
            slots.pop(own)

    hooks.requests.append(edit)


@fault(
    "oldest-sequence-forgotten",
    "policy:same-answer",
    "SEQ-01",
    text="with more than twelve sequences open, a step of the oldest one begins it anew",
    models=STATE,
    effect="state",
)
def oldest_sequence_forgotten(hooks: Hooks) -> None:
    begun: dict[Any, bool] = {}

    def edit(_: Call, __: ModelVersion, request: InferRequest) -> None:
        own = request.parameters.get("sequence_id", 0)
        if not own:
            return
        if len(begun) > 2 * SLOTS and own == next(iter(begun)):
            request.parameters = {**request.parameters, "sequence_start": True}
        begun[own] = True
        if request.parameters.get("sequence_end") is True:
            begun.pop(own)

    hooks.requests.append(edit)
