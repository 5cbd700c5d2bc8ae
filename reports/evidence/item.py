"""The report, the item under test and the tester."""

from __future__ import annotations

from typing import Literal

from harness.bundle.parts import TensorView
from reports.evidence.record import Record


class ReportInfo(Record, frozen=True, kw_only=True):
    """What identifies the report itself."""

    id: str
    title: str
    issued: str
    customer: str | None
    operator: str | None
    responsible: list[str]
    replaces: str | None
    cut_short: bool
    cut_short_reason: str | None
    place: str | None = None


class IdentityReading(Record, frozen=True, kw_only=True):
    """The model's own metadata, read at one moment: digest of the body, or why there is none."""

    when: Literal["start", "middle", "end"]
    at: str
    metadata_sha256: str | None
    reason: str | None


class Unsampled(Record, frozen=True, kw_only=True):
    """Why no request is known that a model accepts, and lines for the policy that would make it testable."""

    reason: str
    paste: str


class ModelItem(Record, frozen=True, kw_only=True):
    """One model under test as the endpoint describes it; ``unsampled`` where no request is known that it accepts."""

    name: str
    version: str | None
    versions: list[str]
    platform: str | None
    tensors: list[TensorView]
    properties: dict[str, str]
    identity: list[IdentityReading]
    identity_state: Literal["unchanged", "changed", "unknown"]
    unsampled: Unsampled | None = None


class Item(Record, frozen=True, kw_only=True):
    """The item under test: what was addressed, and what the endpoint says of itself."""

    endpoint: str
    authority: str
    transports: list[str]
    server_name: str | None
    server_version: str | None
    extensions: list[str]
    models: list[ModelItem]
    declared: dict[str, str]
