"""Returns what it is given; the optional `n` is zeros of the length of `text` when it is not sent."""
# mypy: ignore-errors
# (runs inside Triton's backend, whose modules the project does not have)

from __future__ import annotations

from typing import Any

import numpy as np
import triton_python_backend_utils as backend


class TritonPythonModel:
    """`text` BYTES [n] and `n` INT32 [n], back under the same names."""

    def execute(self, requests: list[Any]) -> list[Any]:
        """One response per request, in order."""
        return [self.answer(request) for request in requests]

    def answer(self, request: Any) -> Any:
        """Both outputs, always."""
        text = backend.get_input_tensor_by_name(request, "text").as_numpy()
        sent = backend.get_input_tensor_by_name(request, "n")
        numbers = np.zeros(len(text), dtype=np.int32) if sent is None else sent.as_numpy()
        return backend.InferenceResponse([backend.Tensor("text", text), backend.Tensor("n", numbers)])
