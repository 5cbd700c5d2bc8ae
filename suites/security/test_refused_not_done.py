"""What is refused for want of credentials is not done all the same."""

from __future__ import annotations

import time

from harness.check import check
from harness.criteria import Criterion
from harness.judging.repository import Absence, bring_back, index, infers, is_ready, load, rows_of, spare, with_reserve
from harness.probing.credentials import configured, nobody, refuses_credentials
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import status_of
from harness.waiting import wait

# An unload may end after its answer: so long it is looked for, and in such steps.
SECONDS, STEP = 1.5, 0.25


@check(
    "security-refused-unload-not-done",
    duties=["A15-5-a"],
    criterion="a model whose unload was refused for want of credentials still infers",
    criteria=[Criterion.NO_OPEN_ACCESS],
    allow="repository",
    faults=["auth-refused-but-done", "auth-refused-with-the-answer"],
    fix="Refuse before anything is done: the check of credentials comes first, not with the answer.",
)
def security_refused_unload_not_done(probe: Probe) -> None:
    """An unload that is refused for want of credentials has no effect.

    The unload of one model is sent without credentials, where the same for an invented model is refused for want of
    them; for one and a half seconds the model has to infer as before, asked with the right credentials. It is loaded
    again if not. Only where there is an index, and with --oip-allow repository. MITRE ATLAS AML.T0040, AML.T0029.
    """
    configured(probe)
    if not rows_of(index(probe)):
        probe.not_applicable("there is no index of a repository, so that load and unload may be something else")
    model = spare(probe)
    with_reserve(probe)
    with nobody(probe) as stranger:
        if not refuses_credentials(load(probe, UNKNOWN_MODEL, "unload", stranger)):
            probe.not_applicable("unload is not refused for want of credentials: the checks of access say so")
        absence = Absence(model, load(probe, model.name, "unload", stranger))
    gone = False
    try:
        end = time.monotonic() + SECONDS
        while not gone and time.monotonic() < end:
            wait(STEP)
            gone = not infers(model) and not is_ready(probe, model)
    finally:
        if gone or not refuses_credentials(absence.unload):
            bring_back(probe, absence)
    observed = f"unload of {model.name!r} without credentials: {status_of(absence.unload)}"
    observed += ", and the model is gone" if gone else ", and the model infers"
    probe.holds(
        not gone,
        expected="a refusal, and the model infers",
        observed=observed,
        exchange=absence.unload,
        root="refused-but-done",
    )
