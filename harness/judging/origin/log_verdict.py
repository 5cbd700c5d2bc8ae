"""What a log says of the inferences that were sent: entries that are missing, repeated, or of another inference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.bundle.provenance import LinkState, ProvenanceChain, ProvenanceLink, ProvenanceSeen
from harness.criteria import Criterion
from harness.probing.origin.logged import SentInference
from harness.probing.probe import Probe
from harness.provenance.declared import LogTable
from harness.provenance.events import OF_JSON, digest_of_json
from harness.provenance.log import LoggedEntries
from harness.record.exchange import Transport

LOG = Criterion.INFERENCE_LOG.clause
MISSING, REPEATED, WRONG, REFUSED = (
    "log-entry-missing",
    "log-entry-repeated",
    "log-entry-wrong",
    "log-refused-otherwise",
)
REQUEST = "request_sha256"
# Ids that are named.
NAMED = 3


@dataclass(slots=True)
class LogVerdict:
    """Reports the cases of one look at the log, and keeps the links of the chain.

    Attributes:
        beside: what further tables say, by ``responses`` and ``errors``.
    """

    probe: Probe
    table: LogTable
    sent: Sequence[SentInference]
    found: Mapping[str, LoggedEntries]
    seconds: float | None
    beside: Mapping[str, Mapping[str, LoggedEntries]] = field(default_factory=dict)
    links: list[ProvenanceLink] = field(default_factory=list)

    def judge(self, transport: Transport) -> None:
        """Report what is missing, repeated or of another inference, and what refused requests left."""
        answered = [each for each in self.sent if not each.refused]
        refused = [each for each in self.sent if each.refused]
        self._entries("request", self.found, self.table, answered)
        if "responses" in self.beside:
            self._entries("response", self.beside["responses"], self.table.beside["responses"], answered)
        if "errors" in self.beside:
            wrong = [each for each in answered if each.id in self.beside["errors"]]
            self._case(wrong, answered, "no error of an inference that was answered", "is logged as an error", REFUSED)
        self._refused(refused, self.beside.get("errors", self.found))
        chain = ProvenanceChain(model=self.probe.model.id, transport=transport, links=self.links)
        self.probe.outcome.series.append(ProvenanceSeen(chain=chain))

    def _entries(
        self, kind: str, found: Mapping[str, LoggedEntries], table: LogTable, answered: Sequence[SentInference]
    ) -> None:
        """One entry of this kind for each inference, and what it says."""
        missing = [each for each in answered if each.id not in found]
        repeated = [each for each in answered if each.id in found and found[each.id].count > 1]
        when = f"within {self.seconds:.1f} s" if self.seconds is not None else f"after {self.table.wait_s:g} s"
        logged = f"{len(answered) - len(missing)} of {len(answered)}"
        of = "" if kind == "request" else f" of its {kind}"
        self.probe.observe(f"{logged} inferences {'are' if not of else f'have an entry{of}'} in the log {when}", LOG)
        self._case(
            missing, answered, f"an entry{of} for each inference that was answered", f"has no entry{of}", MISSING
        )
        self._case(repeated, answered, f"one entry{of} for each inference", f"has several entries{of}", REPEATED)
        self._link(f"{kind}.id", "missing" if missing else "contradicted" if repeated else "verified", when)
        for column in table.columns:
            if column != "id":
                self._column(column, [each for each in answered if each.id in found], found)

    def _column(self, column: str, logged: Sequence[SentInference], found: Mapping[str, LoggedEntries]) -> None:
        """Whether every entry says of one thing what the answer did; what the answer did not say is not compared."""
        due = [each for each in logged if column in each.due]
        if not due:
            self.probe.observe(f"no answer says of what {column} it is: nothing to compare the log with", LOG)
            return
        wrong = [each for each in due if any(not _same(entry.get(column), each, column)
                                             for entry in found[each.id].entries)]  # fmt: skip
        said = ""
        if wrong:
            entry = found[wrong[0].id].entries[0]
            said = f"{entry.get(column, 'nothing')!r} where {wrong[0].due[column]!r} is due"
        self._case(wrong, due, f"the {column} of each inference in its entry", f"has another {column}: {said}",
                   f"{WRONG}:{column}")  # fmt: skip
        self._link(column, "contradicted" if wrong else "verified", said or f"{len(due)} entries")

    def _refused(self, refused: Sequence[SentInference], found: Mapping[str, LoggedEntries]) -> None:
        logged = [each for each in refused if each.id in found]
        self.probe.observe(f"{len(logged)} of {len(refused)} requests that were refused are in the log", LOG)
        wanted = self.table.refused
        if wanted == "either" or not refused:
            return
        wrong = [each for each in refused if (each.id in found) != (wanted == "logged")]
        expected = f"requests that are refused are {wanted} in the log" if wanted == "absent" else (
            "an entry for each request that is refused")  # fmt: skip
        self._case(wrong, refused, expected, "has an entry" if wanted == "absent" else "has no entry", REFUSED)

    def _case(
        self, wrong: Sequence[SentInference], of: Sequence[SentInference], expected: str, what: str, root: str
    ) -> None:
        names = ", ".join(each.id for each in wrong[:NAMED])
        observed = f"{len(wrong)} of {len(of)}: {names} {what}" if wrong else f"{len(of)} looked up"
        shown = (wrong or of)[0].exchange
        self.probe.holds(not wrong, clause=LOG, expected=expected, observed=observed, exchange=shown, root=root)

    def _link(self, about: str, state: LinkState, words: str) -> None:
        self.links.append(ProvenanceLink(place="log", about=about, state=state, words=words))


def _same(logged: str | None, sent: SentInference, column: str) -> bool:
    """Whether an entry says what is due; the digest of what a JSON text says is held against the same of ours."""
    if logged is None:
        return False
    if logged.startswith(OF_JSON):
        exchange = sent.exchange
        return logged == digest_of_json(exchange.request_body if column == REQUEST else exchange.response_body)
    return logged.strip().lower().removeprefix("sha256:") == sent.due[column].lower()
