"""Scoring: candidates and one scorer's value for each of them."""
