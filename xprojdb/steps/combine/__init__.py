"""Combine: merge the labels that a sentence got from several sources into one set."""
