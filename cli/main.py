"""The command ``xprojdb``: its groups, its global options, and the one place that prints errors."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import click

import xprojdb
from xprojdb.cli.arguments import as_text
from xprojdb.cli.plugin_commands import plugin_command, plugin_commands
from xprojdb.cli.streams import make_readable
from xprojdb.errors import XprojdbError
from xprojdb.masking import masked
from xprojdb.printable import escaped_lines

#: help section → command → its module and description: a module is imported only when its command is called
SECTIONS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "Data": {
        "import": ("data.imports", "Import sentences into the database."),
        "join": ("data.join", "Join the languages of a corpus by sentence id."),
        "corpus": ("data.corpus", "Delete a corpus; withdraw or replace some of its sentences."),
        "export": ("data.export", "Export a data set: CoNLL, JSON lines, spaCy, Hugging Face."),
        "push": ("data.push", "Publish a data set on the Hugging Face Hub."),
        "changelog": ("corrections.changelog", "Tell what changed between two exports."),
        "card": ("data.card", "Show or draw the card of an exported data set."),
    },
    "Pipeline": {
        "demo": ("pipeline.demo", "Build, score and export a small data set from the sample corpus."),
        "run": ("pipeline.run", "Run the pending steps of a recipe."),
        "status": ("pipeline.status", "Show what each step has done, what is pending, and what failed."),
        "recipes": ("pipeline.recipes", "List and show the recipes that come with the package."),
        "models": ("pipeline.models", "List, install and export models."),
        "study": ("pipeline.study", "Train and compare many models, by the number of source languages."),
        "baselines": ("pipeline.baselines", "Compare a projection with taggers trained on it, and on gold labels."),
        "train": ("pipeline.train", "Train a model on gold or projected labels."),
    },
    "Questions": {
        "explain": ("questions.explain", "Explain where the labels of a sentence come from."),
        "ask": ("questions.ask", "Answer a common question: weakest labels, disagreements, lost entities."),
        "query": ("questions.query", "Query the database in SQL, read-only."),
        "diff": ("questions.diff", "Compare the labels of two steps or recipes, sentence by sentence."),
        "evaluate": ("questions.evaluate", "Score projected labels against gold labels."),
        "compare": ("questions.compare", "Compare recipes on the same gold labels."),
        "tune": ("questions.tune", "Compare weights and thresholds on gold labels, from stored scores."),
    },
    "Pages": {
        "browse": ("pages.browse", "Show sentences, labels and their provenance in a browser."),
        "review": ("pages.review", "Let people review projected labels, and turn their decisions into gold labels."),
    },
    "Maintenance": {
        "db": ("maintenance.db", "Create, upgrade, check, copy, merge, measure and vacuum the database."),
        "gc": ("maintenance.gc", "Delete steps that no recipe or export references."),
        "completion": ("completion.install", "Complete commands, recipes, questions and ids in a shell."),
        "verify": ("maintenance.verify", "Check the database for damage, and repair it."),
    },
}
COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, so that the help is fast."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command; with ``--debug``, show the traceback of an error before its message is printed."""
        try:
            return super().invoke(context)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except (XprojdbError, OSError):
            if context.params["debug"]:
                click.echo(masked(traceback.format_exc()), err=True, nl=False)
            raise
        except Exception as error:
            # A bug, unless a text that cannot be read, or says something else than was stored, is the cause.
            damage = _damage(str(context.params["db"]))
            if damage is None:
                raise
            raise damage from error

    def list_commands(self, _context: click.Context) -> list[str]:
        return [*COMMANDS, *plugin_commands()]

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return plugin_command(name)
        command: click.Command = import_module(f"xprojdb.cli.{COMMANDS[name][0]}").command
        return command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and self.get_command(context, name) is None:
            import difflib

            near = difflib.get_close_matches(name, self.list_commands(context), n=1)
            raise click.UsageError(
                f"there is no command {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""), context
            )
        return super().resolve_command(context, args)

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        # The same width for all sections, so that the columns line up.
        width = max(map(len, COMMANDS)) + 2
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name.ljust(width), line) for name, (_, line) in commands.items()], col_spacing=0)
        if others := plugin_commands():
            with formatter.section("Commands of plug-ins"):
                formatter.write_dl(list(others.items()))


def _damage(address: str) -> XprojdbError | None:
    """The error for a database with a text that cannot be read, or an altered step; None if there is none."""
    from xprojdb.db import open_database, schema
    from xprojdb.db.driver_errors import FAULTS
    from xprojdb.errors import DatabaseError
    from xprojdb.maintenance.texts import damaged_texts
    from xprojdb.maintenance.verify import altered_steps

    try:
        with open_database(address) as database:
            schema.check(database.engine)
        with open_database(address) as database, database.read() as connection:
            texts = (text.description for text in damaged_texts(connection, shapes=True))
            first = next(chain(texts, altered_steps(database, connection)), None)
            url = database.url
    except XprojdbError as error:
        # Of a file that is not there, the command was not about it.
        return None if "://" not in address and not Path(address).exists() else error
    if first is None:
        return None
    hint = FAULTS["texts"][1]
    return DatabaseError(f"{url} is damaged: {first}", hint=hint, url=url, fault="texts")


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--db", envvar="XPROJDB_DB", default="xprojdb.db", show_default=True, metavar="FILE|URL",
    help="The database: an SQLite file or a PostgreSQL URL. [env: XPROJDB_DB]",
)  # fmt: skip
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(xprojdb.__version__, prog_name="xprojdb")
@click.pass_context
def group(context: click.Context, db: str, debug: bool) -> None:  # noqa: ARG001 - read by LazyGroup.invoke
    """Project named entities across languages, in a database that remembers where every label came from."""
    context.obj = db


def main() -> None:
    """Run the command line; the only place where an error becomes a message and an exit code."""
    # Importing packages creates many objects and no garbage; collecting it at the default rate takes a tenth of the
    # start.
    gc.set_threshold(200_000, 20, 20)
    make_readable()
    try:
        code = group.main(as_text(sys.argv[1:]), prog_name="xprojdb", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except XprojdbError as error:
        sys.exit(_report(error))
    except BrokenPipeError:
        # The reader of our output has closed the pipe; the interpreter must not complain about that at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        sys.exit(_report(XprojdbError(f"{error.filename or 'the system'}: {error.strerror or error}", hint=None)))
    except Exception:  # a bug, whose traceback may have an address with a password in it
        click.echo(_shown(traceback.format_exc()), err=True, nl=False)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _shown(text: str) -> str:
    """A message without secrets, and without terminal control sequences."""
    return escaped_lines(masked(text))


def _report(error: XprojdbError) -> int:
    click.echo(click.style("Error: ", fg="red", bold=True, reset=True) + _shown(error.message), err=True)
    if error.hint:
        click.echo(click.style("  → ", fg="cyan") + _shown(error.hint), err=True)
    # Notes are only attached to bugs, not to errors that users can fix.
    for note in getattr(error, "__notes__", ()):
        click.echo(click.style(_shown(note), dim=True), err=True)
    for other in error.fields.get("also", ()):
        _report(other)
    return error.exit_code
