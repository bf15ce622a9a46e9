"""Several sources for one sentence: votes, the joint match, and the reliability of each source."""
