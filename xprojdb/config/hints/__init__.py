"""Hints for invalid recipes: the nearest key, and renamed keys."""
