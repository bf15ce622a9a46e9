"""Measure the size of a database, and estimate that of a larger one."""
