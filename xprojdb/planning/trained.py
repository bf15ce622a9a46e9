"""Find the model behind a name: that of a training recipe, or the beginning of a step's digest."""

from __future__ import annotations

import json

from sqlalchemy import Connection, select

from xprojdb.db import Database
from xprojdb.db.tables import model, recipe, step
from xprojdb.errors import ModelError
from xprojdb.steps.spec import StepSpec, load_spec
from xprojdb.steps.tag.trained import is_digest
from xprojdb.steps.train.params import TrainParams


def find_trained(database: Database, name: str) -> StepSpec:
    """The train step that a name stands for.

    :param name: of a training recipe, or the beginning of a digest, eight digits at least.
    :raises ModelError: when there is none (``unknown``), or it has not been trained (``untrained``); the field
        ``known`` names those that there are.
    """
    with database.read() as connection:
        key = trained_step(connection, name)
        spec = load_spec(connection, key)
        if TrainParams.from_params(spec.params).task != "ner":
            hint = "choose one of task ner"
            raise ModelError(f"the model {name} finds no entities", hint=hint, name=name, reason="task")
        return spec


def trained_step(connection: Connection, name: str) -> int:
    """The key of the train step that a name stands for; see :func:`find_trained`."""
    named = _of_recipe(connection, name)
    found = [named] if named is not None else _of_digest(connection, name)
    if len(found) != 1:
        known = _known(connection)
        hint = f"there are {', '.join(known)}" if known else "xprojdb train RECIPE"
        problem = "stands for several models" if found else "was not trained in this database"
        raise ModelError(f"the model {name} {problem}", hint=hint, name=name, reason="unknown", known=tuple(known))
    if connection.execute(select(model.c.id).where(model.c.step_id == found[0])).first() is None:
        hint = "xprojdb train RECIPE"
        raise ModelError(f"the model {name} was planned, and not trained", hint=hint, name=name, reason="untrained")
    return found[0]


def _of_recipe(connection: Connection, name: str) -> int | None:
    plan = connection.execute(select(recipe.c.plan).where(recipe.c.name == name)).scalar()
    keys = [planned["step"] for planned in json.loads(plan)] if plan else []
    query = select(step.c.id).where(step.c.id.in_(keys), step.c.kind == TrainParams.kind)
    return connection.execute(query).scalar()


def _of_digest(connection: Connection, name: str) -> list[int]:
    if not is_digest(name):
        return []
    query = select(step.c.id).where(step.c.kind == TrainParams.kind, step.c.digest.startswith(name))
    return list(connection.execute(query).scalars())


def _known(connection: Connection) -> list[str]:
    names = connection.execute(select(recipe.c.name).order_by(recipe.c.name)).scalars()
    return [name for name in names if _of_recipe(connection, name) is not None]
