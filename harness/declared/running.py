"""What a run may cost, how large what it sends is, how the endpoint is asked, and what stands behind it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from harness.declared.table import Count, Much, PolicyTable, Rate, Seconds, Timeout


class BudgetTable(PolicyTable, frozen=True, kw_only=True):
    """``[budget]``: the same limits as the command line, which wins where both are given.

    Without ``time`` the profile says how long the run may take; the word ``"none"`` lifts that limit.

    Attributes:
        max_rate: requests a second.
        max_requests: of the whole run.
        time: seconds of the whole run.
        request_timeout: seconds that one request may take.
        body_mebibytes: of one answer that are read.
        check_seconds: seconds for which one check may neither send nor hear anything, beyond what requests and waits
            take, and seconds of processor time that it may take in all; then it is ended as a tool error. Load and
            drills are not ended so.
        answer_mebibytes: of memory that what is made of one answer may take; an answer of more is read by no check, and
            whoever needs it is untestable. A third of them bounds its body without its coding.
        evidence_mebibytes: of the whole bundle. A body that is large for what is left of them is kept in part (head,
            tail, digest), and where they are used up nothing more is sent.
    """

    max_rate: Rate | None = None
    max_requests: Count | None = None
    time: Seconds | Literal["none"] | None = None
    request_timeout: Timeout = 10.0
    body_mebibytes: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 16
    check_seconds: Timeout = 120.0
    answer_mebibytes: Annotated[int, msgspec.Meta(ge=1, le=1_048_576)] = 48
    evidence_mebibytes: Annotated[int, msgspec.Meta(ge=8, le=1_048_576)] = 512


class LimitsTable(PolicyTable, frozen=True, kw_only=True):
    """``[limits]``: how much of what the endpoint lists and describes is probed; what is beyond is untestable.

    Attributes:
        models: of those that the endpoint lists (named ones are not counted).
        inputs, outputs: that one model describes.
        rank: dimensions of one tensor.
        elements: of one request, over all inputs, where each is written out (JSON, typed contents); it decides the
            bytes of a request and the memory of the tester.
        raw_elements: of one request whose values travel as raw bytes (binary extension, raw contents of gRPC).
        name_bytes: of a name of a model or of a tensor.
        versions: of one model that its metadata lists and that are looked at.
    """

    models: Much = 30
    inputs: Much = 512
    outputs: Much = 512
    rank: Annotated[int, msgspec.Meta(ge=1, le=64)] = 32
    elements: Much = 2_000_000
    raw_elements: Much = 8_000_000
    name_bytes: Annotated[int, msgspec.Meta(ge=1, le=65_536)] = 1024
    versions: Much = 100


class EndpointTable(PolicyTable, frozen=True, kw_only=True):
    """``[endpoint]``: how patient the run is with it.

    Attributes:
        patience: seconds to wait for an endpoint that no longer answers to come back.
        warm_up: seconds that a model, or the server, may take until it answers for the first time.
        metrics: URL of its metrics, where they are not at ``/metrics`` of the endpoint; asked without credentials.
    """

    patience: float = 20.0
    warm_up: float = 60.0
    metrics: str | None = None

    def __post_init__(self) -> None:
        for name in ("patience", "warm_up"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise ValueError(f"{name} = {value:g} is no number of seconds")
        if self.metrics is not None and not self.metrics.startswith(("http://", "https://")):
            raise ValueError(f"metrics = {self.metrics!r} is no URL: write http://HOST:PORT/metrics")


class ServiceTable(PolicyTable, frozen=True, kw_only=True):
    """``[service]``: what the provider declares of redundancy, which Article 15(4) permits and does not ask for.

    Without it none is declared, and a service on a single replica breaks nothing.

    Attributes:
        replicas: how many there are.
        failover: what takes over when a replica fails, in words.
        failover_s: within how many seconds of the loss of a replica every request is answered again: the
            ``max_recovery_s`` of each drill that takes a replica away and states none.
    """

    replicas: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    failover: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] | None = None
    failover_s: Annotated[float, msgspec.Meta(gt=0, le=1200)] | None = None

    def __post_init__(self) -> None:
        if self.failover_s is not None and self.failover is None:
            raise ValueError("failover_s without failover, which says in words what takes over")
