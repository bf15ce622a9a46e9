"""Completion in a shell: what to offer for names and ids, and the command that installs it."""
