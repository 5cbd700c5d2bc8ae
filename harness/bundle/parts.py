"""What a line of the journal and the document hold alike."""

from __future__ import annotations

from typing import Literal

import msgspec

VerdictName = Literal["not_applicable", "pass", "warn", "untestable", "inconclusive", "tool_error", "fail"]
LevelName = Literal["must", "should", "may", "ambiguous"]
Kind = Literal["search", "sampling", "direct"]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what both hold: immutable, by keyword, closed."""


class Tester(Part, frozen=True, kw_only=True):
    """The tool and the machine it ran on."""

    name: str
    version: str
    commit: str | None
    python: str
    platform: str
    packages: dict[str, str]


class TensorView(Part, frozen=True, kw_only=True):
    """A tensor as the endpoint's metadata describes it; ``shape`` has -1 for a variable dimension."""

    name: str
    datatype: str
    shape: list[int]
    side: Literal["input", "output"]


class LawFact(Part, frozen=True, kw_only=True):
    """A dated fact about the law or a standard, printed and never computed with."""

    id: str
    text: str
    legal_basis: str
    source: str
    verified_on: str


class SelfCheckRow(Part, frozen=True, kw_only=True):
    """Messages of one kind over one transport: how many were sent, how many differ, how many were judged."""

    transport: str
    meant: Literal["valid", "invalid", "neither"]
    sent: int
    distinct: int
    looked_at: int
    disagreements: int


class Disagreement(Part, frozen=True, kw_only=True):
    """A message that is not what the tester meant it to be: a defect of the tester."""

    check: str | None
    exchange: str
    text: str


class SelfCheck(Part, frozen=True, kw_only=True):
    """Whether the tester's own messages are what they were meant to be, judged by another route than made them."""

    text: str
    rows: list[SelfCheckRow] = []
    disagreements: list[Disagreement] = []
    disagreements_total: int = 0
