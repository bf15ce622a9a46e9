"""Commands that keep a database in order."""
