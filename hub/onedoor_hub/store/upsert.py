"""INSERT … ON CONFLICT, which SQLite and PostgreSQL spell alike but SQLAlchemy keeps apart."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: Connection, table: Table):
    """An INSERT that takes ON CONFLICT clauses, for the database at hand."""
    return upsert_of(connection.dialect.name, table)


def upsert_of(dialect: str, table: Table):
    """The same by the dialect's name, for statements that are made once and kept."""
    if dialect == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
