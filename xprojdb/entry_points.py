"""Plug-ins by name: aligners, taggers and so on, ours and those of others, are entry points of distributions.

Nothing is imported before it is requested by name.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from xprojdb.errors import UsageError

Group = Literal["aligners", "taggers", "translators", "scorers", "readers", "exporters", "commands"]
#: the distribution whose plug-ins are not recorded in stored steps
_OWN = "xprojdb"


class PluginError(UsageError):
    """A plug-in is not installed, cannot be loaded, or shares its name with another.

    Fields ``group``, ``name``, ``nearest`` (for an unknown name) and ``distributions`` (for a duplicate name).
    """


@dataclass(frozen=True)
class Plugin:
    """A plug-in, declared by an entry point.

    :param points: the entry points with this name; more than one is a conflict.
    """

    group: Group
    name: str
    points: tuple[EntryPoint, ...]

    # Kept, since it parses the metadata of an installed package.
    @cached_property
    def distribution(self) -> str | None:
        """``NAME==VERSION`` of the distribution it belongs to; None for this package."""
        dist = self.points[0].dist
        return None if dist is None or dist.name == _OWN else f"{dist.name}=={dist.version}"

    def load(self) -> Any:
        """Import the plug-in.

        :raises PluginError: when two distributions use the name, or the import fails.
        """
        if len(self.points) > 1:
            raise self._clash()
        try:
            return self.points[0].load()
        except (ImportError, AttributeError) as error:
            raise PluginError(
                f"the {_noun(self.group)} {self.name!r} of {self.distribution or _OWN} cannot be loaded: {error}",
                hint=f"install {self.distribution or _OWN} again, or uninstall it",
                group=self.group,
                name=self.name,
            ) from error

    def _clash(self) -> PluginError:
        names = tuple(f"{point.dist.name}=={point.dist.version}" if point.dist else "?" for point in self.points)
        return PluginError(
            f"{' and '.join(names)} both have a {_noun(self.group)} called {self.name!r}",
            hint="uninstall one of them",
            group=self.group,
            name=self.name,
            distributions=names,
        )


@cache
def plugins(group: Group) -> Mapping[str, Plugin]:
    """The plug-ins of a group by name, in alphabetical order, without importing them."""
    points: dict[str, dict[str, EntryPoint]] = {}
    for point in entry_points(group=f"xprojdb.{group}"):
        own = point.dist.name if point.dist else point.value
        points.setdefault(point.name, {})[own] = point
    return {name: Plugin(group, name, tuple(distributions.values())) for name, distributions in sorted(points.items())}


@cache
def load(group: Group, name: str) -> Any:
    """Import a plug-in by name.

    :raises PluginError: when no plug-in has that name, two have it, or it cannot be imported.
    """
    return find(group, name).load()


def loaded(group: Group) -> Iterator[tuple[str, Any]]:
    """All plug-ins of a group that can be imported, with their names; a warning reports those that cannot."""
    for name, plugin in plugins(group).items():
        try:
            yield name, plugin.load()
        except PluginError as error:
            # A broken plug-in must not stop the others.
            warnings.warn(f"{error.message}; {error.hint}", RuntimeWarning, stacklevel=2)


def find(group: Group, name: str) -> Plugin:
    """Find a plug-in by name.

    :raises PluginError: when no plug-in has that name; the field ``nearest`` is the closest name.
    """
    installed = plugins(group)
    if name in installed:
        return installed[name]
    nearest = next(iter(difflib.get_close_matches(name, installed, n=1)), None)
    if not installed:
        hint = "this installation of xprojdb is incomplete; pip install it again"
    elif nearest:
        hint = f"did you mean {nearest}?"
    else:
        hint = f"there are {', '.join(installed)}; other packages may provide more"
    raise PluginError(
        f"there is no {_noun(group)} {name!r}",
        hint=hint,
        group=group,
        name=name,
        nearest=nearest,
        known=tuple(installed),
    )


def require(group: Group, name: str, distribution: str | None) -> Any:
    """Import the plug-in that a stored step was planned with.

    :param distribution: ``NAME==VERSION``, or None for this package.
    :raises PluginError: when it is not installed, or installed in another version.
    """
    plugin = plugins(group).get(name)
    if plugin is not None and plugin.distribution == distribution:
        return load(group, name)
    if distribution is None:
        return load(group, name)
    installed = plugin.distribution if plugin else None
    raise PluginError(
        f"the {_noun(group)} {name!r} of {distribution} is not installed"
        + (f"; {installed or _OWN} is" if plugin else ""),
        hint=f"pip install '{distribution}'"
        + (", or run the recipe again with the installed version" if plugin else ""),
        group=group,
        name=name,
        distribution=distribution,
    )


def _noun(group: Group) -> str:
    return group.removesuffix("s")
