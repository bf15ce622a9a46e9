"""Results of measurements."""
