"""Engines compute batches."""
