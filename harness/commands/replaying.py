"""The command that sends again what a finding rests on."""

# Each command imports what it needs: `art15 --help` answers at once.
# ruff: noqa: PLC0415
from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.commands.group import EVIDENCE, say
from harness.commands.taking import takes


@click.command()
@click.argument("folder", type=EVIDENCE)
@click.argument("slug")
@takes("replay")
def replay(folder: Path, slug: str, times: int, before: int, show: bool, endpoint: str | None, **options: Any) -> None:  # noqa: ANN401
    """Send the counterexamples of the check SLUG in FOLDER again; SLUG may name a model: slug[model].

    Exit codes: 0 each came again every time, 1 not so, 3 the tester could not, 4 usage, 5 nothing to replay.
    """
    from harness.run.bundles.replay import USAGE, ReplayRequest
    from harness.run.bundles.replay import replay as replay_cases
    from harness.run.options import Options, UsageError

    try:
        asked = ReplayRequest(
            folder, slug, times, before, Options(endpoints=(endpoint,) if endpoint else (), **options), show
        )
        code = replay_cases(asked, say)
    except UsageError as error:
        say(f"art15: {error}", wrong=True)
        code = USAGE
    raise SystemExit(code)
