"""Seeded faults that the checks of ``suites/security/test_access.py`` find.

Every server here is the variant ``auth-required`` with one hole: all but health wants ``--token``.
"""

from __future__ import annotations

from collections import Counter

from harness.reference.faults.kit.access import guarded, is_right, remembered
from harness.reference.faults.kit.common import Count, is_rest
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

OPEN = "policy:no-open-access"
MANAGEMENT = ("index", "load", "unload")
SETTINGS = ("logging", "set-logging", "trace", "set-trace", "model-trace", "set-model-trace")
HEALTH = ("live", "ready")


def _given(call: Call, scheme: str = "bearer") -> str | None:
    """What stands behind the scheme; None without it."""
    found, _, value = call.headers.get("authorization", "").partition(" ")
    return value if found.lower() == scheme else None


fault("auth-metadata-open", OPEN, text="metadata of server and models needs no token", effect="access")(
    guarded(lambda call, _: call.op in ("server-metadata", "model-metadata", "list"))
)

fault("auth-infer-open", OPEN, text="everything but inference needs the token", effect="access")(
    guarded(lambda call, _: call.op == "infer")
)

fault("auth-management-open", OPEN, text="index, load and unload need no token", effect="access")(
    guarded(lambda call, _: call.op in MANAGEMENT)
)

fault("auth-settings-open", OPEN, text="log and trace settings need no token", effect="access")(
    guarded(lambda call, _: call.op in SETTINGS)
)

fault("auth-statistics-open", OPEN, text="statistics and configuration need no token", effect="access")(
    guarded(lambda call, _: call.op in ("stats", "all-stats", "config"))
)

fault("auth-shared-memory-open", OPEN, text="shared memory needs no token", effect="access")(
    guarded(lambda call, _: call.op.startswith("shm-"))
)

fault("auth-versioned-routes-open", OPEN, text="paths with a version need no token", effect="access")(
    guarded(lambda call, _: is_rest(call) and call.version is not None)
)

fault("auth-skipped-for-empty-body", OPEN, text="a POST without a body needs no token", effect="access")(
    guarded(lambda call, _: is_rest(call) and call.method == "POST" and not call.body)
)

fault("auth-token-prefix-accepted", OPEN, text="the beginning of the token will do", effect="access")(
    guarded(lambda call, token: bool(_given(call)) and token.startswith(str(_given(call))))
)

fault("auth-token-with-suffix-accepted", OPEN, text="the token with something behind it will do", effect="access")(
    guarded(lambda call, token: str(_given(call)).startswith(token))
)

fault("auth-token-case-folded", OPEN, text="the token in other case will do", effect="access")(
    guarded(lambda call, token: str(_given(call)).lower() == token.lower())
)

fault("auth-empty-token-accepted", OPEN, text="the scheme without a token will do", effect="access")(
    guarded(lambda call, _: call.headers.get("authorization", "-").strip().lower() in ("", "bearer"))
)

fault("auth-any-token-accepted", OPEN, text="any token will do", effect="access")(
    guarded(lambda call, _: bool(_given(call)))
)

fault("auth-any-token-on-infer", OPEN, text="any token will do for inference", effect="access")(
    guarded(lambda call, _: call.op == "infer" and bool(_given(call)))
)

fault("auth-same-length-accepted", OPEN, text="any token as long as the right one will do", effect="access")(
    guarded(lambda call, token: len(_given(call) or "") == len(token))
)

fault("auth-basic-accepted", OPEN, text="any Basic credentials will do", effect="access")(
    guarded(lambda call, _: bool(_given(call, "basic")))
)

fault(
    "auth-remembered-by-connection",
    OPEN,
    text="once a connection had the token, it needs none any more",
    effect="access",
)(remembered(is_rest))


@fault(
    "auth-fails-open-after-20-refusals",
    OPEN,
    text="after 20 refusals on one connection or another, all get in",
    effect="access",
)
def fails_open_after_refusals(hooks: Hooks) -> None:
    count = Count()
    guarded(lambda _, __: count.up() > 20)(hooks)


@fault("auth-third-try-accepted", OPEN, text="the third wrong token of a connection is accepted", effect="access")
def third_try_accepted(hooks: Hooks) -> None:
    tries: Counter[object] = Counter()

    def hole(call: Call, _: str) -> bool:
        if call.number_on_connection == 1:
            tries.pop(call.connection, None)
        tries[call.connection] += bool(_given(call))
        return bool(_given(call)) and tries[call.connection] >= 3

    guarded(hole)(hooks)


@fault(
    "auth-refused-with-the-answer",
    OPEN,
    "policy:no-leak",
    text="without the token, 401 comes with the answer",
    effect="access",
)
def refused_with_the_answer(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if is_rest(call) and call.op not in HEALTH and not is_right(call, hooks.settings.token):
            reply.status = 401

    hooks.bodies.append(edit)
    guarded(lambda call, _: is_rest(call))(hooks)
