"""What to write in the policy for a model that no request could be made for, and what is said of one that is silent."""

from __future__ import annotations

import itertools
import json
import re

from harness.record.exchange import Exchange

# How often a request that got no answer is tried anew, by whatever needs it next, before the model is given up.
TRIES = 2
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HALF = re.compile(r"[\ud800-\udfff]")


def key(name: str) -> str:
    """A name as a key of TOML: bare where it may be, else in quotes, with an escape for what nobody would see.

    Half of a surrogate pair is an escape that TOML refuses, as no text of TOML holds it: see :func:`table`.
    """
    if _BARE.fullmatch(name):
        return name
    quoted = json.dumps(name, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\U{ord(each):08X}" for each in quoted)


def sample_table(name: str) -> str:
    """Lines to paste into the policy, for a model whose inputs nobody has described."""
    return table(
        name,
        '# one request a line, such as {"inputs": [{"name": ..., "shape": ..., "datatype": ..., "data": ...}]};',
        '# or data = "rows.npz" (csv, parquet): arrays named after the inputs',
        f'requests = "{file_of(name)}"',
    )


def table(name: str, *lines: str) -> str:
    """The table of a model's samples, with these lines; a comment instead where no TOML can name the model."""
    if _HALF.search(name):
        return f"# no policy can name model {name!r}: TOML has no half of a surrogate pair"
    return "\n".join([f"[samples.{key(name)}]", *lines])


def file_of(name: str) -> str:
    """What a file with requests of a model may be called, whatever the model is."""
    plain = itertools.islice(re.sub(r"[^A-Za-z0-9_.-]+", "-", name), 40)
    return f"{''.join(plain).strip('-.') or 'samples'}.jsonl"


def out_of_time(exchange: Exchange) -> bool:
    """Whether no answer came in time; over gRPC a server may say so itself, of the time that our call gave it."""
    return exchange.timed_out or (exchange.rpc is not None and exchange.rpc.name == "DEADLINE_EXCEEDED")


def unanswered(name: str, last: Exchange) -> str:
    """A model that gave no answer to valid requests in time."""
    said = last.error.message if last.error is not None else f"no answer after {last.elapsed_s:.3g} s"
    return f"model {name!r} gave no answer to a valid request, asked more than once: {said} (see --oip-timeout)"
