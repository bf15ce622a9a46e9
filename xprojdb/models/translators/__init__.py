"""Translators, one variant per module."""
