"""The database: tables, migrations, and every query. Knows SQLAlchemy, never Flask."""
