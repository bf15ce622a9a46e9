"""Calibration: from margins and scores to probabilities."""
