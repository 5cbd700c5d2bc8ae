"""Seeded faults that the checks of ``suites/conformance/binary/test_binary_outputs.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.binary import binary_output
from harness.reference.faults.kit.binary_heads import change_request, size_of_output
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest

MANY = ("pair", "text", "digits", "cancer")


def _own_gone(request: InferRequest, *, only: bool | None = None) -> None:
    for own in request.output_parameters.values():
        if only is None or own.get("binary_data") is only:
            own.pop("binary_data", None)


fault("binary-wish-ignored", "BIN-08", text="binary_data of an output is ignored")(change_request(_own_gone))

fault("binary-all-when-one", "BIN-08", text="one output asked for in binary makes all of them binary", models=MANY)(
    change_request(
        lambda request: (
            request.parameters.update(binary_data_output=True)
            if any(own.get("binary_data") for own in request.output_parameters.values())
            else None
        )
    )
)

fault("binary-output-default-ignored", "BIN-10", text="binary_data_output is ignored")(
    change_request(lambda request: request.parameters.pop("binary_data_output", None))
)

fault("own-setting-ignored", "BIN-11", text="binary_data false gives way to binary_data_output true", models=MANY)(
    change_request(lambda request: _own_gone(request, only=False))
)

fault("listed-outputs-plain", "BIN-11", text="binary_data_output does not reach outputs that are listed", models=MANY)(
    change_request(lambda request: [own.setdefault("binary_data", False) for own in request.output_parameters.values()])
)


@fault("binary-output-default-first-only", "BIN-10", text="binary_data_output reaches the first output", models=MANY)
def binary_output_default_first_only(hooks: Hooks) -> None:
    def edit(_: Call, version: ModelVersion, request: InferRequest) -> None:
        for spec in version.outputs[1:]:
            request.output_parameters.setdefault(spec.name, {}).setdefault("binary_data", False)

    hooks.requests.append(edit)


fault("binary-size-missing", "BIN-08", "BIN-09", text="binary outputs do not say how many bytes they have")(
    binary_output(lambda entry: entry.pop("parameters"))
)

fault("binary-data-and-size", "BIN-08", text="binary outputs have an empty data as well")(
    binary_output(lambda entry: entry.update(data=[]))
)

fault("binary-size-as-text", "BIN-08", text="binary_data_size is a text in replies")(
    binary_output(lambda entry: entry["parameters"].update(binary_data_size=str(size_of_output(entry))))
)
