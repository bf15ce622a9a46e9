"""An aligner as recipes and steps see it: its keys, its step, how to load it and its title, in one class.

A plug-in of the group ``xprojdb.aligners`` is a subclass of :class:`AlignerPlugin`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

from xprojdb import entry_points
from xprojdb.config.canonical import current_value, stored_value
from xprojdb.config.tables.align import AlignerConfig
from xprojdb.entry_points import PluginError
from xprojdb.steps.params import StepParams, left_out, plain
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, Stage

KIND = "align"
VERSION = 1
#: keys of a table that a step stores elsewhere, or in another form
_NO_PARAMS = {"model", "revision", "segment"}


@dataclass(frozen=True, kw_only=True)
class AlignParams(StepParams):
    """Parameters that every align step may have.

    :param segment: the segmenter and language of each side that is written without spaces.
    """

    kind: ClassVar[str] = KIND
    segment: Any = left_out(None)


class AlignerPlugin(ABC):
    """A word aligner.

    A subclass defines a ``name``, a ``Config`` with its keys, and :meth:`load`; everything else has a default.
    """

    name: ClassVar[str]
    Config: ClassVar[type[AlignerConfig]]
    #: whether it aligns words, segmented first in languages written without spaces
    of_words: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.Config.variant = cls.name

    def spec(self, config: Any) -> StepSpec:
        """The align step before it is bound to languages. By default its parameters are the keys of the table.

        :raises ModelError: when its model cannot be found.
        """
        keys = {own.name: plain(getattr(config, own.name)) for own in fields(config) if own.name not in _NO_PARAMS}
        return StepSpec(KIND, VERSION, {"aligner": self.name, **keys})

    def for_languages(self, spec: StepSpec, pair: Bitext) -> StepSpec:  # noqa: ARG002 -- most need not know
        """Bind the step to two languages: add what it must know about them, or learn first."""
        return spec

    @abstractmethod
    def load(self, spec: StepSpec) -> Any:
        """Load the aligner, an :class:`xprojdb.models.aligners.encoder.Aligner`."""

    def stage(self, spec: StepSpec) -> Stage:
        """The stage that runs the step; by default it aligns with whatever :meth:`load` returns."""
        from xprojdb.steps.align.stage import Align

        return Align(spec, lambda: load_aligner(spec))

    def title(self, spec: StepSpec) -> str:  # noqa: ARG002
        """A few words for people: what the step aligns with."""
        return f"with {self.name}"

    def keeps_weak_links(self, config: Any) -> bool:  # noqa: ARG002
        """Whether weak links are kept as well, so that methods that ignore scores must filter them."""
        return False

    def config(self, spec: StepSpec) -> Any:
        """The configuration that the default :meth:`spec` stored in a step."""
        names = {own.name for own in fields(self.Config)}
        return self.Config(**{name: value for name, value in spec.params.items() if name in names - _NO_PARAMS})


def aligner_name(spec: StepSpec) -> str:
    """The name of the plug-in behind an align step."""
    name: str = current_value(KIND, "aligner", spec.params.get("aligner", "encoder"))
    return name


def stored_name(name: str) -> str:
    """The name of an aligner in stored steps."""
    stored: str = stored_value(KIND, "aligner", name)
    return stored


def aligner(name: str) -> AlignerPlugin:
    """Load an aligner plug-in by name.

    :raises PluginError: when no plug-in has that name.
    """
    plugin: AlignerPlugin = entry_points.load("aligners", name)()
    return plugin


def aligner_of(spec: StepSpec) -> AlignerPlugin:
    """The plug-in behind an align step.

    :raises PluginError: when it is not installed in the version that the step was planned with.
    """
    plugin: AlignerPlugin = entry_points.require("aligners", aligner_name(spec), spec.params.get("plugin"))()
    return plugin


def planned(config: AlignerConfig) -> StepSpec:
    """The step for an ``[align]`` table before it is bound to languages."""
    spec = aligner(config.variant).spec(config)
    params = dict(spec.params)
    if distribution := entry_points.find("aligners", config.variant).distribution:
        params["plugin"] = distribution
    if not getattr(config, "segment", True):
        params["segment"] = False
    return replace(spec, params=params)


def load_aligner(spec: StepSpec, name: str | None = None) -> Any:
    """Load the aligner of a step, wrapped to see words where a language is written without spaces.

    :param name: the plug-in to load, for a fit step that learns something for an aligner.
    """
    plugin = aligner_of(spec) if name is None else aligner(name)
    sides: Mapping[str, Any] = spec.params.get("segment") or {}
    if not sides:
        return plugin.load(spec)
    from xprojdb.models.aligners.segmented import UnitAligner

    return UnitAligner(plugin.load(spec), *(sides.get(side, {}).get("lang") for side in ("original", "rendering")))


def aligner_title(spec: StepSpec) -> str:
    """A few words for people: what an align step aligns with, even if its plug-in is not installed."""
    try:
        return aligner_of(spec).title(spec)
    except PluginError:
        return f"with {aligner_name(spec)} of {spec.params.get('plugin', 'another version')}"


def align_stage(spec: StepSpec) -> Stage:
    """The stage of an align step. Without its plug-in it can be shown, but refuses to run."""
    from xprojdb.steps.align.stage import Align

    try:
        return aligner_of(spec).stage(spec)
    except PluginError:
        return Align(spec, lambda: load_aligner(spec))
