"""Recipe tables with variants: one key names a plug-in, whose ``Config`` defines the other keys.

A ``Config`` is a frozen dataclass, so stages can use it without the validation library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self, get_type_hints

from xprojdb import entry_points
from xprojdb.config.canonical import ALIGNERS, SCORERS
from xprojdb.config.errors import RecipeError
from xprojdb.entry_points import Group, PluginError

if TYPE_CHECKING:
    from pydantic import BaseModel

#: validation models, created once per class
_MODELS: dict[type[Any], type[BaseModel]] = {}
_OLD_NAMES = {"aligners": ALIGNERS, "scorers": SCORERS}


@dataclass(frozen=True, kw_only=True)
class VariantConfig:
    """The base of every ``Config``; annotations of fields may have constraints from ``annotated_types``."""

    #: the group of the plug-ins, the key that names one of them, and its default
    group: ClassVar[Group]
    key: ClassVar[str]
    default: ClassVar[str | None] = None
    #: the plug-in that this class belongs to
    variant: ClassVar[str] = ""

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values, including defaults."""
        own = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        return {self.key: self.variant, **own}

    def changes(self) -> dict[str, Any]:
        """The keys that differ from the defaults."""
        default = self.default if self.default == self.variant else None
        changed = {} if default else {self.key: self.variant}
        for field in fields(self):
            value = getattr(self, field.name)
            default_value = field.default_factory() if field.default_factory is not MISSING else field.default
            if value != default_value:
                changed[field.name] = _changes(value)
        return changed

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            cls._validated, serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> Any:
        # Tables may be nested in tables of their own kind, so xprojdb.config.schema puts a reference here.
        return {"variants": cls.group}

    @classmethod
    def _validated(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            raise RecipeError("{key} cannot be " + repr(value), hint="it should be a table")
        return cls.from_table(value)

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Build the ``Config`` of the variant that a table names.

        :raises RecipeError: when there is no such variant, or it lacks a key of the table.
        """
        keys = dict(table)
        config: Self = build(cls._plugin(keys.pop(cls.key, cls.default)).Config, keys)
        return config

    @classmethod
    def _plugin(cls, name: Any) -> Any:
        if not isinstance(name, str):
            names = ", ".join(entry_points.plugins(cls.group))
            raise RecipeError("{key} cannot be " + repr(name), hint=f"it must be one of {names}", key=cls.key)
        try:
            return entry_points.load(cls.group, name)
        except PluginError as error:
            hint, nearest = _renamed(cls.group, name) or error.hint, _nearest(error, cls.group, name)
            raise RecipeError(error.message, hint=hint, key=cls.key, nearest=nearest, name=name) from error


def build(config: type[Any], table: Mapping[str, Any]) -> Any:
    """Validate the keys of a table and build its ``Config``; nothing is converted silently.

    :raises RecipeError: for an unknown key or an invalid value.
    """
    from pydantic import ValidationError

    from xprojdb.config.hints.explain import explained

    model = model_of(config)
    try:
        values = model.model_validate(dict(table))
    except ValidationError as error:
        raise explained(error, model, config) from None
    return config(**{name: getattr(values, name) for name in model.model_fields})


def model_of(config: type[Any]) -> type[BaseModel]:
    """The model that validates the keys of a ``Config``."""
    if config not in _MODELS:
        _MODELS[config] = _model(config)
    return _MODELS[config]


def _model(config: type[Any]) -> type[BaseModel]:
    from pydantic import create_model

    from xprojdb.config.base import Settings
    from xprojdb.config.docs import param_docs

    hints, docs = get_type_hints(config, include_extras=True), param_docs(config)
    model_fields: dict[str, Any] = {
        field.name: (hints[field.name], _field(field, docs.get(field.name))) for field in fields(config)
    }
    return create_model(
        config.__qualname__.replace(".", ""), __base__=Settings, __module__=config.__module__, **model_fields
    )


def _field(own: Field[Any], description: str | None) -> Any:
    from pydantic import Field as PydanticField

    if own.default_factory is not MISSING:
        return PydanticField(default_factory=own.default_factory, description=description)
    default = ... if own.default is MISSING else own.default
    return PydanticField(default=default, description=description)


def owners(config: type[VariantConfig], key: str) -> Iterator[str]:
    """The variants of the same group that have a key."""
    for name, plugin in entry_points.loaded(config.group):
        if key in {field.name for field in fields(plugin.Config)}:
            yield name


def _renamed(group: Group, name: str) -> str | None:
    current = {old: new for new, old in _OLD_NAMES.get(group, {}).items()}
    return f"it is now called {current[name]}" if name in current else None


def _nearest(error: PluginError, group: Group, name: str) -> str | None:
    current = {old: new for new, old in _OLD_NAMES.get(group, {}).items()}
    nearest: str | None = current.get(name, error.fields.get("nearest"))
    return nearest


def _changes(value: Any) -> Any:
    if isinstance(value, VariantConfig):
        return value.changes()
    return tuple(map(_changes, value)) if isinstance(value, tuple) else value


def _plain(value: Any) -> Any:
    if isinstance(value, VariantConfig):
        return value.to_dict()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return value if not hasattr(value, "__dataclass_fields__") else asdict(value)
