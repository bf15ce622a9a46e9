"""The failure of an export."""

from __future__ import annotations

from xprojdb.errors import XprojdbError


class ExportError(XprojdbError):
    """A data set cannot be written as requested; what was at the destination is still there, unchanged.

    The field ``path`` names the destination.
    """
