"""The stages, one folder each. A stage connects models or matching to the tables."""
