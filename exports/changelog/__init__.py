"""What changed between two exports of a data set, for its users."""
