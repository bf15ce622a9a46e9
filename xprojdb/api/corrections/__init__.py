"""Database methods for data that come later, for stored sentences: labels, predictions, translations, errata."""
