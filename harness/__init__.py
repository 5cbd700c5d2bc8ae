"""art15's harness: probes an Open Inference Protocol endpoint from outside and records what it saw."""

__version__ = "0.1.0"
