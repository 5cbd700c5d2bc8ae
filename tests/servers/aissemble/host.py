"""aiSSEMBLE's two front ends for one handler, in one process: `host.py REST_PORT`; the rest is in the environment."""
# mypy: ignore-errors
# (runs in aiSSEMBLE's environment, whose packages the project does not have)

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import joblib
import numpy as np

# Taken off before aiSSEMBLE is imported, which reads the arguments as options of its own.
REST_PORT = int(sys.argv.pop(1))

import uvicorn  # noqa: E402
from aissemble_open_inference_protocol_fastapi.aissemble_oip_fastapi import AissembleOIPFastAPI  # noqa: E402
from aissemble_open_inference_protocol_grpc.aissemble_oip_grpc import AissembleOIPgRPC  # noqa: E402
from aissemble_open_inference_protocol_shared.handlers.model_handler import ModelHandler  # noqa: E402
from aissemble_open_inference_protocol_shared.types.dataplane import (  # noqa: E402
    Datatype,
    InferenceRequest,
    InferenceResponse,
    MetadataTensor,
    ModelMetadataResponse,
    ResponseOutput,
)

ESTIMATOR = Path(__file__).with_name("iris.joblib")


class Iris(ModelHandler):
    """The class of each row. Like the handlers in aiSSEMBLE's manual it does not look at the name of the model."""

    def __init__(self) -> None:
        self.estimator = joblib.load(ESTIMATOR)

    def infer(self, payload: InferenceRequest, model_name: str, model_version: str | None = None) -> InferenceResponse:
        """Predict from the first input, in the shape that was sent."""
        tensor = payload.inputs[0]
        # Decoded already over REST, and as it came over gRPC.
        values = getattr(tensor.data, "root", tensor.data)
        classes = self.estimator.predict(np.array(values, dtype=float).reshape(tensor.shape))
        label = ResponseOutput(
            name="label", shape=list(classes.shape), datatype=Datatype.INT64, data=[int(each) for each in classes]
        )
        return InferenceResponse(model_name=model_name, model_version=model_version, id=payload.id, outputs=[label])

    def model_metadata(self, model_name: str, model_version: str | None = None) -> ModelMetadataResponse:
        """Of the one model there is, under the name that was asked for."""
        return ModelMetadataResponse(
            name=model_name,
            versions=["1"],
            platform="sklearn_joblib",
            inputs=[MetadataTensor(name="x", datatype=Datatype.FP32, shape=[-1, 4])],
            outputs=[MetadataTensor(name="label", datatype=Datatype.INT64, shape=[-1])],
        )

    def model_load(self, model_name: str) -> bool:
        """It is loaded from the start."""
        return True


async def main() -> None:
    """Both front ends on one event loop, until uvicorn is told to end."""
    handler = Iris()
    config = uvicorn.Config(AissembleOIPFastAPI(handler).server, host="127.0.0.1", port=REST_PORT)
    rpc = AissembleOIPgRPC(handler).server
    await rpc.start()
    await uvicorn.Server(config).serve()
    await rpc.stop(1)


if __name__ == "__main__":
    asyncio.run(main())
