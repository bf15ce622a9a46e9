"""Merging databases: rows are matched by natural keys and get the keys of the target."""
