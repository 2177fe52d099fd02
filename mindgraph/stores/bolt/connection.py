"""Reach a Neo4j server, say what stands in the way where it cannot be reached, and run statements."""

from __future__ import annotations

import logging
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import neo4j
from neo4j.exceptions import AuthError, ConfigurationError, DriverError, Neo4jError

from mindgraph.errors import StoreError, StoreUnavailable
from mindgraph.resources import cypher
from mindgraph.stores.bolt.errors import BadRows, code_of, lies_in_the_rows, message, translated, translation

T = TypeVar("T")

# What the driver tries again is no matter of the user's; what it gives up is told as an error of ours.
logging.getLogger("neo4j").addHandler(logging.NullHandler())

SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")

#: The oldest server that our statements are written for.
FLOOR = (5, 26)

#: How codes end that say: it is there. `IF NOT EXISTS` does not keep two from making it at once.
_MADE = ("EquivalentSchemaRuleAlreadyExists", "IndexAlreadyExists", "ConstraintAlreadyExists")

_FLOOR_HINT = "Neo4j 5.26 LTS is the oldest that is supported; every release since then is."


@dataclass(frozen=True)
class Login:
    """Hold who asks; no password means a server without authentication."""

    user: str = "neo4j"
    password: str = ""


class Bolt:
    """Run statements on one database of one server; every error is a StoreError."""

    def __init__(self, driver: neo4j.Driver, uri: str, database: str | None, version: str) -> None:
        self.name = uri
        self.database = database
        self.version = version
        self._driver = driver

    def read(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """Return all rows of a statement of `cypher`, asked again where the server says so."""
        return self._managed(name, parameters, write=False, take=lambda result: result.data())

    def fold(self, name: str, take: Callable[[Iterator[neo4j.Record]], T], **parameters: Any) -> T:
        """Return what `take` makes of the rows of a statement, which come one by one."""
        return self._managed(name, parameters, write=False, take=lambda result: take(iter(result)))

    def write(self, name: str, *, rows: int | None = None, **parameters: Any) -> dict[str, Any]:
        """Run a writing statement and return its one row.

        Raises BadRows, with nothing written, for what lies in the rows; and where `rows` is given and
        the statement's column `rows` has another number.
        """

        def take(result: neo4j.Result) -> dict[str, Any]:
            row = result.single(strict=True).data()
            if rows is not None and row["rows"] != rows:
                raise BadRows("one of its ends is not in the database")
            return row

        return self._managed(name, parameters, write=True, take=take)

    def run(self, text: str, what: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run a statement by itself, such as one about the schema; `what` names it in errors.

        Two loads that make the same schema at once may lock each other out: the server's loser asks again.
        """
        with translated(what), self.session() as session:
            return session.execute_write(lambda transaction: transaction.run(text, parameters).data())

    def make(self, text: str, what: str, **parameters: Any) -> None:
        """Run a statement that makes a constraint or an index, unless another load has made it meanwhile."""
        try:
            self.run(text, what, **parameters)
        except StoreError as error:
            if not isinstance(error.__cause__, Neo4jError) or not code_of(error.__cause__).endswith(_MADE):
                raise

    def session(self) -> neo4j.Session:
        """Return a new session on the database."""
        return self._driver.session(database=self.database, fetch_size=2000)

    def close(self) -> None:
        """Let go of all connections."""
        self._driver.close()

    def __enter__(self) -> Bolt:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _managed(
        self, name: str, parameters: Mapping[str, Any], *, write: bool, take: Callable[[neo4j.Result], T]
    ) -> T:
        """Run a statement in a managed transaction: where the server says so, it is run again."""
        text = cypher(name)

        def work(transaction: neo4j.ManagedTransaction) -> T:
            return take(transaction.run(text, dict(parameters)))

        with self.session() as session:
            try:
                return session.execute_write(work) if write else session.execute_read(work)
            except (Neo4jError, DriverError) as error:
                if write and lies_in_the_rows(error):
                    raise BadRows(message(error)) from error
                raise translation(f"cypher/{name}", error) from error


@contextmanager
def connect(uri: str, login: Login, database: str | None = None, *, workers: int = 2) -> Iterator[Bolt]:
    """Open a server: the host is looked for first, then TLS, the login, the version and the database.

    Raises StoreError or StoreUnavailable that says which of them it was.
    """
    parts = _parts(uri)
    _reach(uri, *parts)
    with _driver(uri, login) as asked:
        version = _version(asked, uri, login, database)
    # An older server refuses what follows before it says its version.
    quiet = _driver(uri, login, max_connection_pool_size=workers + 8, notifications_min_severity="OFF")
    with Bolt(quiet, uri, database, version) as bolt:
        yield bolt


def is_server(uri: str | None) -> bool:
    """Say whether a text is the address of a server."""
    return uri is not None and uri.partition("://")[0] in SCHEMES and "://" in uri


def _parts(uri: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an address."""
    try:
        parts = urlsplit(uri)
        port = parts.port or 7687
    except ValueError as error:
        raise StoreError(f"{uri} is no address: {error}.", hint="Such as neo4j://localhost:7687") from error
    if parts.scheme not in SCHEMES or not parts.hostname:
        hint = f"An address is SCHEME://HOST[:PORT], with one of {', '.join(SCHEMES)}."
        raise StoreError(f"{uri} is no address of a Neo4j server.", hint=hint)
    if parts.password or parts.username:
        raise StoreError(
            "The address holds a user or a password.",
            hint="Give --user, and the password by MINDGRAPH_NEO4J_PASSWORD or --password-file.",
        )
    return parts.scheme, parts.hostname, port


def _reach(uri: str, scheme: str, host: str, port: int) -> None:
    """Open and close a connection, so that what is wrong with host or TLS is told apart."""
    try:
        with socket.create_connection((host, port), timeout=15) as plain:
            if scheme.endswith(("+s", "+ssc")):
                _secure(uri, scheme, host, plain)
    except socket.gaierror as error:
        raise StoreUnavailable(f"{uri}: no host is named {host}.", hint="Check the spelling.") from error
    except TimeoutError as error:
        hint = "Is the port open in the firewall?"
        raise StoreUnavailable(f"{uri}: {host} does not answer on port {port}.", hint=hint) from error
    except OSError as error:
        hint = "Is the server running? `docker compose up -d` starts one; Bolt's usual port is 7687."
        said = error.strerror or str(error)
        raise StoreUnavailable(f"{uri}: {host} refuses port {port}: {said}.", hint=hint) from error


def _secure(uri: str, scheme: str, host: str, plain: socket.socket) -> None:
    context = ssl.create_default_context()
    if scheme.endswith("+ssc"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        context.wrap_socket(plain, server_hostname=host).close()
    except ssl.SSLCertVerificationError as error:
        trusting = scheme.replace("+s", "+ssc")
        raise StoreError(
            f"{uri}: TLS: the certificate is not trusted: {error.verify_message}.",
            hint=f"For a self-signed certificate use {trusting}://",
        ) from error
    except (ssl.SSLError, ConnectionError, TimeoutError) as error:
        plainly = scheme.partition("+")[0]
        raise StoreError(
            f"{uri}: TLS: the server does not speak it on this port.", hint=f"Without TLS: {plainly}://"
        ) from error


def _driver(uri: str, login: Login, **options: Any) -> neo4j.Driver:
    auth = (login.user, login.password) if login.password else None
    try:
        return neo4j.GraphDatabase.driver(
            uri,
            auth=auth,
            user_agent="mindgraph",
            connection_timeout=15,
            max_transaction_retry_time=120,
            initial_retry_delay=0.05,
            **options,
        )
    except (ConfigurationError, ValueError) as error:
        raise StoreError(f"{uri}: {message(error)}") from error


def _version(driver: neo4j.Driver, uri: str, login: Login, database: str | None) -> str:
    """Return the server's version after login; raise StoreError where it is below the floor."""
    try:
        with driver.session(database=database) as session:
            agent = session.run("RETURN 1").consume().server.agent
    except AuthError as error:
        raise _refused(uri, login, error) from error
    except (Neo4jError, DriverError) as error:
        if code_of(error):
            raise translation(uri, error) from error
        raise _silent(uri, error) from error
    found = re.match(r"Neo4j/((\d+)\.(\d+)\S*)", agent)
    if found is None:
        raise StoreError(f"{uri} is {agent}, no Neo4j server.", hint=_FLOOR_HINT)
    if (int(found[2]), int(found[3])) < FLOOR:
        raise StoreError(f"{uri} is Neo4j {found[1]}: older than 5.26.", hint=_FLOOR_HINT)
    return found[1]


def _refused(uri: str, login: Login, error: Exception) -> StoreError:
    if not login.password:
        return StoreError(
            f"{uri}: the server asks for a password and none was given.",
            hint="Set MINDGRAPH_NEO4J_PASSWORD, or give --password-file.",
        )
    return StoreError(
        f"{uri}: the login of {login.user} is refused: {message(error)}",
        hint="Check --user and the password in MINDGRAPH_NEO4J_PASSWORD or --password-file.",
    )


def _silent(uri: str, error: Exception) -> StoreError:
    """Return the error of a server that takes a connection and then does not speak as it should."""
    said = message(error)
    if "routing" in said:
        hint = "The server names an address of its own that is not reached from here: try bolt:// instead."
        return StoreUnavailable(f"{uri}: {said}", hint=hint)
    if "handshake" in said.lower() or "protocol" in said.lower():
        return StoreError(
            f"{uri}: the server does not speak a Bolt that is known here: {said}",
            hint=f"{_FLOOR_HINT} A server that demands TLS wants +s in the address.",
        )
    hint = "It may be starting, or demand TLS (+s in the address), or not be a Neo4j server."
    return StoreUnavailable(f"{uri}: the server does not answer Bolt: {said}", hint=hint)
