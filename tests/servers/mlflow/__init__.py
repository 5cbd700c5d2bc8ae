"""MLflow: a registry of models, not a server of the protocol."""
