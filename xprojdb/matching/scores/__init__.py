"""Scores of candidates, one kind per module."""
