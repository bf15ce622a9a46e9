"""Reading the sentences of an export from the database, in blocks of columns or one by one."""
