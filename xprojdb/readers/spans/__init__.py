"""Readers of labels as character offsets."""
