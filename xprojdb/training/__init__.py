"""Heads on frozen encoders: cached states, training, decoding. Knows no database."""
