"""Encoders: words in, contextual vectors out."""
