"""Import sentence pairs: XNLI, AfriXNLI, AmericasNLI, myXNLI and what looks like them."""
