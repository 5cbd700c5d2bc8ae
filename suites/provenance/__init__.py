"""Where a model comes from: what is claimed of it, and what can be computed or looked up beside that."""
