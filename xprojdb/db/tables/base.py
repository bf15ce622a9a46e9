"""What all tables share: names of constraints, and two kinds of keys."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, PrimaryKeyConstraint, Table

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# In SQLite only a column of type INTEGER becomes an alias of the row id.
Key = BigInteger().with_variant(Integer, "sqlite")


def id_column() -> Column[int]:
    """The surrogate key of a small table."""
    return Column("id", Key, primary_key=True)


def natural_table(
    name: str, *columns: Column[int] | Column[str] | Column[float] | Column[bytes], key: tuple[str, ...]
) -> Table:
    """A large table, whose rows lie in the order of a key of their own."""
    return Table(name, metadata, *columns, PrimaryKeyConstraint(*key), sqlite_with_rowid=False)
