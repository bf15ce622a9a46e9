"""Maintenance: what can be freed, deleted, checked, mended or moved, with everything that hangs on it."""
