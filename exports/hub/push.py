"""Publish a data set or a model: one commit with what has changed, and a record of it in the database."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, select

from xprojdb.config.tables.export import ExportTable
from xprojdb.db import Database
from xprojdb.db.runs import RecipeRecord, begin_run, end_run
from xprojdb.db.tables import export
from xprojdb.digest import canonical_json
from xprojdb.exports.api import ExportOptions, export_dataset
from xprojdb.exports.ground import check_referenced
from xprojdb.exports.hub.difference import FolderDifference, LocalFile, RemoteFile, difference
from xprojdb.exports.hub.folder import files_to_publish
from xprojdb.exports.hub.names import address_of, repository_name
from xprojdb.exports.hub.repository import Published, Repository
from xprojdb.exports.manifest import Manifest, read_manifest
from xprojdb.exports.replaced_folder import CARD_NAME
from xprojdb.exports.selection.references import References
from xprojdb.hub import HubError, RepositoryMissing
from xprojdb.planning.planner import Plan

_FRONT_MATTER = re.compile(r"\A---\n.*?^---\n", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PushReport:
    """What a push did, or would do.

    :param destination: ``hf://datasets/USER/NAME``, or ``hf://USER/NAME`` of a model.
    :param revision: the commit that now holds the files; None if a dry run would create it.
    :param created: whether the repository is new.
    :param sent_bytes: total size of the files whose content the Hub did not have.
    :param added, changed, removed, unchanged: sizes in bytes by path.
    """

    destination: str
    revision: str | None
    dry_run: bool
    created: bool
    sent_bytes: int
    added: dict[str, int]
    changed: dict[str, int]
    removed: dict[str, int]
    unchanged: dict[str, int]


def push_folder(
    database: Database,
    folder: Path,
    repo: str,
    *,
    private: bool = False,
    dry_run: bool = False,
    recipe: RecipeRecord | None = None,
) -> PushReport:
    """Publish an exported folder in one commit; do nothing if the Hub already holds the same.

    The folder was written by ``xprojdb export hf``, or by ``xprojdb models export``, which makes it a model's.

    Files with the same content are not uploaded; files of an earlier export that are no longer exported are removed;
    any other file on the Hub stays. Readers of the repository see either the old or the new state.

    :param database: where the commit is recorded, in the table "export".
    :param repo: ``USER/NAME``; created if it does not exist.
    :param private: make a new repository private.
    :param dry_run: only report what would change.
    :param recipe: the recipe that produced the folder, for the record of the run.
    :raises UsageError: when the name is not valid.
    :raises ExportError: when the folder is not a complete export.
    :raises PublishedMeanwhile: when somebody else has published meanwhile; then nothing of ours is visible.
    :raises TokenRefused: when there is no token or it does not allow writing.
    :raises HubError: when the repository is public but should be private, contains files of other origin that would be
        overwritten, or the Hub cannot be reached.
    """
    repository = Repository(repository_name(repo), read_manifest(folder).kind)
    if not dry_run:
        repository.need_token()
    published = repository.look()
    manifest, files = files_to_publish(folder, published)
    if published is not None:
        _check_privacy(repository.name, published, private)
    changes = _changes(repository.name, files, published)
    created = published is None
    if dry_run:
        revision = published.revision if published is not None and changes.empty else None
        return _report(repository, revision, changes, dry_run=True, created=created)
    if published is None:
        repository.create(private)
        published = _look_again(repository)
        changes = _changes(repository.name, files, published)
    revision = published.revision
    if not changes.empty:
        made_by = "Step" if manifest.kind == "model" else "Recipe"
        revision = repository.commit(changes, revision, _title(manifest), f"{made_by} {manifest.recipe_digest}")
    _record(database, recipe, address_of(repository.name, repository.kind), revision, manifest)
    return _report(repository, revision, changes, dry_run=False, created=created)


def push_recipe(
    database: Database,
    plan: Plan,
    repo: str,
    *,
    targets: Sequence[str] = (),
    source: str | None = None,
    table: ExportTable | None = None,
    references: References | None = None,
    private: bool = False,
    dry_run: bool = False,
) -> PushReport:
    """Export what a recipe projected into a temporary folder and publish it.

    :param targets: see :func:`xprojdb.exports.api.export_dataset`, as ``source``, ``table`` and
        ``references``.
    :raises UsageError: when no data set can be called so, or there is nothing to export.
    :raises HubError: see :func:`push_folder`.
    :raises GroundMoved: when a step was deleted before anything was published.
    """
    name = repository_name(repo)
    if not dry_run:
        Repository(name).need_token()
    with tempfile.TemporaryDirectory(prefix="xprojdb-push-") as scratch:
        folder = Path(scratch) / "data"
        asked = ExportOptions(targets=targets, source=source, table=table, references=references)
        export_dataset(database, plan, folder, record=False, **asked)
        with database.read() as connection:
            check_referenced(connection, plan, "nothing was published; run the recipe again, then push")
        return push_folder(database, folder, name, private=private, dry_run=dry_run, recipe=plan.recipe)


def _look_again(repository: Repository) -> Published:
    published = repository.look()
    if published is None:
        hint = "check that the token allows reading it"
        raise RepositoryMissing(f"{repository.name} is not visible on the Hub", hint=hint, repo=repository.name)
    return published


def _check_privacy(name: str, published: Published, private: bool) -> None:
    if private and not published.private:
        hint = "first make it private in its settings on the Hub, or push without --private"
        raise HubError(f"{name} exists and is public", hint=hint, repo=name)


def _changes(name: str, files: Sequence[LocalFile], published: Published | None) -> FolderDifference:
    if published is None:
        return difference(files, {}, ())
    changes = difference(files, published.files, published.ours)
    foreign = [file.path for file in changes.changed if file.path not in published.ours]
    if foreign and not _written_by_the_hub(published, foreign):
        raise HubError(
            f"{name} holds files that xprojdb did not write and would overwrite: {', '.join(foreign)}",
            hint="push to a new name, or remove these files on the Hub first",
            repo=name,
            files=foreign,
        )
    return changes


def _written_by_the_hub(published: Published, foreign: Iterable[str]) -> bool:
    """Whether the only such file is the card that the Hub's pages create with a repository: front matter only."""
    return set(foreign) == {CARD_NAME} and not _FRONT_MATTER.sub("", published.card or "", count=1).strip()


