"""Readers of files with one word per line."""
