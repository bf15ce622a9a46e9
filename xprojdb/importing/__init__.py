"""Importing: files become sentences, gold entities and human translations."""
