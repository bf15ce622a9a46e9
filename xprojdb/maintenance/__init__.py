"""Maintenance: collecting garbage, deleting corpora, checking, repairing, copying and shrinking databases."""
