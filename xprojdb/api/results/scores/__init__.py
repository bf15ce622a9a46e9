"""Results that measure."""
