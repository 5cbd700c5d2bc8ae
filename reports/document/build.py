"""The evidence document of a bundle: a pure function of its journal, its plan and its exchange records.

Nothing here talks to an endpoint and nothing reads the clock, so the same folder gives the same bytes years later.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.bundle.events import ModelSeen
from harness.bundle.store import Store, store_of
from reports.document.answers import answers
from reports.document.clause_rows import clause_rows
from reports.document.completeness import away, carried_out, cut_short, incidents, unreached
from reports.document.duties import duty_rows
from reports.document.excerpt import ExchangeReader, clip
from reports.document.exposure import exposure
from reports.document.findings import capped, caused
from reports.document.not_shown import not_shown
from reports.document.proof import proven
from reports.document.redundancy import redundancy
from reports.document.statements import summary
from reports.document.sums import sums
from reports.evidence import (
    SCHEMA_VERSION,
    CatalogueInfo,
    CheckResult,
    Counterexample,
    Evidence,
    Exemplar,
    IdentityReading,
    Item,
    ModelItem,
    ReportInfo,
    Run,
)
from reports.journal.state import JournalState, load

MAX_TEXT = 2000
MAX_EXCHANGES = 20
MAX_OBSERVATIONS = 50
EXEMPLAR_EXCERPT = 1024


def build(
    folder: Path, issued: str | None = None, recorded: JournalState | None = None, store: Store | None = None
) -> Evidence:
    """Make the document.

    Args:
        folder: the bundle, with ``plan.json``, ``journal.jsonl`` and ``exchanges.warc.gz``.
        issued: date of issue (ISO 8601, UTC); without it, the time of the last line of the journal.
        recorded: what the journal says, where somebody has read it already.
        store: its exchanges, likewise.

    Raises:
        reports.journal.state.BuildError: a file is missing or the journal is not what the run wrote.
    """
    recorded = recorded or load(folder)
    recorded.checks = [proven(check, recorded.unconnected) for check in recorded.checks]
    reader = ExchangeReader(store or store_of(folder))
    transports = recorded.opened.transports
    clauses = clause_rows(recorded.catalogue.clauses, recorded.checks, recorded.plan, transports)
    duties = duty_rows(recorded)
    checks = [_shown(check, reader) for check in recorded.checks]
    why_short = cut_short(recorded)
    totals = summary(
        checks,
        clauses,
        duties,
        recorded.plan,
        why_short,
        runs_of_load=len(recorded.series),
        away=away(incidents(recorded)),
        redundancy=[*redundancy(recorded)],
        baseline=recorded.baseline,
    )
    document = Evidence(
        schema_version=SCHEMA_VERSION,
        report=_report(recorded, issued or recorded.last_at, why_short),
        item=_item(recorded),
        tester=recorded.opened.tester,
        catalogue=CatalogueInfo(
            digest=recorded.catalogue.digest,
            protocol_commit=recorded.catalogue.protocol_commit,
            clauses=clauses,
            law=recorded.catalogue.law,
            standards=recorded.catalogue.standards,
            suites=recorded.catalogue.suites,
        ),
        plan=recorded.plan,
        run=_run(recorded),
        checks=caused(checks, totals.findings),
        series=recorded.series,
        drills=recorded.drills,
        accuracy=recorded.accuracy,
        robustness=recorded.robustness,
        provenance=recorded.provenance,
        fingerprints=recorded.fingerprints,
        attacks=recorded.attacks,
        duties=duties,
        silence=not_shown(recorded, clauses, duties, reader.trouble),
        summary=totals,
    )
    document = msgspec.structs.replace(document, sums=sums(document))
    return msgspec.structs.replace(document, summary=msgspec.structs.replace(totals, answers=answers(document)))


def _report(recorded: JournalState, issued: str, why_short: str | None) -> ReportInfo:
    given = recorded.opened.report
    return ReportInfo(
        id=recorded.opened.run_id,
        title=given.title,
        issued=issued,
        customer=given.customer,
        operator=given.operator,
        responsible=given.responsible,
        replaces=given.replaces,
        cut_short=why_short is not None,
        cut_short_reason=why_short,
        place=given.place,
    )


def _item(recorded: JournalState) -> Item:
    opened, target = recorded.opened, recorded.target
    return Item(
        endpoint=opened.endpoint,
        authority=opened.authority,
        transports=opened.transports,
        server_name=target.server_name,
        server_version=target.server_version,
        extensions=target.extensions,
        models=[_model(model, recorded) for model in recorded.models],
        declared={name: value for name, value in opened.declared.items() if value is not None},
    )


def _model(model: ModelSeen, recorded: JournalState) -> ModelItem:
    names = (model.name, f"{model.name}:{model.version}")
    readings = [
        IdentityReading(when=seen.when, at=seen.at, metadata_sha256=seen.metadata_sha256, reason=seen.reason)
        for seen in recorded.identities
        if seen.model in names
    ]
    digests = [reading.metadata_sha256 for reading in readings if reading.metadata_sha256 is not None]
    if len(set(digests)) > 1:
        state = "changed"
    else:
        # One reading that failed leaves a gap in which anything may have been served.
        state = "unchanged" if len(digests) >= 2 and len(digests) == len(readings) else "unknown"
    unsampled = next((seen for seen in recorded.unsampled if seen.model in names), None)
    return msgspec.convert(
        {
            **msgspec.to_builtins(model),
            "unsampled": unsampled and {"reason": clip(unsampled.reason, MAX_TEXT), "paste": unsampled.paste},
            "identity": msgspec.to_builtins(readings),
            "identity_state": state,
        },
        ModelItem,
    )


def _run(recorded: JournalState) -> Run:
    opened, totals = recorded.opened, recorded.exchanges
    return Run(
        id=opened.run_id,
        start=recorded.opened_at,
        end=recorded.closed_at,
        first_request=totals.first,
        last_request=totals.last,
        requests=totals.requests,
        requests_failed=totals.failed,
        bytes_sent=totals.sent,
        bytes_received=totals.received,
        redactions=totals.redactions,
        config_given=opened.config_given,
        config_defaulted=opened.config_defaulted,
        deviations=recorded.deviations,
        exit_code=recorded.exit_code,
        journal_head=recorded.head,
        journal_lines=recorded.lines,
        plan_sha256=recorded.plan_sha256,
        facts=exposure(recorded),
        planned=None if recorded.planned is None else len(recorded.planned),
        carried_out=None if recorded.planned is None else carried_out(recorded),
        unreached=unreached(recorded),
        incidents=incidents(recorded),
        self_check=recorded.self_check,
        baseline=recorded.baseline,
    )


def _shown(check: CheckResult, reader: ExchangeReader) -> CheckResult:
    """The check with its lists capped, its exchanges made readable, and one exemplar if nothing was broken."""
    kept = capped(check)
    return msgspec.structs.replace(
        check,
        reason=clip(check.reason, MAX_TEXT),
        observed=clip(check.observed, MAX_TEXT),
        observations=[
            msgspec.structs.replace(each, text=clip(each.text, MAX_TEXT))
            for each in check.observations[:MAX_OBSERVATIONS]
        ],
        counterexamples=[_with_exchange(each, reader) for each in kept],
        counterexamples_total=max(len(check.counterexamples), check.counterexamples_total),
        exchanges=check.exchanges[:MAX_EXCHANGES],
        exchanges_total=max(check.exchanges_total, len(check.exchanges)),
        exemplar=None if kept else _exemplar(check, reader),
    )


def _with_exchange(counterexample: Counterexample, reader: ExchangeReader) -> Counterexample:
    shown = reader.show(counterexample.exchange)
    return msgspec.structs.replace(
        counterexample,
        expected=clip(counterexample.expected, MAX_TEXT),
        observed=clip(counterexample.observed, MAX_TEXT),
        request=shown.request if shown else None,
        response=shown.response if shown else None,
        curl=shown.curl if shown else None,
    )


def _exemplar(check: CheckResult, reader: ExchangeReader) -> Exemplar | None:
    if not check.exchanges or check.verdict == "not_applicable":
        return None
    # The last one: the first requests of a check often only find out what there is.
    digest = check.exchanges[-1]
    shown = reader.show(digest, EXEMPLAR_EXCERPT)
    if shown is None:
        return None
    return Exemplar(exchange=digest, request=shown.request, response=shown.response, curl=shown.curl)
