"""The sentences of an export, out of the database: in blocks of columns, or one by one."""
