"""A runtime of MLServer that says where its model comes from. Runs in the environment of MLServer."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mlserver.types import InferenceRequest, InferenceResponse, MetadataModelResponse, Parameters
from mlserver.utils import get_model_uri
from mlserver_sklearn import SKLearnModel


class TracedModel(SKLearnModel):  # type: ignore[misc]
    """Claims what its settings say under `extra`, and the digest of the file that it has loaded."""

    async def load(self) -> bool:
        """Load the model, and compute its digest."""
        ready = await super().load()
        data = Path(await get_model_uri(self.settings)).read_bytes()
        claims = {**self.settings.parameters.extra, "model.digest": f"sha256:{hashlib.sha256(data).hexdigest()}"}
        self._claims = {f"provenance.{name}": value for name, value in claims.items()}
        return bool(ready)

    async def metadata(self) -> MetadataModelResponse:
        """The metadata of MLServer, with the claims as parameters."""
        found = await super().metadata()
        found.parameters = Parameters(**self._claims)
        return found

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """The answer of the model, with the claims as parameters."""
        answer = await super().predict(payload)
        answer.parameters = Parameters(**self._claims)
        return answer
