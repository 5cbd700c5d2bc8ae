"""From a ModelInferRequest to an inference request, or to the words that refuse it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.reference.grpc.contents import filled_fields
from harness.reference.protocol.decode import to_array
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import NUMPY, Spec, Tensor

if TYPE_CHECKING:
    from harness.reference.hooks import Hooks
    from harness.reference.models.model import ModelVersion


def read_message(message: Any, version: ModelVersion, hooks: Hooks) -> InferRequest:
    """Check ``message`` against the description of a model.

    Raises:
        Refusal: anything that the specification does not provide for.
    """
    return InferRequest(
        id=message.id or None,
        inputs=_Inputs(message, version.inputs, hooks).read(),
        outputs=_outputs(message, version.outputs, hooks),
        parameters=parameters(message, "the request", hooks),
        output_parameters={each.name: _plain(each) for each in message.outputs},
    )


def document(message: Any) -> dict[str, Any]:
    """The request as the JSON document that would say the same, without data: what transport-free hooks look at."""
    found: dict[str, Any] = {
        "inputs": [
            {"name": each.name, "datatype": each.datatype, "shape": list(each.shape), "parameters": _plain(each)}
            for each in message.inputs
        ],
        "parameters": _plain(message),
    }
    if message.id:
        found["id"] = message.id
    if message.outputs:
        found["outputs"] = [{"name": each.name, "parameters": _plain(each)} for each in message.outputs]
    return found


def _plain(holder: Any) -> dict[str, Any]:
    return {key: _value(each) for key, each in sorted(holder.parameters.items())}


def _value(parameter: Any) -> Any:
    kind = parameter.WhichOneof("parameter_choice")
    return None if kind is None else getattr(parameter, kind)


def parameters(holder: Any, whose: str, hooks: Hooks) -> dict[str, Any]:
    """The parameters of a message; one without a value is refused."""
    found = _plain(holder)
    for key, value in found.items():
        if value is None and not hooks.grpc.any_parameter:
            raise Refusal(f"parameter {key!r} of {whose} has no value")
        if hooks.rules.refuse_unknown_parameters:
            raise Refusal(f"unknown parameter {key!r} of {whose}")
    return found


def _outputs(message: Any, known: tuple[Spec, ...], hooks: Hooks) -> list[str] | None:
    names: list[str] = []
    for each in message.outputs:
        parameters(each, f"output {each.name!r}", hooks)
        if each.name not in {spec.name for spec in known}:
            if hooks.grpc.unknown_outputs or hooks.rules.unknown_outputs:
                continue
            raise Refusal(f"the model has no output {each.name!r}", kind="name")
        if each.name in names and not hooks.rules.repeated_outputs:
            raise Refusal(f"output {each.name!r} is asked for twice")
        names.append(each.name)
    return names or None


class _Inputs:
    """Reads the inputs of one message."""

    def __init__(self, message: Any, specs: tuple[Spec, ...], hooks: Hooks) -> None:
        self.entries = list(message.inputs)
        self.raw = list(message.raw_input_contents)
        self.typed = [bool(filled_fields(entry.contents)) for entry in self.entries]
        self.specs = {spec.name: spec for spec in specs}
        self.hooks = hooks
        self.points, self.rules = hooks.grpc, hooks.rules

    def read(self) -> dict[str, Tensor]:
        """Every input tensor, by name."""
        self._one_form()
        found: dict[str, Tensor] = {}
        for index, entry in enumerate(self.entries):
            spec = self.specs.get(entry.name)
            if spec is None:
                if self.points.unknown_inputs or self.rules.unknown_inputs:
                    continue
                raise Refusal(f"the model has no input {entry.name!r}", kind="name")
            if entry.name in found and not (self.points.repeated_inputs or self.rules.repeated_inputs):
                raise Refusal(f"input {entry.name!r} is given twice")
            found[entry.name] = self._tensor(index, entry, spec)
        missing = [spec.name for spec in self.specs.values() if not spec.optional and spec.name not in found]
        if missing and not (self.points.missing_inputs or self.rules.missing_inputs):
            raise Refusal(f"input {missing[0]!r} is missing", kind="name")
        return found

    def _one_form(self) -> None:
        if not self.raw:
            return
        typed = [entry.name for entry, is_typed in zip(self.entries, self.typed, strict=True) if is_typed]
        allowed = {"both": len(typed) == len(self.entries), "each": len(typed) < len(self.entries)}
        if typed and not allowed.get(self.points.mixture, False):
            raise Refusal(f"input {typed[0]!r} has typed contents beside raw_input_contents")
        if len(self.raw) != len(self.entries) and not (self.points.any_raw_count or (typed and self.points.mixture)):
            raise Refusal(f"{len(self.entries)} inputs and {len(self.raw)} entries of raw_input_contents")

    def _entry_of(self, index: int) -> bytes | None:
        """The raw entry of an input, or None if its elements are typed."""
        if self.typed[index] or not self.raw:
            return None
        # Only where a fault lets forms mix: as many entries as there are inputs, or one for each that is not typed.
        at = index if len(self.raw) == len(self.entries) else index - sum(self.typed[:index])
        return self.raw[at] if at < len(self.raw) else None

    def _tensor(self, index: int, entry: Any, spec: Spec) -> Tensor:
        parameters(entry, f"input {spec.name!r}", self.hooks)
        declared = self._datatype(entry, spec)
        shape = self._shape(entry, spec)
        entered = self._entry_of(index)
        if entered is not None:
            tensor = self.points.decode_raw(spec.name, declared, shape, entered)
        else:
            tensor = self.points.decode_typed(spec.name, declared, shape, entry.contents)
        if declared != spec.datatype:
            tensor = self._converted(tensor, spec)
        for edit in self.points.inputs:
            tensor = edit(tensor)
        return tensor

    def _datatype(self, entry: Any, spec: Spec) -> str:
        if self.points.any_datatype or self.rules.any_datatype:
            return spec.datatype
        if entry.datatype not in NUMPY:
            raise Refusal(f"input {spec.name!r}: {entry.datatype!r} is no data type that this server knows")
        if entry.datatype != spec.datatype and not self.rules.converts_datatype:
            raise Refusal(f"input {spec.name!r} is {spec.datatype}, not {entry.datatype}")
        return str(entry.datatype)

    def _converted(self, tensor: Tensor, spec: Spec) -> Tensor:
        """``tensor`` in the model's own data type: as over REST, if its elements can be read as such."""
        flat: list[Any] = tensor.values.tolist()
        if tensor.datatype == "BYTES":
            flat = [bytes(each).decode("utf-8", "replace") for each in flat]
        for edit in self.hooks.elements:
            flat = edit(spec.name, spec.datatype, flat)
        return Tensor(spec.name, spec.datatype, tensor.shape, to_array(spec.name, spec.datatype, flat))

    def _shape(self, entry: Any, spec: Spec) -> list[int]:
        shape = list(entry.shape)
        if self.points.any_shape:
            return shape
        if any(size < 0 for size in shape):
            raise Refusal(f"input {spec.name!r}: a dimension of {shape} is negative", kind="shape")
        fits = len(shape) == len(spec.shape) and all(
            want in (-1, got) for want, got in zip(spec.shape, shape, strict=True)
        )
        if not fits:
            raise Refusal(f"input {spec.name!r}: shape {shape} does not fit {list(spec.shape)}", kind="shape")
        return shape
