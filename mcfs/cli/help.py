"""`mcfs help`: what there is to read about a topic or a command."""

from __future__ import annotations

from importlib import resources

import click

from mcfs.cli.terminal import print_lines

# Topic → its file.
_TOPICS = {
    "query": "help_query.txt",
    "snapshots": "help_snapshots.txt",
    "mount": "help.txt",
    "editing": "help_editing.txt",
}


@click.command("help")
@click.argument("topic", required=False)
@click.pass_context
def command(context: click.Context, topic: str | None) -> None:
    """Show what a topic is about, or how a command is used.

    \b
      mcfs help query    the query language, sign by sign
      mcfs help snapshots  set lists that stay as they are
      mcfs help mount    what to write in a folder of a mount
      mcfs help editing  how to change metadata, and how to take it back
      mcfs help search   the options of mcfs search
    """
    root = context.find_root()
    group = root.command
    assert isinstance(group, click.Group)
    if topic is None:
        print_lines(group.get_help(root).splitlines())
        return
    if topic in _TOPICS:
        print_lines(
            resources.files("mcfs").joinpath(_TOPICS[topic]).read_text("utf-8").splitlines()
        )
        return
    found = group.get_command(root, topic)
    if found is None:
        names = ", ".join(sorted({*_TOPICS, *group.list_commands(root)}))
        raise click.UsageError(f"no help about {topic}; there is: {names}", context)
    with click.Context(found, info_name=topic, parent=root) as of_command:
        print_lines(found.get_help(of_command).splitlines())
