"""The pages under docs/recipes and what is shown on them."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = [DOCS / "rollout.md", *sorted((DOCS / "recipes").glob("*.md"))]
COMMAND = (
    'pytest --endpoint "$STABLE" --oip-candidate "$CANDIDATE" --oip-suite rollout --oip-policy policy.toml '
    "--oip-time-budget 600 --oip-evidence evidence"
)
"""What every recipe runs."""


def blocks(page: Path) -> dict[str, str]:
    """The files that a page shows: indented, with the name of the file in a comment on the first line."""
    found = {}
    for block in re.findall(r"(?:^(?:    .*)?\n)+", page.read_text(), re.MULTILINE):
        lines = [line.removeprefix("    ") for line in block.strip("\n").splitlines()]
        named = re.fullmatch(r"(?:#|//) (\S+)", lines[0]) if lines else None
        if named is not None:
            found[named[1]] = "\n".join(lines) + "\n"
    return found


def commands(page: Path) -> list[str]:
    """Each call of pytest on a page, with the policy where a pipeline has it."""
    found = re.findall(r"\bpytest --endpoint \"\$STABLE\".*", page.read_text())
    return [each.replace("/policy/policy.toml", "policy.toml") for each in found]
