"""Train two classifiers, log and register both: `train.py FOLDER NAME ALIAS`. Runs in the environment of MLflow.

Prints an object: version -> its run, and the file that was logged. `MLFLOW_TRACKING_URI` names the server.
"""

from __future__ import annotations

import json
import sys

import mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression


def main(folder: str, name: str, alias: str) -> None:
    """The alias names the first version."""
    flowers = load_iris()
    made = {}
    for version, strength in (("1", 1.0), ("2", 0.01)):
        with mlflow.start_run() as run:
            fitted = LogisticRegression(C=strength, max_iter=1000).fit(flowers.data, flowers.target)
            # MLServer loads pickles. Requirements that are named are not worked out, which takes a minute.
            mlflow.sklearn.log_model(
                fitted,
                name="model",
                registered_model_name=name,
                serialization_format="pickle",
                pip_requirements=["scikit-learn"],
            )
        there = mlflow.artifacts.download_artifacts(f"models:/{name}/{version}", dst_path=f"{folder}/{version}")
        made[version] = {"run": run.info.run_id, "folder": there}
    mlflow.MlflowClient().set_registered_model_alias(name, alias, "1")
    sys.stdout.write("\n" + json.dumps(made))


if __name__ == "__main__":
    main(*sys.argv[1:])
