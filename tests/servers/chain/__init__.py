"""A real chain: a model is trained, registered with MLflow, served by MLServer, and each inference is logged."""
