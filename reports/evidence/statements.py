"""What the first screen says, and what the report does not show: each a kind with its parameters.

The sentences belong to a language (``reports.text``); nothing reads a kind back from them.
"""

from __future__ import annotations

from typing import Literal

from reports.evidence.record import Record

Params = dict[str, int | str | list[str]]

StatementKind = Literal[
    "cut_short",
    "away_once",
    "away_often",
    "only_load",
    "nothing_tested",
    "clauses_broken",
    "criteria_broken",
    "no_clause_broken",
    "duties_contradicted",
    "warnings",
    "checks_inconclusive",
    "tool_errors",
    "duties_inconclusive",
    "observed",
    "consistent",
    "redundancy_none",
    "redundancy_seen",
    "redundancy_part",
    "redundancy_unseen",
    "failover_untested",
    "failover_recorded",
    "failover_held",
    "failover_broken",
    "drills_none",
    "drills_not_run",
    "drills_cost",
    "drills_slow",
    "drills_clean",
    "silent",
    "decision_rule",
    "counted_by",
    "known",
    "tested_over",
    "transport_untested",
    "protocol_broken",
    "protocol_kept",
    "protocol_untested",
    "protocol_warned",
    "wrong_seen",
    "wrong_warned",
    "wrong_unseen",
    "wrong_untested",
    "access_seen",
    "access_warned",
    "access_unseen",
    "access_untested",
    "serving_seen",
    "serving_warned",
    "serving_unseen",
    "serving_untested",
    "load_measured",
    "load_none",
    "levels_decided",
    "levels_undeclared",
    "levels_none",
    "identity_unchanged",
    "identity_changed",
    "identity_unknown",
    "links_seen",
    "links_none",
    "sure_again",
    "sure_validated",
    "sure_once",
    "duties_open",
    "checks_left_out",
]
QuestionName = Literal["protocol", "answers", "access", "serving", "levels", "origin", "sure", "silence"]
AnswerState = Literal["broken", "warned", "undecided", "partly", "recorded", "held", "supported", "not_shown"]
FactKind = Literal[
    "served",
    "reached",
    "served_and_reached",
    "credentials_ignored",
    "no_credentials",
    "plain_http",
    "plain_http_over",
    "no_tls",
    "no_tls_over",
]
GapKind = Literal[
    "run_end",
    "record",
    "exchanges",
    "duties",
    "duties_elsewhere",
    "suite",
    "transport",
    "transport_alone",
    "models",
    "planned",
    "checks_untestable",
    "checks_not_applicable",
    "clauses",
    "identity",
    "people",
    "other_runs",
    "runs_of_plan",
    "no_seal",
    "time_mark",
    "signer",
]


class Statement(Record, frozen=True, kw_only=True):
    """One statement of the first screen."""

    kind: StatementKind
    params: Params = {}


class PlainAnswer(Record, frozen=True, kw_only=True):
    """What the run answers to one plain question, and the findings (by root) that say it."""

    question: QuestionName
    state: AnswerState
    statements: list[Statement]
    findings: list[str] = []


class NotShown(Record, frozen=True, kw_only=True):
    """Something that this report does not show, and where to look instead; without a kind in earlier documents."""

    subject: str
    reason: str
    kind: GapKind | None = None
    params: Params = {}
