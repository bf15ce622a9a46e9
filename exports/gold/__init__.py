"""Labels that people made, exported as such: a split of gold beside projected ones, or in place of them."""
