"""Access by a detour: other spellings, methods and headers for what is refused without credentials."""

from __future__ import annotations

from collections.abc import Callable

from harness.check import check
from harness.criteria import Criterion
from harness.judging.open_access import Answered, served_paths
from harness.probing.credentials import ProtectedPath, configured, nobody, refuses_credentials
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange

FORWARDED = (
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Real-IP", "127.0.0.1"),
    ("X-Forwarded-User", "admin"),
    ("X-Remote-User", "admin"),
    ("Forwarded", "for=127.0.0.1;proto=https"),
    ("X-HTTP-Method-Override", "OPTIONS"),
    ("User-Agent", "kube-probe/1.30"),
)


@check(
    "security-no-access-by-detour",
    duties=["A15-5-a"],
    criterion="no other spelling of a path, other method or forwarded header gets what is refused without credentials",
    criteria=[Criterion.NO_OPEN_ACCESS],
    faults=[
        "auth-head-open",
        "auth-forwarded-for-trusted",
        "auth-case-folded-path-open",
        "auth-double-slash-open",
        "auth-trailing-slash-open",
        "auth-encoded-path-open",
    ],
    fix="Normalise path and method once, before the check of credentials; believe forwarded headers of no client.",
)
def security_no_access_by_detour(probe: Probe) -> None:
    """What is refused without credentials is not served by a detour.

    Metadata, inference and the index, where refused without credentials, are asked again without: path in other case,
    with doubled, dotted, encoded and trailing parts; by HEAD; with headers in which a proxy names the client, the user
    or the path. HEAD counts only if an invented model gets another status. MITRE ATLAS AML.T0040.
    """
    configured(probe)
    rows: list[Answered] = []
    with nobody(probe) as stranger:
        for door, right in served_paths(probe):
            if door.health or door.name.partition(" ")[0] not in ("server", "metadata", "inference", "repository"):
                continue
            straight = stranger.send(door.method, door.path, door.body, fresh=True)
            if not refuses_credentials(straight):
                continue
            for why, path, headers in _detours(door):
                answer = stranger.send(door.method, path, door.body, headers, fresh=True)
                rows.append(Answered(door, right, answer, f"{door.name}, {why}"))
            if door.name.startswith("metadata"):
                _head(probe, stranger.send, door)
    if not rows:
        probe.not_applicable("nothing is refused without credentials, so that nothing can be got by a detour")
    for row in rows:
        row.judge(probe, "without credentials, by a detour")


def _detours(door: ProtectedPath) -> list[tuple[str, str, tuple[tuple[str, str], ...]]]:
    head, _, last = door.path.rpartition("/")
    version = f"/%76{door.path[2:]}"
    encoded = f"{head}/%{ord(last[0]):02x}{last[1:]}" if last and last[0].isalnum() else door.path
    paths = [
        ("upper case", f"/V2{door.path[3:]}"),
        ("doubled slash", f"/{door.path}"),
        ("dot segment", f"/v2/health/live/../..{door.path[3:]}"),
        ("dot", f"/.{door.path}"),
        ("encoded letter", encoded),
        ("encoded letter in front", version),
        ("trailing slash", f"{door.path}/"),
        ("path parameter", f"{door.path};x=health"),
        ("query", f"{door.path}?x=/v2/health/live"),
        ("encoded dot segments", f"/v2/health/live/%2e%2e/%2e%2e{door.path[3:]}"),
        ("doubled slash inside", f"/v2/{door.path[3:]}"),
        ("backslash", f"/v2\\{door.path[4:]}"),
    ]
    found: list[tuple[str, str, tuple[tuple[str, str], ...]]] = [
        (f"path with {why}", path, ()) for why, path in paths if path != door.path
    ]
    found += [(f"header {name}", door.path, ((name, value),)) for name, value in FORWARDED]
    urls = (("X-Original-URL", door.path), ("X-Rewrite-URL", door.path))
    return [*found, *((f"header {name}", "/v2/health/live", ((name, value),)) for name, value in urls)]


def _head(probe: Probe, send: Callable[..., Exchange], door: ProtectedPath) -> None:
    answer = send("HEAD", door.path, fresh=True)
    generic = send("HEAD", probe.client.model_path(UNKNOWN_MODEL), fresh=True)
    if answer.ok and generic.status == answer.status:
        probe.observe(f"HEAD without credentials is {status_of(answer)} for any model")
        return
    observed = f"{door.name}, HEAD without credentials: {status_of(answer)}"
    expected = "a refusal, as of GET"
    probe.holds(
        not answer.ok, expected=expected, observed=observed, exchange=answer, root=f"open-access:HEAD {door.kind}"
    )
