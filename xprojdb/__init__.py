"""Build named-entity data sets by projection, in a database that remembers where every label came from."""

from xprojdb.errors import XprojdbError

__all__ = ["XprojdbError", "__version__"]
__version__ = "0.1.0"
