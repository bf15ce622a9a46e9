"""Hints for recipes that cannot be read: the nearest key, and keys of old."""
