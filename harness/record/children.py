"""Processes that this one starts for itself: they are not handed the credentials that it was given."""

from __future__ import annotations

import os

# The token, the options of our locustfile, what pytest was given and the name of the item that is carried out.
_HELD = ("ART15_TOKEN", "OIP_", "PYTEST_")


def environment(**more: str) -> dict[str, str]:
    """The environment of such a process: this one's, what is added, and nothing that may be a secret."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_HELD)} | more
