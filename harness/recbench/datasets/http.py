"""Opening an address under rules: https only, few redirects, bounded waiting.

The standard library is enough here. requests (which pooch needs) would add five
packages and neither checks the byte count nor resumes.
"""

import http.client
import ipaddress
import socket
import threading
import time
import urllib.error
import urllib.request
from functools import partial
from typing import IO
from urllib.parse import urlsplit

from recbench.errors import DataError

AGENT = "recbench (+https://pypi.org/project/recbench-harness)"
MAX_REDIRECTS = 5


class UnreachableError(DataError):
    """Nobody answers at the address: another source may serve."""


class TransientError(Exception):
    """A failure that another attempt may mend.

    Attributes:
        wait: Seconds that the server asked for, or None.
    """

    def __init__(self, reason: str, wait: float | None = None) -> None:
        """Keep the reason and the wish of the server."""
        super().__init__(reason)
        self.wait = wait


def is_loopback(host: str | None) -> bool:
    """Return whether the host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _is_private(host: str | None) -> bool:
    """Return whether the host is written as an address that is not public."""
    try:
        return not ipaddress.ip_address(host or "").is_global
    except ValueError:
        return host == "localhost"


def check_address(url: str, *, loopback: bool) -> None:
    """Refuse an address that is not https.

    Args:
        url: The address.
        loopback: Whether plain http to this machine is fine too (for tests).

    Raises:
        DataError: If it is refused.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if loopback and parts.scheme == "http" and is_loopback(parts.hostname):
        return
    msg = f"{url} is refused: only https addresses are read"
    raise DataError(msg)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to where we would have gone by ourselves."""

    max_redirections = MAX_REDIRECTS

    def __init__(self, *, loopback: bool) -> None:
        self._loopback = loopback

    def redirect_request(  # noqa: PLR0917 - the base class's signature
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        after = urlsplit(newurl)
        stays = self._loopback and is_loopback(after.hostname)
        public = after.scheme == "https" and not _is_private(after.hostname)
        if not public and not stays:
            reason = f"{req.full_url} redirects to {newurl}, which is refused: "
            raise DataError(reason + "only public https addresses are followed")
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made is not None:
            for name in ("Range", "If-range"):  # the base class drops neither
                if req.has_header(name):
                    made.add_unredirected_header(name, str(req.get_header(name)))
        return made


def _connect(
    address: tuple[str, int], patience: float, source: tuple[str, int] | None = None
) -> socket.socket:
    """Connect within so many seconds in all, the look-up of the name included."""
    deadline = time.monotonic() + patience
    found: list[object] = []

    def resolve() -> None:
        try:
            found.extend(socket.getaddrinfo(*address, type=socket.SOCK_STREAM))
        except OSError as error:
            found.append(error)

    # getaddrinfo knows no time limit; a thread that hangs is left behind
    thread = threading.Thread(target=resolve, daemon=True)
    thread.start()
    thread.join(patience)
    if not found:
        msg = f"the name {address[0]} was not resolved in {patience:g} s"
        raise TimeoutError(msg)
    last: OSError = TimeoutError(f"no connection in {patience:g} s")
    for entry in found:
        if isinstance(entry, OSError):
            raise entry
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection(entry[4][:2], left, source)  # type: ignore[index]  # getaddrinfo's tuples
        except OSError as error:
            last = error
    raise last


class _Http(http.client.HTTPConnection):
    """A connection whose time limits for connecting and for reading differ."""

    def __init__(self, host: str, *, connect: float, timeout: float) -> None:
        super().__init__(host, timeout=connect)
        # the standard library's own seam, called with (address, timeout, source)
        self._create_connection = _connect
        self._read_seconds = timeout

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(self._read_seconds)


class _Https(http.client.HTTPSConnection):
    """The same over TLS; the handshake counts as connecting."""

    def __init__(self, host: str, *, connect: float, timeout: float) -> None:
        super().__init__(host, timeout=connect)
        self._create_connection = _connect
        self._read_seconds = timeout

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(self._read_seconds)


class _HttpHandler(urllib.request.HTTPHandler):
    def __init__(self, connect: float) -> None:
        super().__init__()
        self._connect = connect

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_Http, connect=self._connect), req)


class _HttpsHandler(urllib.request.HTTPSHandler):
    def __init__(self, connect: float) -> None:
        super().__init__()
        self._connect = connect

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_Https, connect=self._connect), req)


def open_url(
    url: str,
    *,
    headers: dict[str, str] | None = None,
    connect_seconds: float,
    stall_seconds: float,
    loopback: bool = False,
) -> http.client.HTTPResponse:
    """Ask for an address.

    Args:
        url: An https address.
        headers: More headers.
        connect_seconds: Limit for finding and reaching the server.
        stall_seconds: Limit for each wait on an open connection.
        loopback: Whether plain http to this machine is fine too (for tests).

    Returns:
        The open response, status 2xx.

    Raises:
        DataError: If the address or where it leads is refused.
        UnreachableError: If nobody answers.
        urllib.error.HTTPError: If the server answers with an error.
        TransientError: If the connection breaks before the answer.
    """
    check_address(url, loopback=loopback)
    proxies: dict[str, str] | None = {} if is_loopback(urlsplit(url).hostname) else None
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(proxies),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        _Redirects(loopback=loopback),
        urllib.request.HTTPErrorProcessor(),
        _HttpHandler(connect_seconds),
        _HttpsHandler(connect_seconds),
    ):
        opener.add_handler(handler)
    base = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
    request = urllib.request.Request(url, headers={**base, **(headers or {})})  # noqa: S310 - the scheme was checked
    try:
        return opener.open(request, timeout=stall_seconds)  # type: ignore[no-any-return]  # opener knows only handlers of http(s)
    except urllib.error.HTTPError:
        raise
    except urllib.error.URLError as error:
        msg = f"{urlsplit(url).hostname} cannot be reached: {error.reason}"
        raise UnreachableError(msg) from error
    except (OSError, http.client.HTTPException) as error:
        name = type(error).__name__
        msg = f"the connection broke before the answer ({name}: {error})"
        raise TransientError(msg) from error
