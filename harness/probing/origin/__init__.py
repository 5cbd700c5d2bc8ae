"""Where a model comes from, as far as it can be asked."""
