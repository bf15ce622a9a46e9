"""Translators, a variant a module."""
