"""The failure of an export."""

from __future__ import annotations

from xprojdb.errors import XprojdbError


class ExportError(XprojdbError):
    """A data set cannot be written as asked; what was at the destination before is still there, whole.

    The field ``path`` names the destination.
    """
