"""The cases of a validation: which server is probed, how, and what the checks said of it."""

from __future__ import annotations

import functools
import inspect
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from harness.check import REGISTRY
from harness.declared.table import NO_LIMIT
from harness.run.embedded import EmbeddedError
from harness.suite import FOLDER, Suite, suite_named
from harness.validation.forkserver import forked_server, probing_run

Side = Literal["clean", "fault", "variant"]
# For a run that hangs; a slow machine with several runs at a time takes ten minutes for one.
RUN_SECONDS = 2400
# Holds the path of the log of inferences for a policy (``path_env``) of a suite that asks for one.
LOG_ENV = "ART15_VALIDATION_LOG"
# Nobody starts a seeded server again that has ended: there is nothing to wait for.
POLICY = "[endpoint]\npatience = 1.0\n"


class ValidationError(Exception):
    """A probing run ended without evidence; the message carries its last words."""


@dataclass(frozen=True, slots=True)
class Case:
    """One server to probe: the clean one, one with a seeded fault, or a benign variant; ``grpc`` with that side.

    With a ``seed`` it is one of several tries to find a fault that is drawn for. With a ``suite``, whose ``suite.toml``
    says so, that suite's checks are asked apart from others: with a policy, with a candidate, or under load.
    """

    side: Side
    name: str
    models: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    grpc: bool = True
    seed: int | None = None
    suite: str = ""

    @property
    def apart(self) -> Suite | None:
        """The suite that is asked apart; None for all of the others."""
        return suite_named(self.suite)

    @property
    def load(self) -> bool:
        """Whether there may be load, which has the machine to itself."""
        return self.apart is not None and self.apart.validation.alone

    @property
    def candidate(self) -> bool:
        """Whether a candidate stands beside the server: the one with the fault, or another of the same kind."""
        return self.apart is not None and self.apart.validation.candidate

    def server_arguments(self) -> list[str]:
        """Arguments of ``python -m harness.reference`` for the server under test."""
        return self._arguments(as_it_is=self.side == "fault" and self.candidate)

    def candidate_arguments(self) -> list[str]:
        """The same for the candidate."""
        return self._arguments(as_it_is=False)

    def _arguments(self, *, as_it_is: bool) -> list[str]:
        arguments = [] if as_it_is or self.side == "clean" else [f"--{self.side}", self.name]
        if not self.grpc:
            arguments.append("--no-grpc")
        return [*arguments, "--models", ",".join(self.models)] if self.models else arguments


def slug_of(identity: str) -> str:
    """The check of an id: slug, or slug[model]."""
    return identity.partition("[")[0]


@dataclass(slots=True)
class Seen:
    """Verdicts of one case, by check id (slug, or slug[model])."""

    case: Case
    verdicts: Mapping[str, str]
    reasons: Mapping[str, str] = field(default_factory=dict)

    def broken(self) -> dict[str, str]:
        """Checks that found something or broke down, with their worst verdict over models, by slug."""
        found: dict[str, str] = {}
        for identity, verdict in self.verdicts.items():
            if verdict in ("fail", "warn", "tool_error"):
                slug = slug_of(identity)
                if found.get(slug) not in ("fail", "warn") or verdict == "fail":
                    found[slug] = verdict
        return found

    def found(self) -> dict[str, str]:
        """Checks that found something: a check that broke down has shown nothing."""
        return {slug: verdict for slug, verdict in self.broken().items() if verdict != "tool_error"}


@functools.cache
def reference_inventory() -> dict[str, Any]:
    """What the reference server offers: ``faults``, ``variants`` and ``models``."""
    command = [sys.executable, "-m", "harness.reference", "--list"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)  # noqa: S603
    listed: dict[str, Any] = json.loads(done.stdout)
    return listed


def _lists_models(variant: str) -> bool:
    """Whether a server that does so can be asked for its models; where it cannot, they have to be named."""
    return all(row["lists_models"] for row in reference_inventory()["variants"] if row["name"] == variant)


