"""The command ``art15``: everything around a probing run. wiring only."""

from __future__ import annotations

import click

import harness
from harness.commands.catalogue import clauses, explain, requirements
from harness.commands.comparing import diff, history
from harness.commands.evidence import baseline, drills, report, show, verify
from harness.commands.exporting import export, issue
from harness.commands.group import Commands
from harness.commands.policing import policy
from harness.commands.probing import demo, locustfile, probe
from harness.commands.replaying import replay
from harness.commands.sealing import plan, sign
from harness.commands.validation import validate


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(harness.__version__, prog_name="art15")
def main() -> None:
    """Show from outside what a model-serving endpoint really does.

    Probe an endpoint that speaks the Open Inference Protocol:

        pytest --endpoint http://127.0.0.1:8080

    and read the evidence it leaves: report.html for people, annex.html behind it, evidence.json for tools.

    \b
    Exit codes of a run:
      0  nothing found
      1  findings (a fail that nobody waived, no baseline knows, and the requirement
         set counts), a stale waiver, a known finding that occurs no more, or
         something that was asked for by name and could not be tested
      2  interrupted
      3  the tester could not do its part, or broke; with findings as well: 1
      4  usage
      5  no check decided anything
    """


for command in (
    demo, plan, probe, verify, sign, report, replay, show, drills, diff, history, export, issue, policy, baseline,
    clauses, requirements, explain, validate, locustfile,
):  # fmt: skip
    main.add_command(command)


if __name__ == "__main__":
    main()
