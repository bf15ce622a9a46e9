"""Groups of commands whose help says of each command what it does, in a whole sentence."""

from __future__ import annotations

import click

#: more letters than the first sentence of any command has
_WHOLE = 1_000


class Group(click.Group):
    """A group that wraps the first sentence of each command, where click cuts it off at the end of the line."""

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        commands = [(name, self.get_command(context, name)) for name in self.list_commands(context)]
        rows = [(name, own.get_short_help_str(_WHOLE)) for name, own in commands if own is not None and not own.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)
