"""Find a trained model by the name of its training recipe, or by a digest prefix."""

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
    """Find a train step by name.

    :param name: the name of a training recipe, or a digest prefix of at least eight digits.
    :raises ModelError: when there is no such model (``unknown``), or it has not been trained (``untrained``); the field
        ``known`` lists the existing ones.
    """
    with database.read() as connection:
        key = trained_step(connection, name)
        spec = load_spec(connection, key)
        if TrainParams.from_params(spec.params).task != "ner":
            hint = "choose a model with task ner"
            raise ModelError(f"the model {name} does not recognise entities", hint=hint, name=name, reason="task")
        return spec


def trained_step(connection: Connection, name: str) -> int:
    """Find the key of a train step by name; see :func:`find_trained`."""
    named = _of_recipe(connection, name)
    keys = [named] if named is not None else _of_digest(connection, name)
    if len(keys) != 1:
        names = _trained_names(connection)
        hint = f"there are {', '.join(names)}" if names else "xprojdb train RECIPE"
        problem = "is ambiguous" if keys else "was not trained in this database"
        raise ModelError(f"the model {name} {problem}", hint=hint, name=name, reason="unknown", known=tuple(names))
    if connection.execute(select(model.c.id).where(model.c.step_id == keys[0])).first() is None:
        hint = "xprojdb train RECIPE; if that failed, xprojdb status --failed shows why"
        raise ModelError(f"the model {name} was planned but not trained", hint=hint, name=name, reason="untrained")
    return keys[0]


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


def _trained_names(connection: Connection) -> list[str]:
    names = connection.execute(select(recipe.c.name).order_by(recipe.c.name)).scalars()
    return [name for name in names if _of_recipe(connection, name) is not None]
