"""Foreign words are redacted before they are cut, everywhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from harness.record.quoting import clip, clip_bytes
from harness.record.redact import Redactor

ROOT = Path(__file__).resolve().parents[3]
ROOMS = (
    "harness/wire",
    "harness/endpoint",
    "harness/probing",
    "harness/judging",
    "harness/run",
    "harness/oracles",
    "harness/load",
    "suites",
)
# A shorter piece of a secret says nothing.
USABLE = 24
# What is cut otherwise, and why it may be.
ALLOWED = {
    "harness/endpoint/advice.py: re.sub(r\"[^A-Za-z0-9_.-]+\", \"-\", name)[:40]": "a file, told redacted",
    "harness/endpoint/address.py: exchange.response_body[:200]": "looked at, not told",
    "harness/endpoint/sequences.py: exchange.response_body[:2000]": "looked at, not told",
    "suites/security/test_management.py: exchange.response_body[:2000]": "looked at, not told",
    "harness/run/numbers.py: str(given)[:40]": "an option of ours",
    "harness/load/locust/options.py: str(given)[:40]": "an option of ours",
    "harness/oracles/disclosure.py: text[:120]": "what is disclosed is made a secret itself",
}  # fmt: skip


def cuts() -> Iterator[str]:
    """Every ``[:N]`` with a number that leaves something usable."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            source = path.read_text()
            for node in ast.walk(ast.parse(source)):
                if not (isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)):
                    continue
                lower, upper = node.slice.lower, node.slice.upper
                number = upper.value if isinstance(upper, ast.Constant) else None
                if lower is None and isinstance(number, int) and number >= USABLE:
                    yield f"{path.relative_to(ROOT)}: {ast.get_source_segment(source, node)}"


def test_nothing_foreign_is_cut_but_by_the_one_function() -> None:
    assert [each for each in cuts() if each not in ALLOWED] == [], "use harness.record.quoting.clip"


def test_a_token_is_taken_out_before_the_cut() -> None:
    token = "Qx7" + "aB3dE6gH9j" * 12
    redactor = Redactor([token])
    for limit in (20, 40, 60, 200):
        for shown in (clip(f"not valid: {token}", limit), clip_bytes(f"not valid: {token}".encode(), limit)):
            assert token[:6] not in shown
            assert len(shown) <= limit
    assert redactor.text(token) == "[redacted]"
