"""What is recorded at the beginning of a run: its circumstances, then what was found behind the endpoint."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from harness.bundle.events import Opened, ReportGiven, UnsampledSeen
from harness.check import REGISTRY
from harness.clauses import Catalogue
from harness.endpoint.endpoint import Endpoint
from harness.run.config import Config
from harness.run.events import model_event, target_event
from harness.run.session.identities import log_identity
from harness.run.session.record import RunRecord
from harness.run.snapshot import snapshot
from harness.run.tester import tester

UNSOUGHT = (
    "{} parts of the credentials are too short or too ordinary to be looked for in answers (fewer than 6 signs, fewer "
    "than 10 figures, or a word of the protocol): they are taken out with their headers only"
)

UNKNOWN = "the requirement set {} names what this release does not have: {}"


def log_opening(record: RunRecord, config: Config, catalogue: Catalogue, deviations: Iterable[str] = ()) -> None:
    """Record the circumstances of the run, before the first request.

    Args:
        deviations: from its sealed plan.
    """
    policy = config.policy
    declared: dict[str, str | None] = {
        name: value for name, value in msgspec.to_builtins(policy.item).items() if isinstance(value, str) and value
    }
    record.log(
        Opened(
            run_id=config.run_id,
            endpoint=config.probed.url,
            authority=config.probed.access.authority or config.probed.access.address.host,
            tester=tester(),
            config_given=dict(config.given),
            config_defaulted=dict(config.defaulted),
            report=msgspec.convert(msgspec.to_builtins(policy.report), ReportGiven),
            declared=declared,
            transports=[*config.probed.transports],
            plaintext=[*config.probed.plaintext],
            credentials=config.probed.access.has_credentials,
        )
    )
    record.log(snapshot(catalogue, REGISTRY))
    if record.redactor.unsought:
        record.note(UNSOUGHT.format(record.redactor.unsought))
    if unknown := config.accepting.requirements.unknown(REGISTRY, catalogue):
        record.note(UNKNOWN.format(config.accepting.requirements.name, ", ".join(unknown)))
    for text in deviations:
        record.note(f"otherwise than sealed: {text}")
    for extra in config.replicas[1:]:
        record.note(f"also named: {record.redactor.url(extra.url)}; compared with the first, which alone is probed")
    if config.candidate is not None:
        version = f", version {config.candidate.version}" if config.candidate.version is not None else ""
        record.note(f"candidate: {record.redactor.url(config.candidate.replica.url)}{version}")


def log_endpoint(record: RunRecord, endpoint: Endpoint) -> None:
    """Record what was found behind the endpoint, with the identity of each model at the start."""
    record.log(target_event(endpoint))
    for model in endpoint.models:
        record.log(model_event(model))
        first = model.route.metadata_exchange
        log_identity(record, model, "start", first.response_body, ok=first.ok)
    for model in endpoint.beyond:
        record.log(model_event(model))
        record.log(UnsampledSeen(model=model.id, reason=model.beyond, paste=model.mend))
