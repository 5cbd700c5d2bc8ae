"""The signs of the page: every state is a glyph and a word, and a colour only after those.

Glyphs are text characters, never emoji, so that they print in one colour. The words belong to a language.
"""

from __future__ import annotations

from typing import NamedTuple


class Mark(NamedTuple):
    """A glyph and the tone that colours it."""

    glyph: str
    tone: str


NEUTRAL = Mark("·", "none")
STATES = {
    "fail": Mark("✗", "bad"),
    "tool_error": Mark("⊗", "tool"),
    "inconclusive": Mark("◐", "open"),
    "untestable": Mark("⊘", "none"),
    "warn": Mark("△", "warn"),
    "pass": Mark("✓", "good"),
    "not_applicable": NEUTRAL,
    "not_tested": Mark("–", "none"),
    "supported": Mark("≈", "none"),
    "contradicted": Mark("✗", "bad"),
    "not_testable_from_outside": Mark("○", "none"),
    "declared_not_applicable": NEUTRAL,
    "unchanged": Mark("✓", "good"),
    "changed": Mark("✗", "bad"),
    "unknown": Mark("–", "none"),
}
DRILLS = {
    "held": Mark("✓", "good"),
    "broke": Mark("✗", "bad"),
    "recorded": Mark("≈", "none"),
    "not_run": Mark("–", "none"),
    "tester": Mark("⊗", "tool"),
}
ANSWERS = {
    "broken": Mark("✗", "bad"),
    "warned": Mark("△", "warn"),
    "undecided": Mark("◐", "open"),
    "partly": Mark("◐", "open"),
    "recorded": Mark("·", "open"),
    "held": Mark("≈", "none"),
    "supported": Mark("✓", "good"),
    "not_shown": Mark("–", "none"),
}
DECISIONS = {
    "supports": Mark("✓", "good"),
    "contradicts": Mark("✗", "bad"),
    "inconclusive": Mark("?", "open"),
}
STATEMENTS = {
    "cut_short": Mark("◐", "open"),
    "away_once": Mark("◐", "open"),
    "away_often": Mark("◐", "open"),
    "only_load": Mark("–", "none"),
    "nothing_tested": Mark("–", "none"),
    "clauses_broken": Mark("✗", "bad"),
    "criteria_broken": Mark("✗", "bad"),
    "no_clause_broken": NEUTRAL,
    "duties_contradicted": Mark("✗", "bad"),
    "warnings": Mark("△", "warn"),
    "checks_inconclusive": Mark("◐", "open"),
    "tool_errors": Mark("⊗", "tool"),
    "duties_inconclusive": Mark("◐", "open"),
    "observed": NEUTRAL,
    "consistent": Mark("≈", "none"),
    "redundancy_none": NEUTRAL,
    "redundancy_seen": Mark("≈", "none"),
    "redundancy_part": Mark("–", "none"),
    "redundancy_unseen": Mark("–", "none"),
    "failover_untested": Mark("–", "none"),
    "failover_recorded": Mark("≈", "none"),
    "failover_held": Mark("≈", "none"),
    "failover_broken": Mark("✗", "bad"),
    "drills_none": Mark("–", "none"),
    "drills_not_run": Mark("–", "none"),
    "drills_cost": NEUTRAL,
    "drills_slow": NEUTRAL,
    "drills_clean": NEUTRAL,
    "silent": Mark("–", "none"),
    "decision_rule": Mark("§", "rule"),
    "counted_by": Mark("§", "rule"),
    "known": NEUTRAL,
    "tested_over": NEUTRAL,
    "transport_untested": Mark("–", "none"),
    "protocol_broken": Mark("✗", "bad"),
    "protocol_kept": NEUTRAL,
    "protocol_untested": Mark("–", "none"),
    "protocol_warned": Mark("△", "warn"),
    "wrong_seen": Mark("✗", "bad"),
    "wrong_unseen": NEUTRAL,
    "wrong_untested": Mark("–", "none"),
    "access_seen": Mark("✗", "bad"),
    "access_unseen": NEUTRAL,
    "access_untested": Mark("–", "none"),
    "serving_seen": Mark("✗", "bad"),
    "serving_unseen": NEUTRAL,
    "serving_untested": Mark("–", "none"),
    "load_measured": NEUTRAL,
    "load_none": Mark("–", "none"),
    "levels_decided": NEUTRAL,
    "levels_undeclared": NEUTRAL,
    "levels_none": Mark("–", "none"),
    "identity_unchanged": NEUTRAL,
    "identity_changed": Mark("✗", "bad"),
    "identity_unknown": Mark("–", "none"),
    "links_seen": NEUTRAL,
    "links_none": Mark("–", "none"),
    "wrong_warned": Mark("△", "warn"),
    "access_warned": Mark("△", "warn"),
    "serving_warned": Mark("△", "warn"),
    "sure_again": NEUTRAL,
    "sure_validated": NEUTRAL,
    "sure_once": NEUTRAL,
    "duties_open": Mark("◐", "open"),
    "checks_left_out": Mark("–", "none"),
}
