"""Solvers: choose spans from scored candidates."""
