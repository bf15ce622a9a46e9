"""Errata: sentences, files and parts of a corpus that are withdrawn or replaced; what was made of the others stays."""
