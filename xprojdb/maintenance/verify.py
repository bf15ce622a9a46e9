"""Check a whole database for damage, and repair it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Connection

from xprojdb.db import Database
from xprojdb.db.live import claim_ground
from xprojdb.maintenance.checks import CHECKS, Check, Finding
from xprojdb.maintenance.checks.digests import StepDigests
from xprojdb.maintenance.checks.plans import BrokenPlans
from xprojdb.maintenance.step_rows import stored_steps
from xprojdb.maintenance.texts import damaged_texts, mend_texts

#: findings shown per check
EXAMPLES = 5
#: findings repaired at a time, which bounds the memory of a repair
BLOCK = 20_000
#: how often all checks are repeated: what one repair deletes, another check may miss
ROUNDS = 4


@dataclass(slots=True)
class CheckReport:
    """The result of one check.

    :param examples: the first few findings.
    :param repair: what its repair does.
    """

    name: str
    count: int
    examples: list[str]
    repair: str


@dataclass(slots=True)
class VerifyReport:
    """The result of all checks.

    :param checks: every check, including those that found nothing.
    :param taken: what a repair removed: rows by table, and recipes and files that need to be run or imported again.
    :param left: what is still wrong after the repair; empty if nothing is, or no repair was requested.
    """

    checks: list[CheckReport]
    taken: dict[str, int] = field(default_factory=dict)
    left: list[CheckReport] = field(default_factory=list)

    @property
    def damage(self) -> int:
        """The total number of findings."""
        return sum(check.count for check in self.checks)


def verify(database: Database, *, repair: bool = False) -> VerifyReport:
    """Check every row of a database against every other.

    :param repair: also repair what is wrong, mostly by dropping it and what depends on it, so that the next run
        recomputes it. Damaged imported files are dropped as a whole and must be imported again.
    :raises RunsAlive: when something needs repair and runs are in progress.
    """
    texts = _texts(database)
    if texts.count and not repair:
        # Any other check could fail.
        return VerifyReport([texts])
    if texts.count:
        _claim_ground(database)
    taken = mend_texts(database) if texts.count else Counter[str]()
    report = VerifyReport([texts, *_look(database)], dict(taken))
    unread = [still for still in ([_texts(database)] if texts.count else []) if still.count]
    report.left = unread
    if not repair or not any(check_.count for check_ in report.checks[1:]):
        return report
    _claim_ground(database)
    left = report.checks
    for _ in range(ROUNDS):
        for check in CHECKS:
            taken += _mend(check(database))
        left = _look(database)
        if not any(check_.count for check_ in left):
            break
    report.taken = dict(+taken)
    report.left = [*unread, *(check_ for check_ in left if check_.count)]
    return report


def altered_steps(database: Database, connection: Connection) -> Iterator[str]:
    """What is wrong with the steps and plans that every command reads; a quick part of :func:`verify`."""
    steps = stored_steps(connection)
    for check in (BrokenPlans, StepDigests):
        yield from (finding.description for finding in check(database).find(connection, steps))


def _claim_ground(database: Database) -> None:
    with database.write() as connection:
        claim_ground(connection, "a repair")


def _texts(database: Database) -> CheckReport:
    with database.read() as connection:
        descriptions = [text.description for text in damaged_texts(connection)]
    repair = "what was made from them is dropped, files must be imported again, other bytes become U+FFFD"
    return CheckReport("texts that cannot be read", len(descriptions), descriptions[:EXAMPLES], repair)


def _look(database: Database) -> list[CheckReport]:
    with database.read() as connection:
        steps = stored_steps(connection)
        return [_count(check, check(database).find(connection, steps)) for check in CHECKS]


def _count(check: type[Check], findings: Iterator[Finding]) -> CheckReport:
    examples = [finding.description for finding in islice(findings, EXAMPLES)]
    return CheckReport(check.name, len(examples) + sum(1 for _ in findings), examples, check.repair)


def _mend(check: Check) -> Counter[str]:
    taken: Counter[str] = Counter()
    before: list[Finding] = []
    while findings := _next(check):
        if findings == before:
            # Its repair does not help; the final check will report it.
            break
        taken += check.mend(findings)
        before = findings
    return taken


def _next(check: Check) -> list[Finding]:
    with check.database.read() as connection:
        return list(islice(check.find(connection, stored_steps(connection)), BLOCK))
