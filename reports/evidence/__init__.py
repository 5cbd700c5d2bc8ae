"""The evidence document: the contract between a run and everyone who reads it.

``evidence.json`` is an :class:`Evidence`, encoded by :func:`encode`; the page, the exports and the comparison of
two runs are functions of it and of nothing else. Its JSON Schema is exported from these classes and checked in.
A number that is absent is ``None`` beside a ``reason``; NaN and infinities are refused when the document is encoded.
"""

from __future__ import annotations

from harness.bundle.parts import (
    Disagreement,
    Estimate,
    Kind,
    LawFact,
    LeftOut,
    LevelName,
    Observation,
    Replayed,
    SelfCheck,
    SelfCheckRow,
    StandingName,
    Tally,
    TensorView,
    Tester,
    VerdictName,
    Waiver,
)
from reports.evidence.catalogue import CatalogueInfo, ClauseRow, DutyRow
from reports.evidence.checks import CheckResult, ClauseOutcome, Counterexample, Exemplar, MessageView
from reports.evidence.document import Evidence, Finding, Summary, decode
from reports.evidence.item import IdentityReading, Item, ModelItem, ReportInfo, Unsampled
from reports.evidence.plan import BaselineUsed, Plan, PlannedCheck, SealedBy, SetUsed
from reports.evidence.record import (
    SCHEMA_VERSION,
    ConsequenceName,
    DutyStateName,
    Record,
    encode,
)
from reports.evidence.run import BaselineRow, Fact, IncidentRow, Run, SuspectRow, Unreached
from reports.evidence.statements import (
    AnswerState,
    FactKind,
    GapKind,
    NotShown,
    Params,
    PlainAnswer,
    QuestionName,
    Statement,
    StatementKind,
)

__all__ = [
    "SCHEMA_VERSION",
    "AnswerState",
    "BaselineRow",
    "BaselineUsed",
    "CatalogueInfo",
    "CheckResult",
    "ClauseOutcome",
    "ClauseRow",
    "ConsequenceName",
    "Counterexample",
    "Disagreement",
    "DutyRow",
    "DutyStateName",
    "Estimate",
    "Evidence",
    "Exemplar",
    "Fact",
    "FactKind",
    "Finding",
    "GapKind",
    "IdentityReading",
    "IncidentRow",
    "Item",
    "Kind",
    "LawFact",
    "LeftOut",
    "LevelName",
    "MessageView",
    "ModelItem",
    "NotShown",
    "Observation",
    "Params",
    "PlainAnswer",
    "Plan",
    "PlannedCheck",
    "QuestionName",
    "Record",
    "Replayed",
    "ReportInfo",
    "Run",
    "SealedBy",
    "SelfCheck",
    "SelfCheckRow",
    "SetUsed",
    "StandingName",
    "Statement",
    "StatementKind",
    "Summary",
    "SuspectRow",
    "Tally",
    "TensorView",
    "Tester",
    "Unreached",
    "Unsampled",
    "VerdictName",
    "Waiver",
    "decode",
    "encode",
]
