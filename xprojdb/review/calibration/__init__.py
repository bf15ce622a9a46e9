"""Calibration: converting margins and scores to probabilities."""
