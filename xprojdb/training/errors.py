"""What can go wrong while a head is trained or read."""

from __future__ import annotations

from xprojdb.errors import ModelError, XprojdbError


class TrainingError(XprojdbError):
    """A training that cannot be carried out; fields ``reason`` (a code) and what it is about."""


class DamagedModel(ModelError):
    """Weights that are not what was stored, or not a head of this encoder; field ``reason`` (a code)."""
