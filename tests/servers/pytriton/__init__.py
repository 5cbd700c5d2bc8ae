"""PyTriton: Python callables behind a Triton of its own, which it starts with its management closed."""
