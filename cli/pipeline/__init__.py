"""Commands that run recipes."""
