"""Readers of labels given as character offsets."""
