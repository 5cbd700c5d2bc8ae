"""What the environment holds for the policy, which is kept and so names variables alone."""

from __future__ import annotations

import os

from harness.check import TesterFailed


def held(name: str, what: str) -> str:
    """The value of an environment variable.

    Raises:
        TesterFailed: it holds nothing.
    """
    value = os.environ.get(name, "")
    if not value:
        raise TesterFailed(f"the environment variable {name} holds no {what}")
    return value
