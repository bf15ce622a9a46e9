"""Fit: count or average something over a whole corpus, once."""
