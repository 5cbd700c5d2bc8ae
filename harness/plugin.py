"""The pytest plugin: its options, and the probing half where an endpoint is given; inert without ``--endpoint``.

One check is one item, parametrised by model; its node id ends in the slug, with the model in brackets.
"""

from __future__ import annotations

import contextlib
import copy
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

import suites
from harness.run.options import UsageError, add_options, refuse_unknown
from harness.run.terminal.output import Output, open_closed
from reports.text.neutralise import plain

UNHEARD = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the harness; all but ``--endpoint`` carry the prefix ``--oip-``."""
    add_options(parser)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, object, object]:
    """A typing error in an option of ours is answered with the option that is like it."""
    if any(argument.partition("=")[0] == "--endpoint" for argument in args) and open_closed():
        early_config.stash[UNHEARD] = "it was closed from the start"
    loaded = yield
    unknown = parser.parse_known_and_unknown_args(args, namespace=copy.copy(early_config.option))[1]
    try:
        refuse_unknown(unknown)
    except UsageError as error:
        raise pytest.UsageError(plain(str(error))) from error
    return loaded


def pytest_configure(config: pytest.Config) -> None:
    """With an endpoint: check the options and register the part of the plugin that probes."""
    if not config.getoption("--endpoint"):
        return
    if getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
        raise pytest.UsageError("probing under xdist is refused: one process keeps the budget and the order (-n 0)")
    # locust's own plugin lends its clients to tests, and with them gevent's patches of the interpreter, under which
    # calls over gRPC never return. A probing run has no use for it; load is made by processes of its own.
    config.pluginmanager.set_blocked("locust")
    if "gevent.monkey" in sys.modules and sys.modules["gevent.monkey"].is_module_patched("socket"):
        raise pytest.UsageError("gevent has patched this interpreter: leave out the plugin that does it (-p no:NAME)")
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(Path(suites.__path__[0]))]
    # What a run needs (HTTP, clauses, reports) is imported only now: plain test runs stay fast.
    from harness.prober.prober import Prober  # noqa: PLC0415

    # Before pytest takes it for its own output.
    output = sys.stdout = Output(sys.stdout, config.stash.get(UNHEARD, ""))
    stack = contextlib.ExitStack()
    config.add_cleanup(stack.close)
    config.pluginmanager.register(Prober(config, stack, output), "art15-prober")
