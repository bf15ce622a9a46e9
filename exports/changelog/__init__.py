"""What changed between two exports of a data set, for those who read it."""
