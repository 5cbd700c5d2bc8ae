"""Models for the extensions: one that writes, one that remembers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.reference.extensions.sequence import Sequences
from harness.reference.models.model import Model, Predict
from harness.reference.models.small import both_versions, renamed
from harness.reference.models.textgen import Options, TextModel
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.tensors import Spec, Tensor

TEXT = """
The keeper of the lighthouse lit the lamp every night. The lamp turned slowly and the light went over the sea. One
night the fog came and the lamp stayed dark. The keeper climbed the stairs and found a small owl on the lamp. The owl
looked at the keeper, and the keeper looked at the owl. Then the owl flew over the sea and the light came back. The
ships saw the light, and the ships came home. Every night the owl came back to the lighthouse, and the keeper gave the
owl a fish. The fog came and went, the lamp turned slowly, and the keeper told the ships of the owl until the very end
"""


def story() -> Model:
    """Continues a text by the words of a short story: by the last word in version 1, the last two in version 2."""
    writers = [TextModel(TEXT, order) for order in (1, 2)]
    model = both_versions(
        "story", (Spec("text_input", "BYTES", (1,)),), (Spec("text_output", "BYTES", (1,)),), *map(_writing, writers)
    )
    versions = zip(model.versions.items(), writers, strict=True)
    model.versions = {name: dataclasses.replace(each, text=writer) for (name, each), writer in versions}
    return model


def _writing(writer: TextModel) -> Predict:
    def predict(inputs: Mapping[str, Tensor]) -> list[Tensor]:
        prompt = bytes(inputs["text_input"].values[0]).decode("utf-8", "replace")
        values = np.empty(1, dtype=object)
        values[0] = writer.generate(prompt, Options()).text.encode()
        return [Tensor("text_output", "BYTES", (1,), values)]

    return predict


def accumulator() -> Model:
    """The sum of the values of a sequence so far; the value itself where a request belongs to no sequence."""
    model = both_versions(
        "accumulator",
        (Spec("x", "INT32", (1,)),),
        (Spec("y", "INT32", (1,)),),
        lambda inputs: [renamed(inputs["x"], "y")],
    )
    model.versions = {
        name: dataclasses.replace(each, sequences=Sequences(_add)) for name, each in model.versions.items()
    }
    return model


def _add(inputs: Mapping[str, Tensor], state: Any) -> tuple[list[Tensor], Any]:
    total = int(inputs["x"].values[0]) + (state or 0)
    limits = np.iinfo(np.int32)
    if not limits.min <= total <= limits.max:
        raise Refusal(f"the sum {total} is outside the range of INT32", kind="values")
    return [Tensor("y", "INT32", (1,), np.array([total], dtype=np.int32))], total
