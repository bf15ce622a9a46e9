"""The formats of an export, one a module."""
