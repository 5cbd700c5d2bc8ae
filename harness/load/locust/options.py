"""The options ``--oip-…`` of the locust command, in the web UI too, and the plan that follows from them."""

from __future__ import annotations

import math
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from gevent import subprocess

from harness.load.plan.load_plan import LoadPlan, decode_plan, read_plan
from harness.load.plan.schedule import Schedule, read_trace
from harness.option import Option, options_of
from harness.record.children import environment

if TYPE_CHECKING:
    from locust.env import Environment

DEFAULT_SECONDS = 600.0
"""How long a plan is where nobody gave a run time."""
MOST = 1e9
"""No number of an option is above it."""
_PATIENCE_S = 60
_TYPES = {"whole": int, "number": float}


def add_options(parser: Any, **_: object) -> None:  # noqa: ANN401 -- locust's parser
    """Listener of ``init_command_line_parser``."""
    group = parser.add_argument_group("Open Inference Protocol, open loop")
    for option in options_of("locust"):
        given = _given(option)
        if hasattr(parser, "args_included_in_web_ui"):
            action = group.add_argument(option.written, env_var=option.variable, **given)
            action.include_in_web_ui = option.on_page
        else:
            group.add_argument(option.written, **given)


def _given(option: Option) -> dict[str, Any]:
    """What argparse is told; the help has the name of the variable where others have a metavar."""
    if option.repeatable:
        return {"action": "append", "default": [], "help": option.help}
    choices = {"choices": option.choices} if option.choices else {}
    default = "" if option.default is None else option.default
    return {"type": _TYPES.get(option.kind, str), "default": default, "help": option.help, **choices}


def plan_of(environment: Environment, seconds: float | None, workers: int) -> LoadPlan:
    """The plan for this start: from the file, or made for ``--host``.

    Raises:
        ValueError: there is none; says why.
    """
    options = environment.parsed_options
    if options is None:
        raise ValueError("locust was started without its command line")
    if options.oip_plan:
        plan = read_plan(Path(options.oip_plan))
    else:
        plan = _made(environment, options, seconds or DEFAULT_SECONDS)
    return msgspec.structs.replace(plan, workers=workers)


def renewed(plan: LoadPlan) -> LoadPlan:
    """The same plan for a further run: other ids, so that late answers of the run before are noticed."""
    return msgspec.structs.replace(plan, prefix=secrets.token_hex(4))


def _made(environment: Environment, options: Any, seconds: float) -> LoadPlan:  # noqa: ANN401 -- a namespace
    host = environment.host or next((each.host for each in environment.user_classes if each.host), None)
    if not host:
        raise ValueError("no endpoint: give --host http://… or grpc://…")
    headers = options.oip_header if isinstance(options.oip_header, list) else []
    request = {
        "url": host,
        "model": options.oip_model or _of_user(environment, "model"),
        "version": options.oip_model_version,
        "rate": _number(options, "rate"),
        "seconds": float(seconds),
        "arrivals": options.oip_arrivals,
        "seed": int(_number(options, "seed", least=0, whole=True)),
        "latency_s": _number(options, "latency"),
        "percentile": _number(options, "percentile"),
        "connections": int(_number(options, "connections", whole=True)),
        "timeout_s": _number(options, "timeout"),
        "max_rate": _number(options, "max-rate", least=0.0) or None,
        "headers": [[part.strip() for part in each.split(":", 1)] for each in headers if ":" in each],
        "ca_file": options.oip_ca,
        "cert_file": options.oip_cert,
        "key_file": options.oip_key,
    }
    # Read first: what cannot be read must not cost the endpoint a request.
    schedule = _recorded(Path(options.oip_trace)) if options.oip_trace else None
    plan = decode_plan(_prepared(msgspec.json.encode(request)))
    return plan if schedule is None else msgspec.structs.replace(plan, schedule=schedule)


def _number(options: Any, name: str, *, least: float = 1e-6, whole: bool = False) -> float:  # noqa: ANN401 -- see above
    """The value of an option, from the command line, the environment or the web page.

    Raises:
        ValueError: it is no number from ``least`` on: NaN would be taken for "no bound" further on.
    """
    given = getattr(options, f"oip_{name.replace('-', '_')}")
    try:
        value = float(int(given) if whole else given)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not least <= value <= MOST:
        what = "a whole number" if whole else "a number"
        raise ValueError(f"--oip-{name} {str(given)[:40]}: give {what} from {least:g} to {MOST:g}")
    return value


def _recorded(path: Path) -> Schedule:
    try:
        return read_trace(path)
    except OSError as error:
        raise ValueError(f"the trace cannot be read: {error}") from None


def _prepared(request: bytes) -> bytes:
    """Run :mod:`harness.load.plan.prepare` beside locust; the request travel on its input, credentials with them."""
    where = str(Path(__file__).resolve().parents[3])
    paths = os.pathsep.join(filter(None, [where, os.environ.get("PYTHONPATH", "")]))
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "harness.load.plan.prepare"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(PYTHONPATH=paths),
    )
    try:
        output, errors = child.communicate(request, timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        raise ValueError(f"the endpoint gave no case within {_PATIENCE_S} s") from None
    if child.returncode:
        raise ValueError(errors.decode("utf-8", "replace").strip()[-1000:] or "no plan could be made")
    return bytes(output)


def _of_user(environment: Environment, name: str) -> str:
    """A setting of the user class."""
    return next((value for each in environment.user_classes if (value := getattr(each, name, ""))), "")
