"""Heads on frozen encoders: cached states, training, decoding. Independent of the database."""
