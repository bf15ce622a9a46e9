"""Putting databases together: the rows of one get the keys that their natural keys have in another."""
