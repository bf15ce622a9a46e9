"""Errors of training and loading heads."""

from __future__ import annotations

from xprojdb.errors import ModelError, XprojdbError


class TrainingError(XprojdbError):
    """A head cannot be trained; field ``reason`` (a code), and fields with the details."""


class DamagedModel(ModelError):
    """Weights differ from those stored, or do not belong to this encoder; field ``reason`` (a code)."""
