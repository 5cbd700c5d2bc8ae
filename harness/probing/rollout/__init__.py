"""Two versions of a model, asked the same."""
