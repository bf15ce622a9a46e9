"""Several sources for one sentence: votes, the joint match, and how far each source can be trusted."""
