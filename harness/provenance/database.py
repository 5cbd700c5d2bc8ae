"""Inference logs in a database, through SQLAlchemy: the ids that are looked for are asked for, and nothing else.

Needs the extra ``log``. Messages of a driver may hold the address, so only the kind of an error is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from harness.provenance.declared import LogTable

AT_ONCE = 500
# Rows of one query: an id that has more entries than this is told by the number of these.
MOST = 100_000


class CannotRead(Exception):
    """A log that cannot be read; the message says why, and names no credentials."""


def rows_of(url: str, table: LogTable, ids: Collection[str]) -> Iterator[dict[str, Any]]:
    """The rows of the ids, by the names of their columns.

    Raises:
        CannotRead: no such package or driver, or the database does not answer as the policy says.
    """
    try:
        import sqlalchemy as sql  # noqa: PLC0415 -- optional
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 -- optional
    except ImportError:
        raise CannotRead("logs in a database need SQLAlchemy (pip install 'art15[log]')") from None
    wanted, columns = list(ids), table.named
    try:
        engine = sql.create_engine(url)
    except (SQLAlchemyError, ImportError) as error:
        raise CannotRead(f"the address of the log is none that SQLAlchemy can use: {type(error).__name__}") from None
    try:
        schema, _, name = (table.table or "").rpartition(".")
        source = sql.table(name, *(sql.column(each) for each in dict.fromkeys(columns.values())), schema=schema or None)
        key = source.c[columns["id"]]
        with engine.connect() as connection:
            for first in range(0, len(wanted), AT_ONCE):
                query = sql.select(source).where(key.in_(wanted[first : first + AT_ONCE])).limit(MOST)
                for row in connection.execute(query):
                    yield dict(row._mapping)  # noqa: SLF001 -- how SQLAlchemy calls the public mapping
    except SQLAlchemyError as error:
        raise CannotRead(f"the log cannot be asked: {type(error).__name__}") from None
    finally:
        engine.dispose()
