"""The command that begins, checks and describes a policy."""

# Each command imports what it needs: `art15 --help` answers at once.
# ruff: noqa: PLC0415
from __future__ import annotations

from pathlib import Path

import click

from harness.commands.group import BadUse, say
from harness.commands.taking import takes
from harness.commands.writing import hand_on

STARTING = Path(__file__).with_name("policy.toml")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@takes("policy")
def policy(file: Path | None, init: bool, schema: bool, keys: bool) -> None:
    """Check the policy in FILE, or print what a policy is.

    \b
        art15 policy --init > policy.toml      # a commented one to begin with
        art15 policy policy.toml               # is it one? an unknown key is named with what is allowed
        art15 policy --schema > policy.json    # for editors

    Exit codes: 0 it is a policy, or printed; 1 it is none; 3 it cannot be written; 4 usage.
    """
    from harness.policy import PolicyError, load_policy
    from harness.run.policy_keys import policy_page, policy_schema

    if sum((file is not None, init, schema, keys)) != 1:
        raise BadUse("give a file, or one of --init, --schema, --keys")
    if init:
        hand_on(STARTING.read_bytes())
    elif schema:
        hand_on(policy_schema())
    elif keys:
        say("\n".join(policy_page()).rstrip())
    else:
        try:
            load_policy(file)
        except PolicyError as error:
            raise click.ClickException(str(error)) from error
        say(f"{file}: a policy")
