"""Adapters behind the model stages: where checkpoints live, encoders, word aligners. They know no database."""
