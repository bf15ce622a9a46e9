"""Combining: the labels that a sentence has from several sources become one set."""
