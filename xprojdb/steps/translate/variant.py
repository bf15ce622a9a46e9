"""What a translator is to recipes and steps: its options, its revisions and its loading, in one class.

A plug-in of the group ``xprojdb.translators`` is a subclass of :class:`TranslatorPlugin`; its name is the prefix of
models: ``hf:MODEL`` is an encoder-decoder of the Hugging Face hub or of a folder, ``ct2:MODEL`` the same one run by
CTranslate2, ``apertium`` the program of that name, ``openai:MODEL`` a model behind an OpenAI-compatible server.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from xprojdb import entry_points
from xprojdb.config.fields.prefixed import options_of, plugin_of
from xprojdb.models.translators.chat import Server
from xprojdb.models.translators.translator import Translator
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.translate.params import TranslateParams

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Placement:
    """Where and how fast a translator runs: nothing of it changes a translation.

    :param device: as for :func:`xprojdb.models.loading.torch_device`.
    :param batch_tokens: sub-words per batch; None: by device.
    :param timeout: seconds that Apertium may take for a batch.
    :param server: where an OpenAI-compatible server is.
    """

    device: str = "auto"
    batch_tokens: int | None = None
    timeout: float = 300.0
    server: Server = field(default_factory=Server)


class TranslatorPlugin(ABC):
    """A translator.

    A subclass has a ``name``, a ``Config`` with its options, :meth:`revision` and :meth:`load`; the rest has defaults.
    """

    name: ClassVar[str]
    Config: ClassVar[type[Any]]
    #: whether a model follows the prefix, and what to call it
    named: ClassVar[bool] = True
    metavar: ClassVar[str] = "MODEL"

    @abstractmethod
    def revision(self, model: str, revision: str | None, direction: tuple[str, str] | None) -> str:
        """The exact revision of a model.

        :param model: without the prefix.
        :param revision: that it must have.
        :param direction: source and target; None: any.
        :raises ModelError: when it cannot be found, or has another revision.
        """

    @abstractmethod
    def load(self, model: str, options: Any, revision: str | None, placement: Placement) -> Translator:
        """What translates.

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
    """Make a translator ready.

    :param name: with its prefix.
    :param options: what :func:`translator_options` gave, or some of it.
    :param revision: that the model must have.
    :raises UsageError: when nothing is called so, or an option is unknown or impossible.
    :raises ModelError: when the model or program cannot be found or loaded.
    :raises MissingExtra: when a package that it needs is not installed.
    """
    plugin, _, model = _named(name)
    return plugin.load(model, options_of(plugin, options, "options"), revision, placement or Placement())


def translator_revision(
    name: str, revision: str | None = None, *, source: str | None = None, target: str | None = None
) -> str:
    """The revision of a model: of Apertium, a digest of its data; of a served one, ``revision`` or ``"served"``.

    :param revision: that it must have.
    :param source, target: the direction, for Apertium: without it, the data of all of its directions count.
    :raises ModelError: when it cannot be found, or has another revision.
    """
    plugin, _, model = _named(name)
    return plugin.revision(model, revision, (source, target) if source and target else None)


def translator_options(name: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The options that change a translation: those given, and defaults for the others.

    :raises UsageError: when nothing is called so, or an option is unknown or impossible.
    """
    options: dict[str, Any] = asdict(options_of(_named(name).plugin, values or {}, "options"))
    return options


def canonical_name(name: str) -> str:
    """A translator's name with the full id of its model."""
    plugin, prefix, model = _named(name)
    return f"{prefix}:{plugin.canonical(model)}" if model else prefix


def load_step_translator(spec: StepSpec) -> Translator:
    """The translator of a step.

    :raises PluginError: when it is not installed in the version that the step was planned with.
    """
    assert spec.model is not None
    params = TranslateParams.from_params(spec.params)
    entry_points.require("translators", spec.model.partition(":")[0], params.plugin or None)
    return load_translator(spec.model, params.options, spec.revision)


def _named(name: str) -> _Named:
    prefix, _, model = name.partition(":")
    return _Named(plugin_of("translators", name, "model")(), prefix, model)
