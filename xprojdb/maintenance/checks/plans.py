"""Recipes that reference what does not exist, and interrupted deletions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, delete, select

from xprojdb.db.tables import corpus, recipe
from xprojdb.maintenance.checks.check import Check, Finding
from xprojdb.maintenance.corpus_deletion import delete_corpus
from xprojdb.maintenance.removal import run_delete
from xprojdb.maintenance.step_rows import StoredStep
from xprojdb.steps.vanished import DELETING


class BrokenPlans(Check):
    """Recipes whose stored plan cannot be read, or references a step or a corpus that does not exist."""

    name = "plans of recipes"
    repair = "the recipe is deleted: run it again"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        digests = {step.id: step.digest for step in steps}
        corpora = set(connection.execute(select(corpus.c.id)).scalars())
        for row in connection.execute(select(recipe.c.id, recipe.c.name, recipe.c.plan)):
            if not _is_whole(row.plan, digests, corpora):
                yield Finding(f"the recipe {row.name} references a step or a corpus that does not exist", item=row.id)

    def mend(self, findings: Sequence[Finding]) -> Counter[str]:
        keys = [finding.item for finding in findings]
        with self.database.write() as connection:
            return Counter(recipe=run_delete(connection, delete(recipe).where(recipe.c.id.in_(keys))))


def _is_whole(plan: str, steps: Mapping[int, str], corpora: set[int]) -> bool:
    # The digest of the step that made the translations; empty if sentences are labelled directly.
    links = {"", *steps.values()}
    try:
        planned = json.loads(plan)
        return all(
            planned_step["step"] in steps
            and all(pair[0] in corpora and pair[3] in links for pair in planned_step["pairs"])
            for planned_step in planned
        )
    except (ValueError, KeyError, TypeError, IndexError):
        return False


class UnfinishedDeletions(Check):
    """Corpora whose deletion was interrupted."""

    name = "unfinished deletions"
    repair = "the deletion of the corpus is completed"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:  # noqa: ARG002
        for key, name in connection.execute(select(corpus.c.id, corpus.c.name)):
            if name.endswith(DELETING):
                yield Finding(name, item=key)

    def mend(self, findings: Sequence[Finding]) -> Counter[str]:
        taken: Counter[str] = Counter()
        for finding in findings:
            taken.update(delete_corpus(self.database, finding.description.removesuffix(DELETING)).rows)
        return taken
