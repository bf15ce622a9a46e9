"""The store: tables, opening a database, its schema revision, bulk reading and writing."""

from xprojdb.db.opening import Database, open_database

__all__ = ["Database", "open_database"]
