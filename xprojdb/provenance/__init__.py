"""Asking the database: what is done, and where a label comes from."""
