"""A model that returns its inputs untouched: what goes in and what comes out differ only by what the server does."""
# mypy: ignore-errors
# (runs in MLServer's environment, whose packages the project does not have)

from __future__ import annotations

from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class Echo(MLModel):
    """Each input tensor becomes an output of the same name, datatype, shape and data."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Copy field by field; nothing is decoded."""
        outputs = [
            ResponseOutput(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape, data=tensor.data)
            for tensor in payload.inputs
        ]
        return InferenceResponse(id=payload.id, model_name=self.name, model_version=self.version, outputs=outputs)
