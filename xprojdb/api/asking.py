"""The methods of a database that explain and answer questions."""

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

        :param sentence: ``CORPUS/LANG/ID``, such as ``demo/de/test-17``, or its number in the table "sentence"; one
            label alone is ``demo/de/test-17:3-4``, by its first and last word counted from 0, or ``demo/de/test-17#2``.
        :param recipe: may be left out when the database has one.
        :param candidates: how many of each entity to show; None: all.
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
        """Ask a ready question, such as ``low-margin``; :func:`xprojdb.list_questions` lists them.

        :param recipe: only what this recipe made; by default what any of them made.
        :param lang: only labels of this target language, by any code.
        :param corpus: only this corpus.
        :param limit: rows at most.
        :raises UsageError: when there is no such question, recipe, language or corpus.
        """
        from xprojdb.api.results.rows import Rows
        from xprojdb.provenance.questions import QuestionResult, ask_question

        return Rows.of(ask_question(self.store, question, QuestionResult(recipe, lang, corpus, limit)))

    def question_sql(
        self,
        question: str,
        *,
        recipe: str | None = None,
        lang: str | None = None,
        corpus: str | None = None,
        limit: int = 20,
    ) -> str:
        """The SQL of a ready question, to be changed and given to :meth:`query`.

        :param question, recipe, lang, corpus, limit: as :meth:`ask` takes them.
        :raises UsageError: as :meth:`ask`.
        """
        from xprojdb.provenance.questions import QuestionResult, question_sql

        with self.store.read() as connection:
            text, values = question_sql(connection, question, QuestionResult(recipe, lang, corpus, limit))
        for name, value in values.items():
            text = text.replace(f":{name}", str(value) if isinstance(value, int) else f"'{value}'")
        return text.strip()

    def diff(self, first: str, second: str, *, kind: ChangeKind | None = None, limit: int = 20) -> DifferenceResult:
        """Compare the labels of two steps or recipes, sentence by sentence, on the sentences that both have done.

        :param first: a recipe, for the labels that it ends in, or the beginning of a step's digest.
        :param second: the other.
        :param kind: show only changes of this kind: ``added``, ``removed``, ``moved`` (its boundary), ``relabelled`` or
            ``both``; all are counted.
        :param limit: changes shown at most.
        :raises UsageError: when one is neither, fits several steps, or gives no labels.
        """
        from xprojdb.api.results.difference import DifferenceResult
        from xprojdb.provenance import diff

        kinds = {"moved": diff.MOVED, "relabelled": diff.RELABELLED, "both": diff.BOTH}
        wanted = kinds.get(kind, kind) if kind else None
        return DifferenceResult(diff.diff_steps(self.store, first, second, kind=wanted, limit=limit))
