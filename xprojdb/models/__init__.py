"""Adapters behind the model stages: finding checkpoints, encoders, word aligners. They do not use the database."""
