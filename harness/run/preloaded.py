"""What probing runs and their servers import; loaded once in the process that they are forked from."""

from __future__ import annotations

import contextlib
import gc
import importlib

import harness.run.checks
import harness.run.session.opening
import harness.run.terminal.summary
from harness.run.options import UsageError
from reports.page import render

# By name: no room imports the server, and a process forked for it is as good as one started for it.
SERVER = ("harness.reference.command", "harness.reference.launch", "harness.reference.grpc.listen")

with contextlib.suppress(ImportError):  # the extra grpc may be missing
    import harness.endpoint.grpc_discovery
    import harness.wire.rpc
with contextlib.suppress(ImportError):  # so may reference
    for each in SERVER:
        importlib.import_module(each)
with contextlib.suppress(UsageError):  # each run says so itself
    harness.run.checks.load_checks()
render.warm()
# Objects that no run frees: a collection in a forked process then neither visits nor copies them.
gc.freeze()

__all__ = ["harness"]
