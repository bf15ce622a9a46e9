"""Asking the database where a label comes from, and other questions."""
