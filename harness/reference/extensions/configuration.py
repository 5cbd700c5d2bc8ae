"""Extension model_configuration: a model's configuration as an object.

Source: Triton ``extension_model_configuration.md``; the members are those of Triton's ``model_config.proto`` as JSON.
"""

from __future__ import annotations

from typing import Any

from harness.reference.models.model import Model, ModelVersion
from harness.reference.protocol.tensors import Spec


def configuration(model: Model, version: ModelVersion) -> dict[str, Any]:
    """The configuration of one version; shapes are whole (``max_batch_size`` 0), as in the metadata."""
    return {
        "name": model.name,
        "platform": version.platform,
        "version_policy": {"all": {}},
        "max_batch_size": 0,
        "input": [{**_tensor(spec), "optional": spec.optional} for spec in version.inputs],
        "output": [_tensor(spec) for spec in version.outputs],
        "parameters": {key: {"string_value": value} for key, value in version.properties.items()},
    }


def _tensor(spec: Spec) -> dict[str, Any]:
    kind = "STRING" if spec.datatype == "BYTES" else spec.datatype
    return {"name": spec.name, "data_type": f"TYPE_{kind}", "dims": list(spec.shape)}
