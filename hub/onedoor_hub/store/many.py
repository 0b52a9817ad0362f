"""One statement for many rows, handed to the driver without SQLAlchemy between.

Compiled once a dialect. What ingest writes are whole numbers, text and bytes, which drivers take
as they are; SQLAlchemy's handling of each row takes longer than the database's.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection


class Many:
    """``make(dialect)`` makes the statement; its parameters are the keys of the rows."""

    def __init__(self, make: Callable[[str], Any]):
        self._make = make
        self._compiled: dict[str, tuple[str, Callable | None]] = {}

    def execute(self, connection: Connection, rows: list[dict]) -> None:
        """Execute it once for each row, if there is one. Raises what ``execute`` raises."""
        if not rows:
            return
        dialect = connection.dialect
        if dialect.name not in self._compiled:
            compiled = self._make(dialect.name).compile(dialect=dialect)
            names = compiled.positiontup
            self._compiled[dialect.name] = str(compiled), itemgetter(*names) if names else None
        text, places = self._compiled[dialect.name]
        connection.exec_driver_sql(text, [places(row) for row in rows] if places else rows)
