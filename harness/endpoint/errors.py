"""Why an endpoint cannot be probed as asked."""

from __future__ import annotations


class EndpointError(Exception):
    """The endpoint cannot be probed as asked; one clear line that says what to do (exit code 4)."""
