"""The verb that makes Neo4j Browser pleasant."""

from __future__ import annotations

from pathlib import Path

import click

from mindgraph.cli.base import Context, pass_context


@click.command("browser-kit")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--offer",
    "port",
    type=click.IntRange(0, 65535),
    is_flag=False,
    flag_value=8001,
    default=None,
    metavar="[PORT]",
    help="Then offer the folder to a Browser on this machine until Ctrl-C; 8001 where no port is named.",
)
@pass_context
def browser_kit_verb(context: Context, folder: Path, port: int | None) -> None:
    """Write style, guides and saved queries for Neo4j Browser into a folder.

    The guide's questions are filled with examples of this very graph. README.md in the folder says how
    a Browser and a server get them.
    """
    from mindgraph.browser_kit.kit import PORT, offered

    files = context.pipeline().browser_kit(folder, port=port or PORT)
    context.say(f"browser-kit: {len(files)} files in {folder}; begin with {folder / 'README.md'}")
    if port is None:
        return
    with offered(folder, port) as server:
        click.echo(f"Offered at http://localhost:{server.server_port}/ until Ctrl-C. In the Browser:")
        click.echo(f"  :style http://localhost:{server.server_port}/mindgraph.grass")
        click.echo(f"  :guide http://localhost:{server.server_port}/guide.html")
        server.serve_forever()
