"""What the record of the run says of the version that answered: the one that was asked for, or always the same one."""

from __future__ import annotations

from harness.criteria import Advice
from harness.drills.injector import Injector
from harness.endpoint.models import ModelUnderTest
from harness.judging.passive.versions import AskedWay, ToldVersions, VersionSeen
from harness.probing.probe import Probe
from harness.probing.replaying import again
from harness.probing.replicas.glances import DIFFER, VERSION, version_of
from harness.probing.told import ToldViolations
from harness.record.exchange import Exchange, Transport

ASKED, ONE = "VERS-04", Advice.ONE_SERVICE.clause
VARIES = "version-varies"
TIMES = 3
NAMED = 3


def report_versions(probe: Probe, transport: Transport) -> None:
    """Report a case for each version that was asked for, and one for each model of which none was."""
    told = probe.endpoint.memory.find(ToldVersions)
    if told is None:
        return
    for model in probe.endpoint.models:
        if transport in model.routes:
            for version in _listed(model, transport):
                _asked(probe, told.of(_way(model, transport, version)), version)
            table = probe.endpoint.policy.models.get(model.name)
            if table is None or not table.several_versions:
                _unasked(probe, told, _way(model, transport, None))


def _listed(model: ModelUnderTest, transport: Transport) -> tuple[str, ...]:
    """Versions that the metadata list: what comes of others is not defined (VERS-02)."""
    metadata = model.over(transport).metadata
    return metadata.versions if metadata is not None else ()


def _way(model: ModelUnderTest, transport: Transport, asked: str | None) -> AskedWay:
    base = model.over(transport).client.access.address.url.rstrip("/")
    return AskedWay(transport, base, model.name, asked)


def _asked(probe: Probe, seen: dict[str, VersionSeen], version: str) -> None:
    """Every answer to a request for a version names it, or none; what names another is asked again twice."""
    for name, each in seen.items():
        answers = _again(probe, each, 2) if name != version else []
        still = [answer for answer in answers if version_of(answer) not in (None, version)]
        observed = f"version {version!r} was asked for, and {name!r} named in {each.count} answers, met in {_met(each)}"
        if name != version and len(still) < 2:
            probe.observe(f"{observed}; sent again, {len(still)} of {len(answers)} name another one", ASKED)
        probe.holds(len(still) < 2, clause=ASKED, expected=f"model_version {version!r}, or none", observed=observed,
                    exchange=still[0] if still else None)  # fmt: skip


def _unasked(probe: Probe, told: ToldVersions, way: AskedWay) -> None:
    """Where none is asked for, one and the same version answers all along."""
    seen = told.of(way)
    if not seen:
        return
    words = ", ".join(f"{name!r} in {each.count} answers (first in {_met(each)})" for name, each in seen.items())
    reason, shown = _reason(probe, seen, told.turns(way)) if len(seen) > 1 else ("", None)
    if len(seen) > 1 and shown is None:
        probe.observe(f"{way.model}: {words}; {reason}", ONE)
    probe.holds(
        shown is None, clause=ONE, expected="one version that answers where none is asked for",
        observed=f"{way.model}: {words}{f'; {reason}' if reason else ''}", exchange=shown, root=VARIES,
    )  # fmt: skip


def _reason(probe: Probe, seen: dict[str, VersionSeen], turns: int) -> tuple[str, Exchange | None]:
    """Why several versions answered, and an exchange that shows it; none where nobody is to be told."""
    roots = probe.endpoint.memory.of(ToldViolations)
    if f"{DIFFER}:{VERSION}" in roots.by(roots.by_check, [ONE]):
        return "replicas or connections differ in it, which another check has told", None
    if probe.endpoint.memory.find(Injector) is not None:
        return "drills were allowed, and may have changed it", None
    found = {name: answers for name, each in seen.items() if (answers := _again(probe, each, TIMES))}
    named = {name: {version_of(answer) for answer in answers} for name, answers in found.items()}
    if len(named) > 1 and all(versions == {name} for name, versions in named.items()):
        return "sent again, each request gets its version again: it depends on the request", [*found.values()][-1][0]
    mixed = next((name for name, versions in named.items() if len(versions) > 1), None)
    if mixed is not None:
        return "sent again, the same request is answered by several versions", found[mixed][-1]
    # Another version may be put in service at any time: that is the operator's right, and told.
    moved = turns == len(seen) - 1 and set().union(*named.values()) == {[*seen][-1]}
    return "it was changed while it was tested" if moved else "sent again, they are all answered by one", None


def _again(probe: Probe, seen: VersionSeen, times: int) -> list[Exchange]:
    """What the first request that was answered so gets now."""
    return [each for each in again(probe.endpoint, seen.first, times) if each.ok] if seen.first is not None else []


def _met(seen: VersionSeen) -> str:
    return ", ".join(check or "the search for models" for check in list(seen.checks)[:NAMED])
