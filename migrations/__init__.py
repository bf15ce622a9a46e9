"""The schema's history: Alembic runs these from the installed package (see ``xprojdb.db.schema``)."""
