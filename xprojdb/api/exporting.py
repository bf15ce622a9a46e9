"""Database methods that write and publish data sets and models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from xprojdb.api.opened import Opened
from xprojdb.errors import UsageError

if TYPE_CHECKING:
    from xprojdb.api.results.exporting import ExportResult, ModelResult, PushResult
    from xprojdb.exports.api import ExportOptions
    from xprojdb.planning.plan import Plan


class Exporting(Opened):
    """Writing and publishing data sets and models."""

    def export(
        self,
        folder: str | Path,
        format: str = "hf",
        *,
        recipe: str | None = None,
        source: str | None = None,
        langs: Sequence[str] = (),
        columns: Literal[2, 4] = 2,
        ids: bool = False,
        **selection: Any,
    ) -> ExportResult:
        """Write projected labels as a data set.

        ``db.export("out", min_margin=0.1, splits=["train"], decontaminate=["news:test"], dedupe=True)``

        :param folder: the destination; ``hf`` replaces an earlier data set there, other formats their own files.
        :param format: ``hf`` (Parquet, one configuration per language, a card: ``datasets.load_dataset(folder)``),
            ``conll`` (LANG.SPLIT.conll), ``jsonl`` (LANG.SPLIT.jsonl), ``spacy`` (DocBin),
            or the name of a plug-in's format.
        :param recipe: may be omitted if the database has only one.
        :param source: only labels from this language; by default the consensus of all.
        :param langs: target languages; empty: all of the recipe.
        :param columns: for ``conll``; 4: as in CoNLL-2003.
        :param ids: for ``conll``: write a comment with its id before each sentence.
        :param selection: which sentences and labels to export; keywords override keys of the recipe's table
            ``[export]``: ``corpora``, ``splits``, ``labels``, ``min_score``, ``min_margin``, ``min_probability``,
            ``min_votes``, ``min_quality``, ``on_low_score``, ``gold_splits``, ``gold``, ``prefer_gold``,
            ``outcomes``, ``min_words``, ``max_words``, ``min_entities``, ``decontaminate``, ``dedupe``, ``budget``,
            ``budget_unit``, ``budget_per``, ``mix``, ``mix_by``, ``split_ratios``, ``tiers``, ``tier_by``,
            ``provenance``, ``seed``. See docs/exporting.md.
        :raises UsageError: when there is no such recipe or keyword, or nothing to export.
        :raises PluginError: when there is no such format.
        :raises NothingLeft: when no sentence passes the filters.
        :raises ExportError: when a file cannot be written; earlier files are left as they were.
        """
        from xprojdb.api.results.exporting import ExportResult
        from xprojdb.exports.api import export_as, export_conll
        from xprojdb.planning.store import load_plan

        if format != "conll" and (columns != 2 or ids):
            raise UsageError("--columns and --ids only apply to conll", hint="leave them out", format=format)
        plan = load_plan(self.store, recipe)
        options = _options(plan, source, langs, selection)
        if format == "conll":
            return ExportResult(export_conll(self.store, plan, Path(folder), columns=columns, with_ids=ids, **options))
        return ExportResult(export_as(format, self.store, plan, Path(folder), **options))

    def export_model(self, name: str, folder: str | Path) -> ModelResult:
        """Write a trained model as a folder that Transformers loads as a token classifier, with a card.

        ``pipeline("token-classification", folder, trust_remote_code=True, aggregation_strategy="simple")``

        :param name: the name of a training recipe, or a digest prefix.
        :param folder: the destination; an earlier export there is replaced.
        :raises ModelError: when there is no such model, it is not a tagger, or Transformers would tag differently.
        :raises ExportError: when the folder was not written by an export, or cannot be written.
        :raises MissingExtra: when torch or transformers is not installed.
        """
        from xprojdb.api.results.exporting import ModelResult
        from xprojdb.exports.models.exporting import export_model

        return ModelResult(export_model(self.store, name, folder))

    def push(
        self,
        repo: str,
        *,
        folder: str | Path | None = None,
        recipe: str | None = None,
        source: str | None = None,
        langs: Sequence[str] = (),
        private: bool = False,
        dry_run: bool = False,
        **selection: Any,
    ) -> PushResult:
        """Publish a data set or a model on the Hugging Face Hub, in one commit of the files that changed.

        The token is read from ``HF_TOKEN`` or from the Hub's own login.

        :param repo: ``USER/NAME``; created if it does not exist.
        :param folder: publish this folder, written by :meth:`export` as ``hf`` or by :meth:`export_model`, as it is.
        :param recipe, source, langs, selection: otherwise, what to export, as for :meth:`export`.
        :param private: make a new repository private.
        :param dry_run: only report what would change; nothing is sent.
        :raises UsageError: when the name is not valid, or there is nothing to export.
        :raises ExportError: when the folder is not a complete export.
        :raises HubError: when the Hub cannot be reached, refuses, or holds files of other origin.
        """
        from xprojdb.api.results.exporting import PushResult
        from xprojdb.exports.hub.names import repository_name
        from xprojdb.exports.hub.push import push_folder, push_recipe
        from xprojdb.planning.store import load_plan

        repository_name(repo)
        if folder is not None:
            if recipe or langs or source or selection:
                raise UsageError(
                    "--folder is published as it is", hint="leave out the options that select sentences and labels"
                )
            return PushResult(push_folder(self.store, Path(folder), repo, private=private, dry_run=dry_run))
        plan = load_plan(self.store, recipe)
        options = _options(plan, source, langs, selection)
        return PushResult(push_recipe(self.store, plan, repo, **options, private=private, dry_run=dry_run))


def _options(plan: Plan, source: str | None, langs: Sequence[str], selection: Mapping[str, Any]) -> ExportOptions:
    from xprojdb.config.recipe import export_table
    from xprojdb.review.export_references import ReviewReferences
    from xprojdb.text.languages import language

    return {
        "targets": [language(code).code for code in langs],
        "source": language(source).code if source else None,
        "table": export_table(plan.recipe.text, selection),
        "references": ReviewReferences(),
    }
