"""Reads the identity of each model, so that a change during the run is seen."""

from __future__ import annotations

import hashlib

from harness.budget import BudgetExhausted
from harness.bundle.events import IdentitySeen, Moment
from harness.check import EndpointLost, TesterFailed, Untestable
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.models import ModelUnderTest
from harness.probing.probe import checking
from harness.record.clock import now
from harness.run.session.record import RunRecord


def log_identity(
    record: RunRecord, model: ModelUnderTest, when: Moment, body: bytes, *, ok: bool, reason: str = ""
) -> None:
    """Record the digest of a model's metadata, or why there is none."""
    record.log(
        IdentitySeen(
            model=model.id,
            when=when,
            at=now(),
            metadata_sha256=hashlib.sha256(body).hexdigest() if ok else None,
            reason=None if ok else reason or "the metadata could not be read",
        )
    )


def read_identities(record: RunRecord, endpoint: Endpoint, when: Moment) -> None:
    """Read each model's metadata again, and record it."""
    with checking(record.recorder, None):
        endpoint.ahead.ask([model.route.read_metadata for model in endpoint.models])
        for model in endpoint.models:
            try:
                exchange = model.route.read_metadata()
            except (BudgetExhausted, EndpointLost, Untestable, TesterFailed) as error:
                log_identity(record, model, when, b"", ok=False, reason=str(error))
                continue
            log_identity(record, model, when, exchange.response_body, ok=exchange.ok)
