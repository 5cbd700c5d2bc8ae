"""How long a million rows of an inference log take to be looked through: `python -m benchmarks.log_rows [ROWS]`."""

from __future__ import annotations

import csv
import json
import resource
import sqlite3
import sys
import tempfile
import time
import uuid
from pathlib import Path

from harness.provenance.declared import LogTable
from harness.provenance.log import look_up

LOOKED_FOR = 10_000


def main() -> None:
    """Write a log in each form, look ids up in it, and print seconds and the most memory."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    ids = [uuid.uuid4().hex for _ in range(rows)]
    with tempfile.TemporaryDirectory() as folder:
        lines, table, database = Path(folder, "log.jsonl"), Path(folder, "log.csv"), Path(folder, "log.db")
        with lines.open("w") as first, table.open("w", newline="") as second, sqlite3.connect(database) as third:
            writer = csv.writer(second)
            writer.writerow(["id", "version", "sha"])
            third.execute("CREATE TABLE log (id PRIMARY KEY, version, sha)")
            for each in ids:
                row = (each, "7", each * 2)
                first.write(json.dumps(dict(zip(("id", "version", "sha"), row, strict=True))) + "\n")
                writer.writerow(row)
                third.execute("INSERT INTO log VALUES (?, ?, ?)", row)
        wanted, columns = ids[:: max(1, rows // LOOKED_FOR)], {"version": "version", "request_sha256": "sha"}
        del ids
        for name, log, url in (
            ("jsonl", LogTable(path=str(lines), columns=columns), ""),
            ("csv", LogTable(path=str(table), columns=columns), ""),
            ("sqlite", LogTable(database_env="X", table="log", columns=columns), f"sqlite:///{database}"),
        ):
            begin = time.perf_counter()
            found = look_up(log, wanted, url)
            assert len(found) == len(wanted)
            sys.stdout.write(f"{name}: {rows} rows, {len(wanted)} ids, {time.perf_counter() - begin:.2f} s\n")
    sys.stdout.write(f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB in all\n")


if __name__ == "__main__":
    main()
