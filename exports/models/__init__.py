"""Trained models as folders of Transformers."""
