"""Where a model comes from: what an endpoint claims of that, and what can be computed or looked up beside it."""
