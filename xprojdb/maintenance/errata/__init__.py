"""Errata: withdrawing or replacing sentences, files and parts of a corpus, while keeping what the others led to."""
