"""Seals a plan before its first run, and holds a run to it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

import harness
from harness.bundle.ledger import Ledger, LedgerRefused, RunEnding
from harness.check import Check
from harness.clauses import Catalogue
from harness.foreign import Refused, open_given
from harness.record.redact import Redactor
from harness.run.config import Config
from harness.run.options import UsageError, is_embedded
from harness.run.planning.plan import make_plan
from harness.run.planning.telling import EXAMPLES
from reports.evidence import SealedBy, encode
from reports.seal.planned import (
    SEALED_SCHEMA,
    PlanRefused,
    SealedFile,
    SealedPlan,
    otherwise,
    read_sealed,
    told_otherwise,
)

STOP_RULE = (
    "A run ends when every planned check has a verdict, when a budget is used up, when the endpoint is gone for good, "
    "or when somebody interrupts it; what is left then is untestable, and never passes. Searches end at their number "
    "of examples. Sequential tests end by the rule that their check names."
)
EXCLUSION_RULE = (
    "No observation is left out because of what it says. What met no living endpoint decides nothing; what the tester "
    "could not do is a tool error; what a waiver covers keeps its verdict."
)
MOST_BYTES = 2 << 30
# Files that change between plan and run, as they should.
_GROWING = ("log",)
# How a run ends that found nothing to probe, or was ended before it was known what is probed.
ABANDONED = "abandoned before its first check"
_NAMING = ("data", "requests", "path", "signature", "key", "bill")
_TOLD = 5


def seal(
    config: Config, catalogue: Catalogue, checks: Iterable[Check], sealed_at: str, redactor: Redactor
) -> SealedPlan:
    """What a run with this configuration would be held to. Nothing is sent.

    Raises:
        UsageError: a file that the policy names cannot be read.
    """
    made = make_plan(config, catalogue, checks, sealed_at)
    policy = redactor.value(_from_policy(made.policy, config))
    endpoint = config.options.endpoints[0] if is_embedded(config.options.endpoints[0]) else made.endpoint
    return SealedPlan(
        schema=SEALED_SCHEMA,
        sealed_at=sealed_at,
        tool=f"art15 {harness.__version__}",
        endpoint=endpoint,
        stop_rule=STOP_RULE,
        exclusion_rule=EXCLUSION_RULE,
        sizes={"examples_of_a_search": EXAMPLES[config.profile], "models": config.policy.limits.models},
        files=dict(_files(made.policy, config)),
        plan=msgspec.structs.replace(made, run_id="", endpoint=endpoint, policy=policy),
    )


def redactor_of(config: Config) -> Redactor:
    """What takes the credentials of a run out of what it writes."""
    access = config.probed.access
    return Redactor(access.secrets(), headers=[name for name, _ in access.headers])


def write_sealed(path: Path, sealed: SealedPlan) -> SealedFile:
    """Write a sealed plan and begin its ledger beside it; nothing is written over.

    Raises:
        OSError: it cannot be, or one of both is there.
    """
    data = encode(sealed)
    written = SealedFile(path, hashlib.sha256(data).hexdigest(), sealed)
    file = path.open("xb")
    try:
        with file:
            file.write(data)
        Ledger(written.ledger, written.sha256).create()
    except OSError:
        path.unlink()
        raise
    return written


class UnderPlan:
    """A run under a sealed plan.

    Args:
        given: the sealed plan.
        mine: what the run would be held to by itself.

    Raises:
        UsageError: the run is not the one that was planned, or the ledger cannot be used.
    """

    def __init__(self, given: SealedFile, mine: SealedPlan) -> None:
        self.given = given
        if found := otherwise(given.sealed, mine):
            more = f" and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
            raise UsageError(
                f"--oip-plan {given.path}: this is not what was sealed: {'; '.join(found[:_TOLD])}{more}. Run it as "
                "planned, or seal another plan (art15 plan)"
            )
        self.deviations = told_otherwise(given.sealed, mine)
        self.ledger = Ledger(given.ledger, given.sha256)
        with _usable(given.ledger):
            self.ledger.read()

    def begin(self, run_id: str) -> PlaceInLedger:
        """Note in the ledger that the run begins.

        Raises:
            UsageError: it cannot be noted.
        """
        with _usable(self.given.ledger):
            reading, until_here = self.ledger.start(run_id)
        *before, mine = reading.runs
        sealed = SealedBy(
            sha256=self.given.sha256,
            sealed_at=self.given.sealed.sealed_at,
            number=mine.number,
            head=reading.head,
            unended=[run.run for run in before if run.ending is None],
            ended={run.run: run.ending.ended for run in before if run.ending is not None},
            deviations=self.deviations,
        )
        return PlaceInLedger(self.ledger, run_id, sealed, until_here)


@dataclass(frozen=True, slots=True)
class PlaceInLedger:
    """A run that stands in a ledger.

    Attributes:
        sealed: what the plan of the run says of it.
        until_here: bytes of the ledger up to the line with which the run began.
    """

    ledger: Ledger
    run_id: str
    sealed: SealedBy
    until_here: bytes

    def end(self, how: str, journal_head: str | None = None, manifest_sha256: str | None = None) -> None:
        """Note how the run ended.

        Raises:
            OSError: it cannot be noted.
        """
        ending = RunEnding(
            number=self.sealed.number,
            run=self.run_id,
            ended=how,
            journal_head=journal_head,
            manifest_sha256=manifest_sha256,
        )
        try:
            self.ledger.end(ending)
        except OSError as error:
            raise Refused(
                f"ledger {self.ledger.path}: the end of run {self.sealed.number} is not in it: {error}"
            ) from error


def under_plan(path: str, mine: SealedPlan) -> UnderPlan:
    """The run under the plan in a file.

    Raises:
        UsageError: the plan cannot be read; and as :class:`UnderPlan`.
    """
    try:
        return UnderPlan(read_sealed(Path(path)), mine)
    except PlanRefused as error:
        raise UsageError(f"--oip-plan: {error}") from error


@contextlib.contextmanager
def _usable(path: Path) -> Iterator[None]:
    """Tells what is wrong with a ledger as bad use."""
    try:
        yield
    except LedgerRefused as error:
        raise UsageError(
            f"ledger {path}: {error}. Every run of the plan stands in it, so none is begun without it: keep it as "
            "it is, and seal another plan"
        ) from error
    except OSError as error:
        raise UsageError(
            f"ledger {path} cannot be used: {error.strerror}. It was made with the plan, and lies beside it"
        ) from error


def _from_policy(value: Any, config: Config) -> Any:  # noqa: ANN401 -- values of JSON
    """The policy with its paths as they stand in it, so that a run may be begun from another folder."""
    if isinstance(value, dict):
        return {name: _from_policy(member, config) for name, member in value.items()}
    if isinstance(value, list):
        return [_from_policy(member, config) for member in value]
    return _as_written(value, config) if isinstance(value, str) else value


def _as_written(path: str, config: Config) -> str:
    return path.removeprefix(f"{Path(config.options.policy).parent}/") if config.options.policy else path


def _files(policy: dict[str, Any], config: Config) -> Iterator[tuple[str, str]]:
    named = {text for name, table in policy.items() if name not in _GROWING for text in _paths(table)}
    held_back = {_file(text) for text in _sensitive(policy)}
    for text in sorted(named):
        if not Path(text).is_file() or _file(text) in held_back:
            continue
        try:
            with open_given(Path(text), MOST_BYTES) as file:
                yield _as_written(text, config), hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise UsageError(f"{text} cannot be sealed: {error.strerror}") from error


def _paths(value: object) -> Iterator[str]:
    """What the members that name files say, wherever they stand."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name in _NAMING and isinstance(member, str):
                yield member
            else:
                yield from _paths(member)
    elif isinstance(value, list):
        for member in value:
            yield from _paths(member)


def _sensitive(policy: dict[str, Any]) -> Iterator[str]:
    """Files of sensitive samples, and of tables of data of their models: of few possible rows each could be tried
    against a digest, whatever else names the file."""
    models = {model for model, table in policy.get("samples", {}).items() if table.get("sensitive")}
    for model in models:
        yield from _paths(policy["samples"][model])
    for name in ("accuracy", "robustness"):
        yield from _paths([table for table in policy.get(name, ()) if table.get("model") in models])


def _file(path: str) -> tuple[int, int] | str:
    """What a file is, however it is called."""
    try:
        found = Path(path).stat()
    except OSError:
        return path
    return found.st_dev, found.st_ino
