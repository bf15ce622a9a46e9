"""The stages, a module each: import, align, score, project. Each joins models or matching to the tables."""
