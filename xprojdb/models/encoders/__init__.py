"""Encoders: contextual vectors of words."""
