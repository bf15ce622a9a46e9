"""Taggers, a variant a module."""
