"""Readers of files with a word a line."""
