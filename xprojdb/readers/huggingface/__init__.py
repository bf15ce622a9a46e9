"""Readers of Hugging Face data sets."""