def probe(case: Case, token: str) -> Seen:
    """Probe one case in a process of its own and read its evidence.

    Raises:
        ValidationError: the run left no evidence.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        log = f"{folder}/inferences.jsonl"
        logged = ["--inference-log", log] if case.apart is not None and case.apart.validation.inference_log else []
        url, grpc = servers.enter_context(forked_server(["--token", token, *logged, *case.server_arguments()]))
        arguments = ["-q", "--no-header", "--endpoint", url, "--oip-evidence", f"{folder}/evidence"]
        if grpc is not None and not url.startswith("grpc"):
            arguments += ["--oip-grpc", grpc]
        if case.candidate:
            url, grpc = servers.enter_context(forked_server(["--token", token, *case.candidate_arguments()]))
            arguments += ["--oip-candidate", url]
            if grpc is not None and not url.startswith("grpc"):
                arguments += ["--oip-candidate-grpc", grpc]
        arguments += run_arguments(case, Path(folder))
        output = Path(folder) / "output"
        code = probing_run(arguments, {"ART15_TOKEN": token, LOG_ENV: log}, output, RUN_SECONDS)
        document = Path(folder) / "evidence" / "evidence.json"
        # Ctrl-C reaches the run as well, which then says what it has seen so far.
        if code is None or code == pytest.ExitCode.INTERRUPTED or code < 0 or not document.is_file():
            words = output.read_text(errors="replace").strip()[-2000:]
            raise ValidationError(f"{case.side} {case.name}: no evidence (exit code {code})\n{words}")
        checks = json.loads(document.read_bytes())["checks"]
    return Seen(
        case,
        {check["id"]: check["verdict"] for check in checks},
        {check["id"]: check["reason"] for check in checks},
    )


def run_arguments(case: Case, folder: Path) -> list[str]:
    """Arguments of a run that say what is asked, and how."""
    # What is validated is each check, not what fits into the time of a profile.
    arguments = ["--oip-time-budget", NO_LIMIT]
    arguments += ["--oip-allow", f"stress,repository{',load' if case.load else ''}"]
    if case.apart is not None and case.apart.validation.policy:
        policy = FOLDER / case.suite / case.apart.validation.policy
    else:
        policy = folder / "policy.toml"
        policy.write_text(POLICY)
    arguments += ["--oip-policy", str(policy)]
    if case.load:
        # What the shortest profile finds, a longer one finds as well.
        arguments += ["--oip-profile", "quick"]
    if case.seed is not None:
        arguments += ["--oip-seed", str(case.seed)]
    if case.side == "variant" and not _lists_models(case.name):
        arguments += [f"--oip-model={name}" for name in case.models]
    if case.checks:
        # With their files: to collect all others takes as long as a few checks do.
        arguments += ["-k", " or ".join(case.checks), *_files_of(case.checks)]
    return arguments


def _files_of(slugs: Sequence[str]) -> list[str]:
    """The files in which checks stand, each once."""
    return [*dict.fromkeys(inspect.getfile(REGISTRY.checks[slug].function) for slug in slugs)]


def run_cases(
    cases: Sequence[Case],
    progress: Callable[[Seen], None],
    *,
    jobs: int = 2,
    seconds: float = math.inf,
    token: str = "secret-token-for-tests",
) -> list[Seen]:
    """Probe the cases, ``jobs`` at a time; ``progress`` hears of each as it ends. None begins after ``seconds``."""
    end = time.monotonic() + seconds

    def one(case: Case) -> Seen | None:
        if time.monotonic() > end:
            return None
        try:
            seen = probe(case, token)
        except (ValidationError, EmbeddedError) as error:
            seen = Seen(case, {"run": "tool_error"}, {"run": str(error)})
        progress(seen)
        return seen

    with ThreadPoolExecutor(jobs) as pool:
        return [seen for seen in pool.map(one, cases) if seen is not None]
