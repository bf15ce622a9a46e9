"""Evaluation: gold labels and projected labels, their scores, and comparisons."""
