"""The iris classifier behind Triton's Python backend; both versions are the same estimator."""
# mypy: ignore-errors
# (runs inside Triton's backend, whose modules the project does not have)

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import triton_python_backend_utils as backend


class TritonPythonModel:
    """`label`, the class [n, 1] INT64, and `proba`, the class probabilities [n, 3] FP64."""

    def initialize(self, args: dict[str, str]) -> None:
        """Read the estimator that lies beside this version."""
        folder = Path(args["model_repository"]) / args["model_version"]
        self.estimator = joblib.load(folder / "model.joblib")

    def execute(self, requests: list[Any]) -> list[Any]:
        """One response per request, in order."""
        return [self.answer(request) for request in requests]

    def answer(self, request: Any) -> Any:
        """NaN and infinity are refused by scikit-learn; that is an error of the request, not of the model."""
        rows = backend.get_input_tensor_by_name(request, "x").as_numpy()
        try:
            proba = self.estimator.predict_proba(rows)
        except ValueError as failure:
            return backend.InferenceResponse(error=backend.TritonError(str(failure)))
        label = proba.argmax(axis=1).astype(np.int64).reshape(-1, 1)
        return backend.InferenceResponse([backend.Tensor("label", label), backend.Tensor("proba", proba)])
