"""Check again, in the transaction that writes, that corpora and steps read earlier still exist."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import corpus, step
from xprojdb.errors import GroundMoved
from xprojdb.steps.spec import StepSpec

#: suffix of a corpus name while the corpus is being deleted
DELETING = " (being deleted)"


def check_corpora(connection: Connection, keys: Iterable[int]) -> None:
    """Refuse to write about a corpus that is being deleted or no longer exists.

    :raises GroundMoved: with the field ``corpus``: its name, or its key if the name is gone.
    """
    ids = sorted(keys)
    query = select(corpus.c.id, corpus.c.name).where(bulk.among(connection, corpus.c.id, ids))
    names: dict[int, str] = dict(bulk.fetch(connection, query))
    for key in ids:
        name = names.get(key)
        if name is None or name.endswith(DELETING):
            called = str(key) if name is None else name.removesuffix(DELETING)
            raise GroundMoved(
                f"the corpus {called} {'is being' if name else 'was'} deleted in the meantime; nothing was stored",
                hint="import it again, or continue without it",
                corpus=called,
            )


def check_steps(connection: Connection, specs: Iterable[StepSpec], hint: str) -> None:
    """Refuse to write about a step that was deleted.

    :param hint: what to do then.
    :raises GroundMoved: with the field ``step``, its digest.
    """
    by_digest = {spec.digest: spec for spec in specs}
    stored = set(connection.execute(select(step.c.digest).where(step.c.digest.in_(by_digest))).scalars())
    for digest, spec in by_digest.items():
        if digest not in stored:
            raise GroundMoved(f"the step {spec.kind} {spec.short} was deleted in the meantime", hint=hint, step=digest)
