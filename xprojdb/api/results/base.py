"""The base class of results."""

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
    """A result from the database.

    Programs can read it as a table (:meth:`to_dict`, :meth:`to_arrow`, :meth:`to_pandas`) or as JSON (:meth:`to_json`);
    people can print it with rich, or display it in a notebook cell.
    """

    @abstractmethod
    def to_dict(self) -> list[Row]:
        """The rows, each with the same columns in the same order."""

    def to_json(self) -> Any:
        """What the command line prints with ``--json``: dictionaries, lists, strings and numbers."""
        return self.to_dict()

    def to_arrow(self) -> pyarrow.Table:
        """The rows as an Arrow table.

        :raises MissingExtra: without pyarrow, which is in the extra ``export``.
        """
        return require("pyarrow", "export").Table.from_pylist(self.to_dict())

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a pandas data frame.

        :raises MissingExtra: without pandas or pyarrow, which are in the extra ``hub``.
        """
        require("pandas", "hub")
        return self.to_arrow().to_pandas()

    @property
    def notes(self) -> list[str]:
        """Remarks on the result, such as what was left out; printed on standard error."""
        return []

    @abstractmethod
    def __rich__(self) -> RenderableType:
        """The tables and lines that the command line prints."""

    def _repr_html_(self) -> str:
        """The same as HTML, for a notebook."""
        from rich.console import Group
        from rich.text import Text

        from xprojdb.api.results.display.rendering import html_of

        return html_of(Group(self, *map(Text, self.notes)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class ReportResult(Result):
    """A result based on a data class with its figures.

    :param report: that data class.
    """

    #: the data class
    report: Any
    #: the runs that were ended first, if requested
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
