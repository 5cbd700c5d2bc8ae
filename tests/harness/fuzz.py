"""``python -m tests.harness.fuzz [READER] [-max_total_time=SECONDS ...]``: the readers under ``atheris``.

An exception that a reader does not document, or one input that takes longer than its bytes can, ends it. Without
``atheris`` it says so and is done: the drawn tests in ``test_readers.py`` look for the same.
"""

from __future__ import annotations

import importlib
import sys
import time

# Processor time for one input of at most a few kilobytes.
MOST_S = 1.0


def main() -> int:
    """Fuzz one reader (default: the strict one for JSON) with what libFuzzer takes as options."""
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.stderr.write("atheris is not installed (uv pip install atheris): nothing was tried\n")
        return 0
    with atheris.instrument_imports(include=["harness.wire", "harness.record", "harness.oracles", "reports"]):
        from tests.harness.readers import READERS, take  # noqa: PLC0415 -- instrumented while it is imported

    name = sys.argv[1] if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else "strict JSON"
    reader = READERS[name]

    def one(data: bytes) -> None:
        begin = time.thread_time()
        take(reader, data)
        took = time.thread_time() - begin
        if took > MOST_S:
            raise RuntimeError(f"{name}: {len(data)} bytes took {took:.1f} s")

    for seed in reader.seeds:
        one(seed)
    atheris.Setup([sys.argv[0], *(each for each in sys.argv[1:] if each.startswith("-"))], one)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
