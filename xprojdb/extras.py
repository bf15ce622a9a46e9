"""Import optional dependencies in one place, so that the error for a missing one names the extra to install."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from types import ModuleType

from xprojdb.errors import MissingExtra


def is_installed(module: str) -> bool:
    """Whether an optional module can be imported; does not load it."""
    return find_spec(module) is not None


def require(module: str, extra: str) -> ModuleType:
    """Import an optional module on first use.

    :param module: its dotted name, such as ``"torch"``.
    :param extra: the extra of this package that installs it, such as ``"models"``.
    :returns: the imported module.
    :raises MissingExtra: when it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or module.split(".")[0] != error.name.split(".")[0]:
            raise
        raise MissingExtra(
            f"{module} is needed for this and is not installed",
            hint=f"pip install 'xprojdb[{extra}]'",
            module=module,
            extra=extra,
        ) from error