def _title(manifest: Manifest) -> str:
    if manifest.kind == "model":
        return f"Tagger of {', '.join(manifest.labels)}, exported by xprojdb"
    configs = [name for name in manifest.configs if name != "default"]
    languages = f" in {', '.join(configs)}" if configs else ""
    return f"{manifest.sentences:,} sentences{languages}, exported by xprojdb"


def _record(
    database: Database, recipe: RecipeRecord | None, destination: str, revision: str, manifest: Manifest
) -> None:
    """Record a commit once; if a push was interrupted after its commit, the next one records it."""
    with database.write() as connection:
        if _recorded(connection, destination, revision):
            return
        counts = {
            f"{config}/{split}": summary.sentences
            for config, splits in manifest.configs.items()
            for split, summary in splits.items()
        }
        run_id = begin_run(connection, "push", recipe)
        values = {
            "run_id": run_id,
            "format": "transformers" if manifest.kind == "model" else "huggingface",
            "destination": destination,
            "query": canonical_json(manifest.query),
            "recipe_digest": manifest.recipe_digest,
            "counts": canonical_json(counts),
            "checksums": canonical_json(dict(manifest.files)),
            "revision": revision,
        }
        connection.execute(insert(export).values(**values))
        end_run(connection, run_id, "done", {"sentences": manifest.sentences})


def _recorded(connection: Connection, destination: str, revision: str) -> bool:
    query = select(export.c.id).where(export.c.destination == destination, export.c.revision == revision)
    return connection.execute(query).first() is not None


def _report(
    repository: Repository, revision: str | None, changes: FolderDifference, *, dry_run: bool, created: bool
) -> PushReport:
    return PushReport(
        address_of(repository.name, repository.kind),
        revision,
        dry_run,
        created,
        sum(file.size for file in changes.sent),
        *(_sizes(files) for files in (changes.added, changes.changed, changes.removed, changes.unchanged)),
    )


def _sizes(files: Iterable[LocalFile | RemoteFile]) -> dict[str, int]:
    return {file.path: file.size for file in files}
