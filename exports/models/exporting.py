"""Write a trained model as a folder that ``pipeline("token-classification", folder, trust_remote_code=True)`` loads."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from xprojdb.db import Database
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import export
from xprojdb.digest import canonical_json
from xprojdb.errors import ModelError
from xprojdb.exports.atomic import reporting
from xprojdb.exports.formats.parquet import file_sha256
from xprojdb.exports.manifest import MANIFEST_NAME, Manifest
from xprojdb.exports.models.assembling import Assembled, assemble
from xprojdb.exports.models.card import render_model_card
from xprojdb.exports.models.facts import model_facts
from xprojdb.exports.replaced_folder import CARD_NAME, NewFolder, new_folder
from xprojdb.extras import require
from xprojdb.models.loading import quiet
from xprojdb.planning.trained import find_trained
from xprojdb.steps.spec import StepSpec, find_step
from xprojdb.steps.train.entities import find_entities
from xprojdb.steps.train.items import read_sample
from xprojdb.steps.train.learning import read_head
from xprojdb.steps.train.params import SAMPLE
from xprojdb.steps.train.tuned import states_read
from xprojdb.training.head import Head
from xprojdb.training.states import StatesOf, WordStates

#: sentences of the training set on which the folder and the database must find the same entities
CHECKED = 64
CODE_NAME = "modeling_xprojdb.py"
_CLASSES = {"AutoConfig": "XprojdbConfig", "AutoModelForTokenClassification": "XprojdbForTokenClassification"}


@dataclass(frozen=True)
class ModelExport:
    """A model that was written.

    :param destination: the folder.
    :param digest: of the train step.
    :param files: size in bytes by path.
    :param checked: sentences on which the folder finds the same entities as the database.
    :param scores: how many scores its card has.
    """

    name: str
    destination: str
    digest: str
    files: dict[str, int]
    checked: int
    scores: int


def export_model(database: Database, name: str, path: Path | str) -> ModelExport:
    """Write a model of the database as a folder of Transformers, with a card, replacing an earlier export of one.

    Before it is put in place, the model is run on sentences of its training set: it must find what the database finds.

    :param name: the name of a training recipe, or a digest prefix; with or without ``trained:``.
    :param path: the folder.
    :raises ModelError: when there is no such model, it is not a tagger, its encoder cannot be exported, or the folder
        would tag differently (``differs``).
    :raises ExportError: when the folder was not written by an export, or cannot be written.
    """
    name, path = name.removeprefix("trained:"), Path(path).resolve()
    spec = find_trained(database, name)
    with database.read() as connection:
        key = find_step(connection, spec)
        assert key is not None
        head = read_head(connection, key, spec)
        sentences = _some_sentences(connection, spec)
    states = states_read(spec, head)
    assembled = assemble(head, states)
    _check_same(assembled, head, states, sentences, name)
    with new_folder(path) as folder:
        files = _write_model(assembled, folder.new)
        with database.read() as connection:
            facts = model_facts(
                connection, name, key, spec, checked=len(sentences), longest=assembled.tokenizer.model_max_length
            )
        card = folder.write(CARD_NAME, render_model_card(facts, folder.old_card).encode())
        manifest = _manifest(spec, facts.labels, {**files, **card})
        _write(folder, manifest)
        sizes = {file.name: file.stat().st_size for file in sorted(folder.new.iterdir())}
    _record(database, path, manifest)
    return ModelExport(name, str(path), spec.digest, sizes, len(sentences), len(facts.scores))


def _some_sentences(connection: Connection, spec: StepSpec) -> list[tuple[str, ...]]:
    """Sentences of the training sets, some of each language."""
    samples = [sample for role, sample in sorted(spec.inputs.items()) if role.startswith(SAMPLE)]
    share = max(1, CHECKED // len(samples))
    chosen: list[tuple[str, ...]] = []
    for sample in samples:
        key = find_step(connection, sample)
        assert key is not None, "a step is stored with its inputs"
        chosen += [example.words for example in read_sample(connection, key, sample)[:share]]
    return list(dict.fromkeys(chosen))


def _check_same(
    assembled: Assembled, head: Head, what: StatesOf, sentences: Sequence[tuple[str, ...]], name: str
) -> None:
    ours, theirs = find_entities(head, WordStates(what), sentences), assembled.find_entities(sentences)
    different = [words for words, own, other in zip(sentences, ours, theirs, strict=True) if own != other]
    if different:
        raise ModelError(
            f"as a folder, the model {name} finds other entities in {len(different)} of {len(sentences)} sentences: "
            f"its tokenizer splits words differently there",
            hint="train on another encoder, or use the model in a recipe",
            name=name,
            reason="differs",
            sentence=" ".join(different[0]),
        )


def _write_model(assembled: Assembled, folder: Path) -> dict[str, str]:
    """Write weights, tokenizer, configuration and code; returns SHA-256 by name."""
    from xprojdb.exports.models import modeling_xprojdb

    with reporting(folder), quiet():
        assembled.tokenizer.save_pretrained(folder)
        assembled.model.config.architectures = [type(assembled.model).__name__]
        assembled.model.config.save_pretrained(folder)
        save = require("safetensors.torch", "train").save_model
        save(assembled.model, folder / "model.safetensors", metadata={"format": "pt"})
        shutil.copyfile(modeling_xprojdb.__file__, folder / CODE_NAME)
        _name_code(folder / "config.json")
        return {file.name: file_sha256(file) for file in sorted(folder.iterdir())}


def _name_code(config: Path) -> None:
    """Say in the configuration where the classes are."""
    values: dict[str, Any] = json.loads(config.read_text(encoding="utf-8"))
    values["auto_map"] = {auto: f"{Path(CODE_NAME).stem}.{own}" for auto, own in _CLASSES.items()}
    config.write_text(json.dumps(values, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _manifest(spec: StepSpec, labels: Sequence[str], files: dict[str, str]) -> Manifest:
    return Manifest(spec.digest, {"model": spec.digest}, tuple(labels), {}, {}, files, kind="model")


def _write(folder: NewFolder, manifest: Manifest) -> None:
    folder.write(MANIFEST_NAME, replace(manifest, files=dict(sorted(manifest.files.items()))).to_json())


def _record(database: Database, path: Path, manifest: Manifest) -> None:
    with database.write() as connection:
        run_id = begin_run(connection, "models export")
        values = {
            "run_id": run_id,
            "format": "transformers",
            "destination": str(path),
            "query": canonical_json(manifest.query),
            "recipe_digest": manifest.recipe_digest,
            "counts": canonical_json({}),
            "checksums": canonical_json(dict(manifest.files)),
        }
        connection.execute(insert(export).values(**values))
        end_run(connection, run_id, "done", {"files": len(manifest.files)})
