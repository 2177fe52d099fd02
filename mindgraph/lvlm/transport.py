"""One request over HTTP: bounded in time and size, and every way to fail has a name.

urllib3 in plain threads: beside httpx, httpcore and aiohttp it was the one whose cost and whose
dependencies are both small. Keys stand in a header and nowhere else.
"""

from __future__ import annotations

import json
import os
import time
import urllib.parse
import urllib.request
from email.utils import parsedate_to_datetime

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
    TimeoutError,
)

from mindgraph.errors import LVLMError, SettingsError
from mindgraph.lvlm.watch import WATCH, watched

KEYS = ("MINDGRAPH_API_KEY", "OPENAI_API_KEY")
#: Bytes of an answer that are read at most.
MAX_BYTES = 16 * 2**20
_PIECE = 65536


class Refused(Exception):
    """Say that the server understood and will not: status and what it said."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"the server refused it ({status}): {said}" if said else f"status {status}")
        self.status = status
        self.said = said


class Busy(Exception):
    """Say that the server has too much to do; `after` is how long it asks to be left alone."""

    def __init__(self, status: int, after: float | None) -> None:
        super().__init__(f"the server is busy (status {status})")
        self.after = after


class Broken(Exception):
    """Say that an answer did not come whole; asking again may help. `raw` is what came."""

    def __init__(self, why: str, raw: bytes = b"", *, late: bool = False) -> None:
        super().__init__(why)
        self.raw = raw
        #: It did not come in time.
        self.late = late


class Unreachable(Exception):
    """Say that there is no connection to the server at all."""


class Transport:
    """Send requests to one base URL; use it from many threads."""

    def __init__(
        self, base_url: str, *, key: str = "", connections: int = 16, timeout: float = 120.0
    ) -> None:
        self.base_url = _checked(base_url)
        self._key = key.encode()
        self.timeout = timeout
        self._pool = _pool(self.base_url, connections, timeout)
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        self._headers["User-Agent"] = "mindgraph"
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def post(self, path: str, body: bytes) -> bytes:
        """Return the body of a good answer; raises Refused, Busy, Broken, Unreachable or LVLMError."""
        return self._send("POST", path, body)

    def get(self, path: str) -> bytes:
        """Return the body of a good answer; raises as `post` does."""
        return self._send("GET", path, None)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._pool.clear()

    def _send(self, method: str, path: str, body: bytes | None) -> bytes:
        deadline = time.monotonic() + self.timeout
        try:
            response = self._pool.request(
                method,
                self.base_url + path,
                body=body,
                headers=self._headers,
                preload_content=False,
                redirect=False,
                retries=False,
            )
        except (NewConnectionError, NameResolutionError, ConnectTimeoutError, ProxyError) as error:
            raise Unreachable(self._hidden(_reason(error))) from None
        except SSLError as error:
            raise LVLMError(
                f"{self.base_url}: no safe connection: {self._hidden(_reason(error))}",
                hint="Name the file of its certificate authority in SSL_CERT_FILE, or mend the address.",
            ) from None
        except (HTTPError, OSError) as error:
            WATCH.end()
            late = isinstance(error, TimeoutError) or time.monotonic() >= deadline
            why = f"no answer within {self.timeout:g} s" if late else _reason(error)
            raise Broken(self._hidden(why), late=late) from None
        try:
            return self._judged(response, self._read(response, deadline))
        finally:
            WATCH.end()
            response.release_conn()

    def _read(self, response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        """Return the body, piece by piece, never more than is sane and never after the deadline."""
        pieces: list[bytes] = []
        size = 0
        try:
            while piece := response.read1(_PIECE):
                pieces.append(piece)
                size += len(piece)
                if size > MAX_BYTES or time.monotonic() > deadline:
                    what = f"{size} bytes" if size > MAX_BYTES else f"{self.timeout:g} s"
                    response.close()
                    raise Broken(f"the answer did not end after {what}", self._clean(b"".join(pieces)))
        except (HTTPError, OSError) as error:
            response.close()
            why = _named(error, self.timeout)
            raise Broken(
                self._hidden(f"the answer broke off: {why}"), self._clean(b"".join(pieces))
            ) from None
        return self._clean(b"".join(pieces))

    def _judged(self, response: urllib3.BaseHTTPResponse, body: bytes) -> bytes:
        status = response.status
        if status == 200:
            return body
        if status in (401, 403):
            raise LVLMError(
                f"{self.base_url} refuses the key (status {status}): {_said(body)}",
                hint=f"Set {KEYS[0]} (or {KEYS[1]}) in the environment; it is stored nowhere.",
            )
        if status == 404 or 300 <= status < 400:
            where = response.headers.get("Location") or _said(body)
            raise LVLMError(
                f"{self.base_url} does not serve chat completions there (status {status}): "
                f"{self._hidden(where)}",
                hint="The address usually ends in /v1; is the model's name one that the server has?",
            )
        if status in (408, 429, 503, 529):
            raise Busy(status, retry_after(response.headers.get("Retry-After")))
        if 400 <= status < 500:
            raise Refused(status, _said(body))
        raise Broken(f"status {status}: {_said(body)}", body)

    def _clean(self, body: bytes) -> bytes:
        """Return what a server said without the key, should it repeat it."""
        return body.replace(self._key, b"***") if self._key else body

    def _hidden(self, text: str) -> str:
        return text.replace(self._key.decode(), "***") if self._key else text


def key_from_environment() -> str:
    """Return the key for servers; empty where none is set."""
    return next((os.environ[name].strip() for name in KEYS if os.environ.get(name, "").strip()), "")


def retry_after(value: str | None) -> float | None:
    """Return the seconds that a `Retry-After` header asks for; it may be a number or a date."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _checked(base_url: str) -> str:
    parts = urllib.parse.urlsplit(base_url.strip())
    if parts.username or parts.password:
        raise SettingsError(
            f"The address of {parts.hostname} holds a name or a password.",
            hint=f"Set the key as {KEYS[0]} in the environment: addresses are stored, keys are not.",
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(
            f"{base_url!r} is no address of a server.", hint="For example http://localhost:8000/v1"
        )
    return base_url.strip().rstrip("/")


def _pool(base_url: str, connections: int, timeout: float) -> urllib3.PoolManager:
    limits = urllib3.Timeout(connect=min(timeout, 10.0), read=timeout)
    proxy = _proxy(base_url)
    try:
        if proxy:
            return watched(urllib3.ProxyManager(proxy, maxsize=connections, timeout=limits))
        return watched(urllib3.PoolManager(maxsize=connections, timeout=limits))
    except LocationParseError as error:
        raise SettingsError(f"The proxy of the environment cannot be used: {error}.") from error


def _proxy(base_url: str) -> str | None:
    """Return the proxy that the environment names for an address; a machine needs none to itself."""
    parts = urllib.parse.urlsplit(base_url)
    host = parts.hostname or ""
    if host == "localhost" or host.startswith("127.") or host == "::1" or urllib.request.proxy_bypass(host):
        return None
    found = urllib.request.getproxies().get(parts.scheme)
    return found if found is None or "://" in found else f"http://{found}"


def _reason(error: BaseException) -> str:
    """Return the last cause in words."""
    inner = getattr(error, "original_error", None) or getattr(error, "__cause__", None) or error
    return (
        str(getattr(inner, "strerror", None) or inner).split(" object at ")[0].strip() or type(inner).__name__
    )


def _named(error: BaseException, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout:g} s"
    return _reason(error)


def _said(body: bytes) -> str:
    """Return what a server says in an error, in one short line."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = body.decode("utf-8", "replace")
    while isinstance(found, dict):
        found = found.get("error", found.get("message", found.get("detail", ""))) or ""
    return " ".join(str(found).split())[:300]
