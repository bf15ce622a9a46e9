"""What every result can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from xprojdb.extras import require

if TYPE_CHECKING:
    import pandas
    import pyarrow
    from rich.console import RenderableType

Row = dict[str, Any]


class Result(ABC):
    """Something that the database answered.

    It is a table to programs (:meth:`to_dict`, :meth:`to_arrow`, :meth:`to_pandas`), a picture to people (``print`` of
    rich, or the last line of a notebook cell), and JSON to other programs (:meth:`to_json`).
    """

    @abstractmethod
    def to_dict(self) -> list[Row]:
        """The rows, each with the same columns in the same order."""

    def to_json(self) -> Any:
        """What the command line prints with ``--json``: dictionaries, lists, texts and numbers."""
        return self.to_dict()

    def to_arrow(self) -> pyarrow.Table:
        """The rows as an Arrow table.

        :raises MissingExtra: without pyarrow, which the extra ``export`` brings.
        """
        return require("pyarrow", "export").Table.from_pylist(self.to_dict())

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a pandas data frame.

        :raises MissingExtra: without pandas or pyarrow, which the extra ``hub`` brings.
        """
        require("pandas", "hub")
        return self.to_arrow().to_pandas()

    @property
    def notes(self) -> list[str]:
        """What is to be said beside the result, such as what was left out; printed on standard error."""
        return []

    @abstractmethod
    def __rich__(self) -> RenderableType:
        """The tables and lines that the command line prints."""

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        from rich.console import Group
        from rich.text import Text

        from xprojdb.api.results.display.rendering import html_of

        return html_of(Group(self, *map(Text, self.notes)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class ReportResult(Result):
    """A result around the plain data class that holds its figures.

    :param report: that data class.
    """

    #: the data class
    report: Any
    #: the runs that were ended first, where that was asked for
    ended: list[str]

    def __init__(self, report: Any) -> None:
        self.report = report
        self.ended: list[str] = []

    @property
    def notes(self) -> list[str]:
        """The runs that were ended."""
        return self.ended

    def to_json(self) -> Any:
        """What the command line prints with ``--json``: the fields of :attr:`report`."""
        return asdict(self.report)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.report!r}>"
