"""Taggers, one variant per module."""
