"""Look through a whole database for damage, and mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from xprojdb.db import Database
from xprojdb.db.live import refuse_live_runs
from xprojdb.maintenance.checks import CHECKS, Check, Finding
from xprojdb.maintenance.step_rows import stored_steps
from xprojdb.maintenance.texts import damaged_texts, mend_texts

#: findings told of one check
EXAMPLES = 5
#: findings mended at a time; bounds the memory of a repair
BLOCK = 20_000
#: how often all checks are gone through: what one repair takes away, another check may miss
ROUNDS = 4


@dataclass(slots=True)
class CheckReport:
    """What one check found.

    :param examples: the first few findings.
    :param repair: what its repair does.
    """

    name: str
    found: int
    examples: list[str]
    repair: str


@dataclass(slots=True)
class VerifyReport:
    """What a look through the database found.

    :param checks: every check, also those that found nothing.
    :param taken: what a repair took away: rows by table, recipes and files by what to do again.
    :param left: what was found after the repair; empty when all is well, or nothing was to be repaired.
    """

    checks: list[CheckReport]
    taken: dict[str, int] = field(default_factory=dict)
    left: list[CheckReport] = field(default_factory=list)

    @property
    def damage(self) -> int:
        """How much was found in all."""
        return sum(check.found for check in self.checks)


def verify(database: Database, *, repair: bool = False) -> VerifyReport:
    """Check every row of a database against every other.

    :param repair: also mend what is found: mostly by dropping what is wrong and what rests on it, so that the next run
        makes it again. Imported files with damage are dropped whole and have to be imported again.
    :raises RunsAlive: when something is to be mended, and runs are under way.
    """
    texts = _texts(database)
    if texts.found and not repair:
        # Any other check could end in an error.
        return VerifyReport([texts])
    if texts.found:
        _refuse_live_runs(database)
    taken = mend_texts(database) if texts.found else Counter[str]()
    found = VerifyReport([texts, *_look(database)], dict(taken))
    unread = [still for still in ([_texts(database)] if texts.found else []) if still.found]
    found.left = unread
    if not repair or not any(each.found for each in found.checks[1:]):
        return found
    _refuse_live_runs(database)
    left = found.checks
    for _ in range(ROUNDS):
        for check in CHECKS:
            taken += _mend(check(database))
        left = _look(database)
        if not any(each.found for each in left):
            break
    found.taken = dict(+taken)
    found.left = [*unread, *(each for each in left if each.found)]
    return found


def _refuse_live_runs(database: Database) -> None:
    with database.write() as connection:
        refuse_live_runs(connection, "a repair")


def _texts(database: Database) -> CheckReport:
    with database.read() as connection:
        told = [text.told for text in damaged_texts(connection)]
    repair = "what is made of them is dropped, files are to be imported again, other bytes become U+FFFD"
    return CheckReport("texts that cannot be read", len(told), told[:EXAMPLES], repair)


def _look(database: Database) -> list[CheckReport]:
    with database.read() as connection:
        steps = stored_steps(connection)
        return [_count(check, check(database).find(connection, steps)) for check in CHECKS]


def _count(check: type[Check], findings: Iterator[Finding]) -> CheckReport:
    examples = [finding.told for finding in islice(findings, EXAMPLES)]
    return CheckReport(check.name, len(examples) + sum(1 for _ in findings), examples, check.repair)


def _mend(check: Check) -> Counter[str]:
    taken: Counter[str] = Counter()
    before: list[Finding] = []
    while findings := _next(check):
        if findings == before:
            # Its repair does not help; the look that follows tells.
            break
        taken += check.mend(findings)
        before = findings
    return taken


def _next(check: Check) -> list[Finding]:
    with check.database.read() as connection:
        return list(islice(check.find(connection, stored_steps(connection)), BLOCK))
