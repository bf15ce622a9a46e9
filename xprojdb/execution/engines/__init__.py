"""Engines: where batches are computed."""
