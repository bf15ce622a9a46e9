"""The store: tables, opening a database, schema revisions, bulk reading and writing."""

from xprojdb.db.opening import Database, open_database

__all__ = ["Database", "open_database"]
