"""The status of a database: its steps, runs and failures."""
