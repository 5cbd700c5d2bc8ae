"""Files of TOML that somebody gives on the command line: read within limits, and told what may stand in them."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec

from harness.allowed import explained
from harness.foreign import MEBIBYTE, read_given

MAX_READ = 4 * MEBIBYTE
# Reading TOML takes time by the square of the dots in one key.
MOST_DOTS = 1000

Table = TypeVar("Table", bound=msgspec.Struct)


class TableError(Exception):
    """The file cannot be used; one line that says where and what to write instead."""


def read_table(path: Path, what: str, kind: type[Table], most: int) -> tuple[Table, str]:
    """What a file says, and its SHA-256.

    Args:
        what: word for the file, such as ``policy``.
        most: bytes that any such file has.

    Raises:
        TableError: unreadable, not TOML, an unknown key, or a value of the wrong type.
    """
    try:
        data = read_given(path, MAX_READ)
        if len(data) > most or max(line.count(b".") for line in data.split(b"\n")) > MOST_DOTS:
            raise TableError(f"{what} {path}: no {what} has more than {most} bytes, or such long keys")
        # Windows editors begin a file with a byte order mark.
        tables = tomllib.loads(data.decode("utf-8-sig"))
        return msgspec.convert(tables, kind), hashlib.sha256(data).hexdigest()
    except OSError as error:
        raise TableError(f"{what} {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TableError(f"{what} {path} is not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise TableError(f"{what} {path}: {explained(str(error), kind, tables)}") from error
    except (RecursionError, ValueError, OverflowError) as error:  # nested too deeply, or a number of too many digits
        raise TableError(f"{what} {path} cannot be read: {error}") from error
