"""Corpora and steps that were read before, looked at again in the transaction that writes about them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import corpus, step
from xprojdb.errors import GroundMoved
from xprojdb.steps.spec import StepSpec

#: what the name of a corpus ends in while it is being deleted
DELETING = " (being deleted)"


def check_corpora(connection: Connection, keys: Iterable[int]) -> None:
    """Refuse to write about a corpus that is being deleted, or was.

    :raises GroundMoved: with the field ``corpus``: its name, or its key when it has none any more.
    """
    wanted = sorted(keys)
    query = select(corpus.c.id, corpus.c.name).where(bulk.among(connection, corpus.c.id, wanted))
    names: dict[int, str] = dict(bulk.fetch(connection, query))
    for key in wanted:
        name = names.get(key)
        if name is None or name.endswith(DELETING):
            called = str(key) if name is None else name.removesuffix(DELETING)
            raise GroundMoved(
                f"the corpus {called} {'is being' if name else 'was'} deleted meanwhile; nothing was stored",
                hint="import it again, or go on without it",
                corpus=called,
            )


def check_steps(connection: Connection, specs: Iterable[StepSpec], hint: str) -> None:
    """Refuse to write about a step that was freed.

    :param hint: what to do then.
    :raises GroundMoved: with the field ``step``: its digest.
    """
    wanted = {spec.digest: spec for spec in specs}
    known = set(connection.execute(select(step.c.digest).where(step.c.digest.in_(wanted))).scalars())
    for digest, spec in wanted.items():
        if digest not in known:
            raise GroundMoved(f"the step {spec.kind} {spec.short} was freed meanwhile", hint=hint, step=digest)
