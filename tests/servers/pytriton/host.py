"""PyTriton with one model, on loopback: `host.py REST_PORT GRPC_PORT METRICS_PORT SCRATCH`."""
# mypy: ignore-errors
# (runs in PyTriton's environment, whose packages the project does not have)

from __future__ import annotations

import signal
import sys
from pathlib import Path

import joblib
import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

LOOPBACK = "127.0.0.1"
ESTIMATOR = Path(__file__).with_name("iris.joblib")


class NamedTriton(Triton):
    """Its shared memory bears the name of this run, so that a killed one can be swept up after."""

    prefix = ""

    def _shm_prefix(self) -> str:
        return self.prefix


def main(rest: int, grpc: int, metrics: int, scratch: Path) -> None:
    """Bind `iris` and serve it until a signal. What is not about addresses is as PyTriton has it."""
    # PyTriton stops its Triton when the interpreter exits, which SIGTERM alone would not let it do.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    estimator = joblib.load(ESTIMATOR)

    @batch
    def iris(x: np.ndarray) -> dict[str, np.ndarray]:
        proba = estimator.predict_proba(x)
        return {"label": proba.argmax(axis=1).astype(np.int64).reshape(-1, 1), "proba": proba}

    NamedTriton.prefix = scratch.name
    config = TritonConfig(
        http_address=LOOPBACK,
        http_port=rest,
        grpc_address=LOOPBACK,
        grpc_port=grpc,
        metrics_address=LOOPBACK,
        metrics_port=metrics,
        exit_timeout_secs=3,
    )
    with NamedTriton(config=config, workspace=scratch / "workspace") as triton:
        triton.bind(
            model_name="iris",
            infer_func=iris,
            inputs=[Tensor(name="x", dtype=np.float32, shape=(4,))],
            outputs=[
                Tensor(name="label", dtype=np.int64, shape=(1,)),
                Tensor(name="proba", dtype=np.float64, shape=(3,)),
            ],
            config=ModelConfig(max_batch_size=64),
        )
        triton.serve()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]), Path(sys.argv[4]))
