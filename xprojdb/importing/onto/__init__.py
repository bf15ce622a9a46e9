"""Data for stored sentences that come later: labels, predictions and translations, matched by id, words or line."""
