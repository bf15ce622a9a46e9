"""What comes later, onto stored sentences: labels, predictions and translations, found by id, by words or by line."""
