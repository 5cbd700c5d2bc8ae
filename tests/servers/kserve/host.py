"""KServe's ModelServer with two models, on loopback: `host.py --http_port N --grpc_port N`."""
# mypy: ignore-errors
# (runs in KServe's environment, whose packages the project does not have)

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import kserve.model_server
import kserve.protocol.grpc.server
from grpc import aio
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer
from kserve.errors import InferenceError
from kserve.utils.utils import generate_uuid, get_predict_input, get_predict_response

LOOPBACK = "127.0.0.1"
ESTIMATOR = Path(__file__).with_name("iris.joblib")


class LoopbackREST(kserve.model_server.RESTServer):
    """The REST server asks uvicorn for 0.0.0.0 and offers no option; the address is read only when it starts."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.config.host = LOOPBACK


class LoopbackAIO:
    """Stands in for `grpc.aio` in KServe's gRPC module, which asks for [::] and offers no option either."""

    @staticmethod
    def server(*arguments: Any, **options: Any) -> aio.Server:
        """The server `grpc.aio` makes, with every port bound to loopback."""
        made = aio.server(*arguments, **options)
        bind = made.add_insecure_port
        made.add_insecure_port = lambda address: bind(f"{LOOPBACK}:{address.rpartition(':')[2]}")
        return made


class Iris(Model):
    """Predicts the class, through the same helpers and the same error as KServe's scikit-learn server."""

    def load(self) -> bool:
        """Read the estimator."""
        self.estimator = joblib.load(ESTIMATOR)
        self.ready = True
        return self.ready

    async def get_input_types(self) -> list[dict[str, Any]]:
        """Declared by hand: the base class declares nothing."""
        return [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}]

    async def get_output_types(self) -> list[dict[str, Any]]:
        """The helpers name the only output themselves."""
        return [{"name": "output-0", "datatype": "INT64", "shape": [-1]}]

    def predict(self, payload: InferRequest | dict[str, Any], headers: dict[str, str] | None = None) -> Any:
        """Any failure becomes an InferenceError, as in KServe's own server."""
        try:
            classes = self.estimator.predict(get_predict_input(payload))
            return get_predict_response(payload, classes, self.name)
        except Exception as failure:
            raise InferenceError(str(failure)) from failure


class Echo(Model):
    """Returns every input under its own name, decoded by KServe into numpy and encoded again."""

    def load(self) -> bool:
        """Nothing to load."""
        self.ready = True
        return self.ready

    def predict(self, payload: InferRequest, headers: dict[str, str] | None = None) -> InferResponse:
        """Let KServe pick the outputs asked for, and the encoding."""
        outputs = []
        for tensor in payload.inputs:
            values = tensor.as_numpy()
            output = InferOutput(name=tensor.name, shape=list(values.shape), datatype=tensor.datatype)
            output.set_data_from_numpy(values, binary_data=payload.use_binary_outputs)
            outputs.append(output)
        return InferResponse(
            # As KServe's helpers do it for `iris`, so that both models answer alike.
            response_id=payload.id or generate_uuid(),
            model_name=self.name,
            infer_outputs=outputs,
            requested_outputs=payload.request_outputs,
            use_binary_outputs=payload.use_binary_outputs,
        )


def main() -> None:
    """Load both models and serve them until a signal."""
    kserve.model_server.RESTServer = LoopbackREST
    kserve.protocol.grpc.server.aio = LoopbackAIO
    models = [Iris("iris"), Echo("echo")]
    for model in models:
        model.load()
    ModelServer(workers=1).start(models)


if __name__ == "__main__":
    main()
