"""The verb `serve`."""

from __future__ import annotations

import signal
import time
from dataclasses import asdict
from types import FrameType

import click

from mindgraph.cli.base import Context, pass_context

_SECONDS = 1.0


@click.command("serve")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=7687, show_default=True, help="Bolt's port; 0 for any."
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Statements that take longer are ended; all who are connected must connect anew.",
)
@pass_context
def serve_verb(context: Context, port: int, seconds: float) -> None:
    """Serve the embedded graph on Bolt, for Neo4j Browser and drivers.

    On this machine alone, and for reading alone. A `mindgraph load` that ends meanwhile takes effect at
    once. Ends with Ctrl-C.
    """
    from mindgraph.stores.embedded_home import Home
    from mindgraph.stores.serving import Served, only_one

    signal.signal(signal.SIGTERM, _end)
    home, place = Home(context.workspace / "graph"), context.workspace / "serve"
    home.folder()
    with only_one(place):
        served = Served(home, place, port)
        try:
            served.start()
            for name, value in asdict(served.address).items():
                click.echo(f"{name:<10}{value}")
            context.say(f"The password is kept in {place / 'password'}. End with Ctrl-C.")
            while True:
                time.sleep(_SECONDS)
                if served.restrain(seconds):
                    context.say(
                        f"A statement took longer than {seconds:g} seconds: the server was started anew."
                    )
                if served.refresh():
                    context.say("A new graph has been loaded, and is served now.")
        except (KeyboardInterrupt, _Ended):
            context.say("Ended.")
        finally:
            served.close()


class _Ended(Exception):
    """Say that the process is to end."""


def _end(number: int, frame: FrameType | None) -> None:
    raise _Ended
