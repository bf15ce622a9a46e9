"""Readers of plain and parallel text."""
