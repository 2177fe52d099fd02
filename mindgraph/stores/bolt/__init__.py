"""A Neo4j server as a graph store: reached over Bolt, read and written by the statements of `cypher/load`.

`connection` reaches the server and translates its errors; `held` reads what it holds; `difference`
compares that with a spool; `writing` sends the difference; `shared` settles what several data sets
say of one node; `sync` puts these together: plan, load, verify.
"""

from __future__ import annotations

from mindgraph.stores.bolt.connection import Bolt, Login, connect, is_server
from mindgraph.stores.bolt.sync import Synced, Tell, plan, quiet, synchronise, verify
from mindgraph.stores.bolt.verifying import Compared

__all__ = [
    "Bolt",
    "Compared",
    "Login",
    "Synced",
    "Tell",
    "connect",
    "is_server",
    "plan",
    "quiet",
    "synchronise",
    "verify",
]
