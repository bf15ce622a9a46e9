"""Scores of candidates, a kind a module."""
