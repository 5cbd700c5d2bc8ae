"""Access: what is served to somebody without the credentials that everybody else needs."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Criterion
from harness.judging.open_access import Answered, judge_rows, served_paths
from harness.probing.credentials import ProtectedPath, configured, nobody, ordinary, wrong_headers
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange, Headers

# Tries with wrong credentials on one connection.
INSISTING = 5


@check(
    "security-no-access-without-credentials",
    duties=["A15-5-a"],
    criterion="on no route but health is anything served to a request without credentials",
    criteria=[Criterion.NO_OPEN_ACCESS],
    faults=[
        "auth-metadata-open",
        "auth-infer-open",
        "auth-management-open",
        "auth-settings-open",
        "auth-statistics-open",
        "auth-shared-memory-open",
        "auth-versioned-routes-open",
        "auth-skipped-for-empty-body",
        "auth-remembered-by-connection",
        "auth-fails-open-after-20-refusals",
        "auth-refused-with-the-answer",
    ],
    fix="Put the check of credentials before the routing, so that no route can be without it.",
)
def security_no_access_without_credentials(probe: Probe) -> None:
    """Nothing but health is served without credentials.

    Each route is asked with the right credentials and, where that is served, without any: on a new connection, and on
    one that has just carried the right ones. Routes
    are those of the protocol and its extensions that read or infer, for up to three models. Health may be open, which
    is recorded. Where nobody is asked for credentials the policy decides (criteria.credentials = "required"). The
    precondition of all black-box attacks: MITRE ATLAS AML.T0040.
    """
    configured(probe, or_required=True)
    rows = []
    with nobody(probe) as stranger:
        for door, right in served_paths(probe):
            rows.append(Answered(door, right, stranger.send(door.method, door.path, door.body, fresh=True)))
            # A connection that has just carried the right credentials is no credential itself.
            kept = probe.client.send(door.method, door.path, door.body, ordinary(probe), credentials=False)
            rows.append(Answered(door, right, kept, f"{door.name}, on a connection that had them"))
    judge_rows(probe, rows, "without credentials")


@check(
    "security-no-access-with-wrong-credentials",
    duties=["A15-5-a"],
    criterion="wrong credentials get nothing that the right ones get",
    criteria=[Criterion.NO_OPEN_ACCESS],
    faults=[
        "auth-token-prefix-accepted",
        "auth-token-with-suffix-accepted",
        "auth-token-case-folded",
        "auth-empty-token-accepted",
        "auth-any-token-accepted",
        "auth-any-token-on-infer",
        "auth-same-length-accepted",
        "auth-basic-accepted",
        "auth-third-try-accepted",
    ],
    fix="Compare the whole secret in constant time, and verify signatures with a fixed algorithm.",
)
def security_no_access_with_wrong_credentials(probe: Probe) -> None:
    """Wrong credentials are no better than none.

    On each route an invented secret; on the first metadata and inference also the first half of the right one, one
    with more characters, in other case, with another character in the middle, none, another scheme, and for a JSON web
    token the algorithm none; on the first metadata the invented one again and again on one connection.
    Few requests, since endpoints may lock out who guesses. MITRE ATLAS AML.T0040.
    """
    configured(probe)
    wrong = wrong_headers(probe)
    if not wrong:
        probe.not_applicable("the credentials are no header (a client certificate): no wrong ones can be made")
    rows = []
    thorough = {"metadata", "inference"}
    for door, right in served_paths(probe):
        kind = door.name.partition(" ")[0]
        for n, (why, headers) in enumerate(wrong):
            if n and kind not in thorough and "invented" not in why:
                continue
            answer = probe.client.send(door.method, door.path, door.body, headers, fresh=True, credentials=False)
            rows.append(Answered(door, right, answer, f"{door.name}, {why}"))
        if kind == "metadata" and kind in thorough:
            rows += _insisting(probe, door, right, wrong[0][1])
        thorough.discard(kind)
    judge_rows(probe, rows, "with wrong credentials")
    again = probe.client.send("GET", f"/{probe.endpoint.metadata_path}", fresh=True)
    probe.observe(f"after these requests the right credentials get {status_of(again)}")


def _insisting(probe: Probe, door: ProtectedPath, right: Exchange, wrong: Headers) -> list[Answered]:
    """The same wrong credentials again and again on one connection: the endpoint must not tire of refusing."""
    with nobody(probe) as stranger:
        answers = [stranger.send(door.method, door.path, door.body, wrong) for _ in range(INSISTING)]
    return [
        Answered(door, right, answer, f"{door.name}, try {n} on a connection") for n, answer in enumerate(answers, 1)
    ]
