"""What an aligner is to recipes and steps: its keys, its step, its loading and its title, in one class.

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
#: keys of a table that a step has elsewhere, or in another form
_NO_PARAMS = {"model", "revision", "segment"}


@dataclass(frozen=True, kw_only=True)
class AlignParams(StepParams):
    """What the parameters of all align steps may have.

    :param segment: a segmenter and a language for each side whose units are smaller than words.
    """

    kind: ClassVar[str] = KIND
    segment: Any = left_out(None)


class AlignerPlugin(ABC):
    """A word aligner.

    A subclass has a ``name``, a ``Config`` with its keys, and :meth:`load`; the rest has defaults.
    """

    name: ClassVar[str]
    Config: ClassVar[type[AlignerConfig]]
    #: whether it is given words, put together from units where a language has smaller ones
    of_words: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.Config.variant = cls.name

    def spec(self, config: Any) -> StepSpec:
        """The step that aligns, for any languages. By default its parameters are the keys of the table.

        :raises ModelError: when its model cannot be found.
        """
        keys = {own.name: plain(getattr(config, own.name)) for own in fields(config) if own.name not in _NO_PARAMS}
        return StepSpec(KIND, VERSION, {"aligner": self.name, **keys})

    def for_languages(self, spec: StepSpec, pair: Bitext) -> StepSpec:  # noqa: ARG002 -- most need not know
        """The step for a pair of languages: with what it has to know, or to learn first."""
        return spec

    @abstractmethod
    def load(self, spec: StepSpec) -> Any:
        """What aligns: see :class:`xprojdb.models.aligners.encoder.Aligner`."""

    def stage(self, spec: StepSpec) -> Stage:
        """The stage that runs the step; by default it aligns with what :meth:`load` returns."""
        from xprojdb.steps.align.stage import Align

        return Align(spec, lambda: load_aligner(spec))

    def title(self, spec: StepSpec) -> str:  # noqa: ARG002
        """What the step aligns with, in a few words for people."""
        return f"with {self.name}"

    def keeps_weak_links(self, config: Any) -> bool:  # noqa: ARG002
        """Whether every link is kept that has some probability, so that a method without scores must leave some out."""
        return False

    def config(self, spec: StepSpec) -> Any:
        """The keys of the table, as the default of :meth:`spec` put them into a step."""
        known = {own.name for own in fields(self.Config)}
        return self.Config(**{name: value for name, value in spec.params.items() if name in known - _NO_PARAMS})


def aligner_name(spec: StepSpec) -> str:
    """The plug-in of an align step."""
    name: str = current_value(KIND, "aligner", spec.params.get("aligner", "encoder"))
    return name


def stored_name(name: str) -> str:
    """What stored steps call an aligner."""
    stored: str = stored_value(KIND, "aligner", name)
    return stored


def aligner(name: str) -> AlignerPlugin:
    """A plug-in by its name.

    :raises PluginError: when there is none.
    """
    plugin: AlignerPlugin = entry_points.load("aligners", name)()
    return plugin


def aligner_of(spec: StepSpec) -> AlignerPlugin:
    """The plug-in of an align step.

    :raises PluginError: when it is not installed in the version that the step was planned with.
    """
    plugin: AlignerPlugin = entry_points.require("aligners", aligner_name(spec), spec.params.get("plugin"))()
    return plugin


def planned(config: AlignerConfig) -> StepSpec:
    """The step that a table stands for, for any languages."""
    spec = aligner(config.variant).spec(config)
    params = dict(spec.params)
    if distribution := entry_points.find("aligners", config.variant).distribution:
        params["plugin"] = distribution
    if not getattr(config, "segment", True):
        params["segment"] = False
    return replace(spec, params=params)


def load_aligner(spec: StepSpec, name: str | None = None) -> Any:
    """The aligner of a step; where its sentences are in smaller units than words, one that is told words.

    :param name: of the plug-in, for a step that learns something for an aligner.
    """
    plugin = aligner_of(spec) if name is None else aligner(name)
    sides: Mapping[str, Any] = spec.params.get("segment") or {}
    if not sides:
        return plugin.load(spec)
    from xprojdb.models.aligners.segmented import UnitAligner

    return UnitAligner(plugin.load(spec), *(sides.get(side, {}).get("lang") for side in ("original", "rendering")))


def aligner_title(spec: StepSpec) -> str:
    """What an align step aligns with, in a few words for people; also where its plug-in is not installed."""
    try:
        return aligner_of(spec).title(spec)
    except PluginError:
        return f"with {aligner_name(spec)} of {spec.params.get('plugin', 'another version')}"


def align_stage(spec: StepSpec) -> Stage:
    """The stage of an align step; one whose plug-in is not installed can be shown, and refuses to run."""
    from xprojdb.steps.align.stage import Align

    try:
        return aligner_of(spec).stage(spec)
    except PluginError:
        return Align(spec, lambda: load_aligner(spec))
