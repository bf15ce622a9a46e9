"""Database methods that explain labels and answer questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from xprojdb.api.opened import Opened

if TYPE_CHECKING:
    from xprojdb.api.results.difference import DifferenceResult
    from xprojdb.api.results.explanation import ExplanationResult
    from xprojdb.api.results.rows import Rows

ChangeKind = Literal["added", "removed", "moved", "relabelled", "both"]


class Asking(Opened):
    """Asking where labels come from, and anything else in SQL."""

    def explain(self, sentence: str, recipe: str | None = None, *, candidates: int | None = 6) -> ExplanationResult:
        """Where the labels of one sentence come from, down to links, candidates, steps, models and runs.

        :param sentence: ``CORPUS/LANG/ID``, such as ``demo/de/test-17``, or its id in the table "sentence"; for a
            single label: ``demo/de/test-17:3-4``, by its first and last word counted from 0, or ``demo/de/test-17#2``.
        :param recipe: may be omitted if the database has only one.
        :param candidates: how many candidates to show per entity; None: all.
        :raises UsageError: when there is no such sentence, label or recipe, or the recipe projects nothing onto it.
        """
        from xprojdb.api.results.explanation import ExplanationResult
        from xprojdb.planning.store import load_plan
        from xprojdb.provenance.explain import explain_sentence

        return ExplanationResult(explain_sentence(self.store, load_plan(self.store, recipe), sentence), candidates)

    def query(self, sql: str, *, timeout: float | None = None) -> Rows:
        """Ask in SQL; nothing can be changed.

        The views ``v_label``, ``v_candidate``, ``v_links``, ``v_translation``, ``v_upstream`` and ``v_outcome`` spell
        out the common joins.

        :param sql: a statement that reads: SELECT, WITH … SELECT, VALUES or EXPLAIN.
        :param timeout: seconds that it may take until its last row; None: no limit.
        :raises UsageError: when the SQL is wrong, would write, gives no rows, or takes too long.
        """
        from xprojdb.api.results.rows import Rows
        from xprojdb.provenance.query import ask

        return Rows.of(ask(self.store, sql, timeout))

    def ask(
        self,
        question: str,
        *,
        recipe: str | None = None,
        lang: str | None = None,
        corpus: str | None = None,
        limit: int = 20,
    ) -> Rows:
        """Ask a built-in question, such as ``low-margin``; :func:`xprojdb.list_questions` lists them.

        :param recipe: only results of this recipe; by default of all recipes.
        :param lang: only labels in this target language, by any of its codes.
        :param corpus: only this corpus.
        :param limit: the maximal number of rows.
        :raises UsageError: when there is no such question, recipe, language or corpus.
        """
        from xprojdb.api.results.rows import Rows
        from xprojdb.provenance.questions import QuestionScope, ask_question

        return Rows.of(ask_question(self.store, question, QuestionScope(recipe, lang, corpus, limit)))

    def question_sql(
        self,
        question: str,
        *,
        recipe: str | None = None,
        lang: str | None = None,
        corpus: str | None = None,
        limit: int = 20,
    ) -> str:
        """The SQL of a built-in question, to be edited and passed to :meth:`query`.

        :param question, recipe, lang, corpus, limit: as for :meth:`ask`.
        :raises UsageError: as for :meth:`ask`.
        """
        from xprojdb.provenance.questions import QuestionScope, question_sql

        with self.store.read() as connection:
            text, values = question_sql(connection, question, QuestionScope(recipe, lang, corpus, limit))
        for name, value in values.items():
            text = text.replace(f":{name}", str(value) if isinstance(value, int) else f"'{value}'")
        return text.strip()

    def diff(self, first: str, second: str, *, kind: ChangeKind | None = None, limit: int = 20) -> DifferenceResult:
        """Compare the labels of two steps or recipes, sentence by sentence, on the sentences that both have finished.

        :param first: a recipe, for its final labels, or a prefix of a step's digest.
        :param second: the other one.
        :param kind: show only changes of this kind: ``added``, ``removed``, ``moved`` (its boundary), ``relabelled`` or
            ``both``; all are counted.
        :param limit: the maximal number of changes to show.
        :raises UsageError: when one is neither, matches several steps, or has no labels.
        """
        from xprojdb.api.results.difference import DifferenceResult
        from xprojdb.provenance import diff

        kinds = {"moved": diff.MOVED, "relabelled": diff.RELABELLED, "both": diff.BOTH}
        kind_name = kinds.get(kind, kind) if kind else None
        return DifferenceResult(diff.diff_steps(self.store, first, second, kind=kind_name, limit=limit))
