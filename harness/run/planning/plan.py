"""The plan: everything that is fixed before the first request, as the document that is sealed."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from harness.check import REGISTRY, Check
from harness.clauses import Catalogue
from harness.criteria import sentences
from harness.run.accepting.standing import Accepting
from harness.run.config import Config
from reports.evidence import SCHEMA_VERSION, BaselineUsed, Plan, PlannedCheck, SetUsed

DECISION_RULE = (
    "A check fails only where a clause of level must, or a criterion of the policy, is broken, with a recorded "
    "exchange that shows it; a broken should, or an answer outside every outcome listed for an ambiguous clause, is a "
    "warning. "
    "Sampled criteria are met if the exact one-sided 95 % lower bound reaches the requirement, missed if "
    "the upper bound does not, else inconclusive; false acceptance and false rejection each have at most 5 % "
    "probability. Search finds a counterexample or none; it gives no probability. Errors never count as passes. "
    "Observations are consistent with a duty only where every check of the catalogue that serves it was carried out."
)


def make_plan(config: Config, catalogue: Catalogue, checks: Iterable[Check], sealed_at: str) -> Plan:
    """The plan of a run; ``checks`` are those that the selection admits, in order."""
    limits, accepting = config.limits, config.accepting
    return Plan(
        schema_version=SCHEMA_VERSION,
        run_id=config.run_id,
        sealed_at=sealed_at,
        endpoint=config.probed.url,
        profile=config.profile,
        seed=config.seed,
        suites=list(config.options.suites),
        models=list(config.options.models),
        selection=config.options.selection,
        allow=list(config.allow),
        budget={
            "rate_per_s": limits.rate,
            "requests": limits.requests,
            "time_s": limits.seconds,
            "request_s": limits.request_seconds,
            "body_bytes": limits.body_bytes,
        },
        decision_rule=DECISION_RULE,
        criteria=sentences(),
        policy=msgspec.to_builtins(config.policy),
        policy_sha256=config.policy_sha256,
        catalogue_digest=catalogue.digest,
        checks=[
            PlannedCheck(
                slug=check.slug,
                suite=check.suite,
                clauses=list(check.clauses),
                duties=list(check.duties),
                criterion=check.criterion,
                kind=check.kind,
                per=check.per,
                needs=list(check.needs),
            )
            for check in checks
        ],
        requirements=SetUsed(
            name=accepting.requirements.name,
            sha256=accepting.requirements_sha256,
            left_out=accepting.requirements.left_out(REGISTRY, catalogue),
        ),
        baseline=_baseline(accepting),
    )


def _baseline(accepting: Accepting) -> BaselineUsed | None:
    known, digest = accepting.baseline, accepting.baseline_sha256
    return BaselineUsed(sha256=digest, entries=len(known.findings)) if known is not None and digest else None
