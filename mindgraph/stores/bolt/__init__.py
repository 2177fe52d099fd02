"""A Neo4j server as a graph store: reached over Bolt, read and written by the statements of `cypher/load`.

`connection` reaches the server and translates its errors; `held` reads what it holds; `difference`
compares that with a spool; `writing` sends the difference; `shared` settles what several data sets
say of one node; `sync` puts these together: plan, load, verify.
"""

from __future__ import annotations

from mindgraph.stores.bolt.connection import Bolt, Login, connect
from mindgraph.stores.bolt.sync import Synced, plan, synchronise, verify

__all__ = ["Bolt", "Login", "Synced", "connect", "plan", "synchronise", "verify"]
