"""A translator as recipes and steps see it: its options, its revisions and how to load it, in one class.

A plug-in of the group ``xprojdb.translators`` is a subclass of :class:`TranslatorPlugin`; its name is the prefix of
its models: ``hf:MODEL`` is an encoder-decoder model from the Hugging Face Hub or a folder, ``ct2:MODEL`` the same model
run by CTranslate2, ``apertium`` the program of that name, ``openai:MODEL`` a model behind an OpenAI-compatible server.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, NamedTuple

from xprojdb import entry_points
from xprojdb.config.fields.prefixed import options_of, plugin_of
from xprojdb.models.servers.chat import Server
from xprojdb.models.translators.translator import Translator
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.translate.params import TranslateParams


@dataclass(frozen=True)
class Placement:
    """Where and how fast a translator runs, which never changes a translation.

    :param device: as for :func:`xprojdb.models.loading.torch_device`.
    :param batch_tokens: sub-words per batch; None to choose by device.
    :param timeout: seconds that Apertium may spend on a batch.
    :param server: the address of an OpenAI-compatible server.
    """

    device: str = "auto"
    batch_tokens: int | None = None
    timeout: float = 300.0
    server: Server = field(default_factory=Server)


class TranslatorPlugin(ABC):
    """A translator.

    A subclass defines a ``name``, a ``Config`` with its options, :meth:`revision` and :meth:`load`; everything else has
    a default.
    """

    name: ClassVar[str]
    Config: ClassVar[type[Any]]
    #: whether a model follows the prefix, and its placeholder in help texts
    named: ClassVar[bool] = True
    metavar: ClassVar[str] = "MODEL"

    @abstractmethod
    def revision(self, model: str, revision: str | None, direction: tuple[str, str] | None) -> str:
        """The exact revision of a model.

        :param model: without the prefix.
        :param revision: the revision it must have.
        :param direction: source and target; None for any.
        :raises ModelError: when it cannot be found, or has another revision.
        """

    @abstractmethod
    def load(self, model: str, options: Any, revision: str | None, placement: Placement) -> Translator:
        """Load the translator.

        :param options: a ``Config``.
        """

    def canonical(self, model: str) -> str:
        """The full name of a model."""
        return model


class _Named(NamedTuple):
    plugin: TranslatorPlugin
    prefix: str
    model: str


def load_translator(
    name: str, options: Mapping[str, Any], revision: str | None = None, placement: Placement | None = None
) -> Translator:
    """Load a translator.

    :param name: the model, with its prefix.
    :param options: the options returned by :func:`translator_options`, or some of them.
    :param revision: the revision the model must have.
    :raises UsageError: when no translator has that name, or an option is unknown or invalid.
    :raises ModelError: when the model or program cannot be found or loaded.
    :raises MissingExtra: when a required package is not installed.
    """
    plugin, _, model = _named(name)
    return plugin.load(model, options_of(plugin, options, "options"), revision, placement or Placement())


def translator_revision(
    name: str, revision: str | None = None, *, source: str | None = None, target: str | None = None
) -> str:
    """The revision of a model: for Apertium a digest of its data, for a served model ``revision`` or ``"served"``.

    :param revision: that it must have.
    :param source, target: the direction, for Apertium; without it, the data of all its directions count.
    :raises ModelError: when it cannot be found, or has another revision.
    """
    plugin, _, model = _named(name)
    return plugin.revision(model, revision, (source, target) if source and target else None)


def translator_options(name: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The options that affect a translation, with defaults for those not given.

    :raises UsageError: when no translator has that name, or an option is unknown or invalid.
    """
    options: dict[str, Any] = asdict(options_of(_named(name).plugin, values or {}, "options"))
    return options


def canonical_name(name: str) -> str:
    """The name of a translator with the full id of its model."""
    plugin, prefix, model = _named(name)
    return f"{prefix}:{plugin.canonical(model)}" if model else prefix


def load_step_translator(spec: StepSpec) -> Translator:
    """Load the translator of a step.

    :raises PluginError: when it is not installed in the version that the step was planned with.
    """
    assert spec.model is not None
    params = TranslateParams.from_params(spec.params)
    entry_points.require("translators", spec.model.partition(":")[0], params.plugin or None)
    return load_translator(spec.model, params.options, spec.revision)


def _named(name: str) -> _Named:
    prefix, _, model = name.partition(":")
    return _Named(plugin_of("translators", name, "model")(), prefix, model)
