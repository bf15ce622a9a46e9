"""Results of training, studies and comparisons with trained taggers."""
