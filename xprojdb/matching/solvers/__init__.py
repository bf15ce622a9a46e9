"""Solvers: candidates with scores in, the chosen spans out."""
