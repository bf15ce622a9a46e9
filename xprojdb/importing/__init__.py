"""Importing: turning files into sentences, gold entities and human translations."""
