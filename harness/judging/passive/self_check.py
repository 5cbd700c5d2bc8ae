"""The tester checks its own messages: what was meant as valid was valid, what was meant as invalid was not.

While the run goes on, messages are only put by (each distinct one once, a sample beyond a number of them); they are
judged at the end, off the path of requests. A disagreement is a defect of the tester, whatever the endpoint did.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.judging.passive.fair import is_grpc
from harness.judging.passive.rules import LENGTH, Models, grpc_problem, grpc_unlike, rest_problem, rest_unlike
from harness.record.exchange import Exchange
from harness.record.intent import Intent, intended

Transport = Literal["rest", "grpc"]
# Messages judged of each kind and transport; larger ones, and more, are counted and left.
SAMPLE, LARGEST, DISTINCT = 400, 64 * 1024, 200_000
NAMED = 5


@dataclass(frozen=True, slots=True)
class Message:
    """One message that was sent, as far as it is judged."""

    transport: Transport
    intent: Intent
    url: str
    headers: Mapping[str, str]
    body: bytes
    sha256: str
    check: str | None

    def disagreement(self, models: Mapping[Transport, Models]) -> str | None:
        """Why it is not what it was meant to be; None if it is, or if nothing that is known decides."""
        own = models.get(self.transport, {})
        problem, value = rest_problem(self.body, self.headers) if self.transport == "rest" else grpc_problem(self.body)
        if self.intent == "valid":
            return None if problem is None else f"meant as valid, but {problem}"
        if problem is not None:
            return None
        unlike = rest_unlike(self.url, value, own) if self.transport == "rest" else grpc_unlike(value, own)
        return "meant as invalid, but nothing is wrong with it" if unlike is None and _described(own) else None


@dataclass(slots=True)
class IntentTally:
    """One kind of message over one transport."""

    sent: int = 0
    distinct: int = 0
    kept: list[Message] = field(default_factory=list)


class SelfChecker:
    """Puts messages by as the recorder shows them. Safe to use from several threads."""

    def __init__(self, seed: int = 15) -> None:
        self._lock = threading.Lock()
        self._seen: set[int] = set()
        self._draw = random.Random(seed)  # noqa: S311 -- a sample, nothing secret
        self.tallies: dict[tuple[Transport, Intent], IntentTally] = {}

    def note(self, exchange: Exchange, check: str | None) -> None:
        """Put a message by, if it is meant as valid or invalid."""
        intent: Intent = "neither" if intended() == "open" else intended()
        transport: Transport = "grpc" if is_grpc(exchange) else "rest"
        with self._lock:
            tally = self.tallies.setdefault((transport, intent), IntentTally())
            tally.sent += 1
            if intent == "neither":
                return
            headers = {name.lower(): value for name, value in exchange.request_headers if name.lower() == LENGTH}
            body = exchange.request_body
            key = hash((transport, intent, exchange.url, headers.get(LENGTH), body))
            if key in self._seen or len(self._seen) >= DISTINCT:
                return
            self._seen.add(key)
            tally.distinct += 1
            if len(body) > LARGEST:
                return
            message = Message(transport, intent, exchange.url, headers, body, exchange.ref, check)
            if len(tally.kept) < SAMPLE:
                tally.kept.append(message)
                return
            place = self._draw.randrange(tally.distinct)
            if place < SAMPLE:
                tally.kept[place] = message

    def judge(self, models: Mapping[Transport, Models]) -> dict[str, Any]:
        """What the journal says of it: a sentence, one row for each kind over each transport, and disagreements."""
        rows, wrong = [], []
        for (transport, intent), tally in sorted(self.tallies.items()):
            found = [] if intent == "neither" else [(each, each.disagreement(models)) for each in tally.kept]
            bad = [(each, why) for each, why in found if why is not None]
            rows.append({"transport": transport, "meant": intent, "sent": tally.sent, "distinct": tally.distinct,
                         "looked_at": len(found), "disagreements": len(bad)})  # fmt: skip
            wrong += [{"check": each.check, "exchange": each.sha256, "text": f"over {transport}: {why}"}
                      for each, why in bad]  # fmt: skip
        return {"text": _in_words(rows, len(wrong)), "rows": rows, "disagreements": wrong[:NAMED],
                "disagreements_total": len(wrong)}  # fmt: skip


def _in_words(rows: list[dict[str, Any]], wrong: int) -> str:
    judged = {meant: sum(row["looked_at"] for row in rows if row["meant"] == meant) for meant in ("valid", "invalid")}
    left = sum(row["distinct"] - row["looked_at"] for row in rows if row["meant"] != "neither")
    if wrong:
        text = f"{wrong} of the tester's own messages are not what they were meant to be: a defect of the tester."
    else:
        text = (
            f"Every message meant as valid ({judged['valid']} distinct ones) was valid by a schema and rules written "
            f"from the specification and its proto file, and every message meant as invalid ({judged['invalid']}) was "
            "not, by them or by the model's own metadata."
        )
    sampled = f" {left} more were left out: a sample of {SAMPLE} of each kind, none above 64 KiB." if left else ""
    return f"{text} Raw bytes and probes of other things are neither.{sampled}"


def _described(models: Models) -> bool:
    """Whether metadata says enough of every model to call a request wrong."""
    return bool(models) and all(each is not None and each.inputs and each.outputs for each in models.values())
