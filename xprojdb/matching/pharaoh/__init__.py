"""Pharaoh alignments, read and written a batch at a time."""
