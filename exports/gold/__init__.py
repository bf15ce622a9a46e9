"""Export labels made by people: as a split of their own beside projected labels, or in place of them."""
