"""Learning: what is counted or averaged over a whole corpus, once."""
