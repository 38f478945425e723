"""A server on this machine that fails in every way we know of."""

import email.utils
import errno
import hashlib
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from recbench.datasets import http, part
from recbench.datasets.download import Limits, download
from recbench.datasets.publisher import published_md5
from recbench.errors import DataError

BODY = bytes(range(256)) * 1200  # 300 KiB
SIZE = len(BODY)
SHA256 = hashlib.sha256(BODY).hexdigest()
HTML = b"<!DOCTYPE html><html><head><title>Log in &amp; pay</title></head></html>"
FAST = Limits(connect_seconds=2.0, stall_seconds=0.3, attempts=3, patience_seconds=30.0)


def head(status="200 OK", *lines, length=SIZE):
    """Return the head of an answer."""
    sizes = () if length is None else (f"Content-Length: {length}",)
    text = "\r\n".join((f"HTTP/1.1 {status}", "Connection: close", *sizes, *lines))
    return text.encode() + b"\r\n\r\n"


class Server:
    """Answers each request with the next of the given functions (the last for ever)."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/data.zip"
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while not self.stopped.is_set():
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client):
        with client:
            text = b""
            while b"\r\n\r\n" not in text:
                got = client.recv(65536)
                if not got:
                    return
                text += got
            lines = text.decode().split("\r\n")
            fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
            fields = {name.lower(): value for name, value in fields.items()}
            number = len(self.requests)
            self.requests.append(SimpleNamespace(line=lines[0], fields=fields))
            answer = self.answers[min(number, len(self.answers) - 1)]
            with suppress(OSError):
                answer(client, fields)

    def close(self):
        self.stopped.set()
        self.socket.close()


@contextmanager
def serving(*answers):
    server = Server(*answers)
    try:
        yield server
    finally:
        server.close()


def whole(client, _fields):
    client.sendall(head("200 OK", 'ETag: "one"') + BODY)


def sends(content):
    return lambda client, _fields: client.sendall(content)


def cut(at, *lines):
    """Return an answer that promises everything and stops after ``at`` bytes."""

    def answer(client, _fields):
        client.sendall(head("200 OK", *lines) + BODY[:at])

    return answer


def rest(client, fields):
    """Answer a range request as it should be."""
    start = int(fields["range"].removeprefix("bytes=").removesuffix("-"))
    piece = BODY[start:]
    span = f"Content-Range: bytes {start}-{len(BODY) - 1}/{len(BODY)}"
    client.sendall(head("206 Partial Content", span, length=len(piece)) + piece)


def reset(client, _fields):
    client.sendall(head() + BODY[:1000])
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def silent(client, _fields):
    time.sleep(2)
    client.close()


def stalls(client, _fields):
    client.sendall(head() + BODY[:1000])
    time.sleep(2)


def drips(client, _fields):
    client.sendall(head())
    for _ in range(200):
        client.sendall(b"x")
        time.sleep(0.02)


def endless(client, _fields):
    client.sendall(head(length=None))
    while True:
        client.sendall(BODY)


def chunked(cut_short):
    def answer(client, _fields):
        client.sendall(head("200 OK", "Transfer-Encoding: chunked", length=None))
        for start in range(0, len(BODY), 65536):
            chunk = BODY[start : start + 65536]
            client.sendall(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            if cut_short:
                return
        client.sendall(b"0\r\n\r\n")

    return answer


@pytest.fixture
def get(tmp_path):
    """Return a function that downloads, and checks that no scrap is left behind."""
    folder = tmp_path / "cache"
    waits = []

    def run(url, **options):
        path = folder / "data.zip"
        options.setdefault("sha256", SHA256)
        options.setdefault("limits", FAST)
        try:
            return download(url, path, loopback=True, sleep=waits.append, **options)
        finally:
            left = sorted(p.name for p in folder.iterdir())
            assert left in ([], ["data.zip"])
            if left:
                assert path.read_bytes() == BODY

    run.folder, run.waits = folder, waits
    return run


def test_a_good_answer(get):
    with serving(whole) as server:
        path = get(server.url)

    assert path.read_bytes() == BODY
    assert path.stat().st_mode & 0o777 == 0o644
    assert server.requests[0].fields["accept-encoding"] == "identity"
    assert "recbench" in server.requests[0].fields["user-agent"]


MENDED = {
    "truncated, then whole": (cut(1000), whole),
    "truncated, then the rest": (cut(100_000, 'ETag: "one"'), rest),
    "truncated twice, then the rest": (
        cut(100_000, 'ETag: "one"'),
        cut(50, 'ETag: "one"'),
        rest,
    ),
    "rest by date": (
        cut(100_000, "Last-Modified: Tue, 24 Nov 2020 00:00:00 GMT"),
        rest,
    ),
    "reset": (reset, whole),
    "stall": (stalls, whole),
    "drip": (drips, whole),
    "no answer": (silent, whole),
    "closed without an answer": (sends(b""), whole),
    "range ignored": (cut(100_000, 'ETag: "one"'), whole),
    "file changed between": (cut(100_000, 'ETag: "zero"'), whole),
    "wrong range": (
        cut(100_000, 'ETag: "one"'),
        sends(
            head("206 Partial Content", "Content-Range: bytes 5-9/300", length=5)
            + b"abcde"
        ),
        whole,
    ),
    "range that does not fit": (
        cut(100_000, 'ETag: "one"'),
        sends(head("416 Range Not Satisfiable", length=0)),
        whole,
    ),
    "pieces of two versions": (
        cut(100_000, 'ETag: "one"'),
        sends(
            head(
                "206 Partial Content",
                f"Content-Range: bytes 100000-{len(BODY) - 1}/{len(BODY)}",
                length=len(BODY) - 100_000,
            )
            + b"?" * (len(BODY) - 100_000)
        ),
        whole,
    ),
    "busy": (sends(head("503 Service Unavailable", length=0)), whole),
    "too many requests": (
        sends(head("429 Too Many Requests", "Retry-After: 7", length=0)),
        whole,
    ),
    "no length": (lambda c, _f: c.sendall(head(length=None) + BODY),),
    "chunked": (chunked(cut_short=False),),
    "chunked and cut": (chunked(cut_short=True), whole),
}


@pytest.mark.parametrize("name", MENDED)
def test_a_fault_that_another_attempt_mends(get, name):
    with serving(*MENDED[name]) as server:
        path = get(server.url)

    assert path.read_bytes() == BODY
    assert len(server.requests) == len(MENDED[name])


def test_the_rest_is_asked_for_from_where_it_broke(get):
    with serving(cut(100_000, 'ETag: "one"'), rest) as server:
        get(server.url)

    assert server.requests[1].fields["range"] == "bytes=100000-"
    assert server.requests[1].fields["if-range"] == '"one"'


def test_a_weak_etag_does_not_resume(get):
    with serving(cut(100_000, 'ETag: W/"one"'), whole) as server:
        get(server.url)

    assert "range" not in server.requests[1].fields


REFUSED = {
    "page instead of the file": (
        sends(head("200 OK", length=len(HTML)) + HTML),
        r"HTML page \(title 'Log in & pay'\)",
    ),
    "page with a byte order mark": (
        sends(head("200 OK", length=len(HTML) + 3) + b"\xef\xbb\xbf" + HTML),
        "HTML page",
    ),
    "page without a title": (
        sends(head("200 OK", length=18) + b"<html>hello</html>"),
        "HTML page",
    ),
    "another file": (
        sends(head("200 OK", length=5) + b"other"),
        rf"SHA-256 is \w{{64}}, not {SHA256}",
    ),
    "one byte changed": (
        sends(head() + b"!" + BODY[1:]),
        "is not the file expected",
    ),
    "not found": (sends(head("404 Not Found", length=0)), "answers 404 Not Found"),
    "forbidden": (sends(head("403 Forbidden", length=0)), "answers 403"),
    "larger than allowed": (
        sends(head("200 OK", length=10**12)),
        r"1,000,000,000,000 bytes long, more than the",
    ),
    "endless": (endless, "does not end after the"),
    "ten times what it says": (
        lambda c, _f: c.sendall(head("200 OK", length=100) + BODY),
        "not the file expected",
    ),
    "compressed on the way": (
        sends(head("200 OK", "Content-Encoding: gzip") + BODY),
        "encoding 'gzip', which was not asked for",
    ),
    "piece without asking": (
        sends(
            head("206 Partial Content", "Content-Range: bytes 0-4/5", length=5)
            + b"abcde"
        ),
        "sends a piece",
    ),
    "always truncated": (cut(1000), r"only 1,000 of 307,200 bytes.*3 attempts"),
    "always reset": (reset, "connection broke after"),
    "always silent": (silent, "connection broke before the answer"),
    "always busy": (sends(head("503 Busy", length=0)), r"answers 503 Busy \(3 att"),
    "asks for an hour": (
        sends(head("429 Slow", "Retry-After: 3600", length=0)),
        "asks to wait 3600 s",
    ),
    "no http at all": (sends(b"SSH-2.0-OpenSSH\r\n"), "BadStatusLine"),
    "redirect to a file": (
        sends(head("302 Found", "Location: file:///etc/passwd", length=0)),
        "file:///etc/passwd' is not allowed",
    ),
    "redirect to ftp": (
        sends(head("302 Found", "Location: ftp://example.org/x", length=0)),
        "redirects to ftp",
    ),
    "redirect to plain http elsewhere": (
        sends(head("302 Found", "Location: http://93.184.216.34/x", length=0)),
        "redirects to http://93.184.216.34/x, which is refused",
    ),
    "redirect to a private address": (
        sends(head("302 Found", "Location: https://10.0.0.1/x", length=0)),
        "redirects to https://10.0.0.1/x, which is refused",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_fault_that_is_refused(get, name):
    answer, message = REFUSED[name]
    limits = Limits(
        max_bytes=1 << 20, connect_seconds=2.0, stall_seconds=0.3, attempts=3
    )
    with serving(answer) as server, pytest.raises(DataError, match=message):
        get(server.url, limits=limits)


def test_a_piece_from_elsewhere_is_noticed_without_a_checksum(get):
    wrong = sends(
        head("206 Partial", f"Content-Range: bytes 5-9/{SIZE}", length=SIZE - 100_000)
        + b"?" * (SIZE - 100_000)
    )
    with serving(cut(100_000, 'ETag: "one"'), wrong, whole) as server:
        get(server.url, sha256=None)


def test_a_drip_is_told_from_a_stall(get):
    lines = []
    with serving(drips, whole) as server:
        get(server.url, log=lines.append)

    assert "fewer than 1024 bytes a second arrive" in lines[0]


def test_redirects_end(get):
    server_url = []

    def around(client, _fields):
        client.sendall(head("302 Found", f"Location: {server_url[0]}?x", length=0))

    with serving(around) as server:
        server_url.append(server.url)
        with pytest.raises(DataError, match="redirect"):
            get(server.url)
    assert len(server.requests) < 10


def test_a_redirect_keeps_the_range(get):
    with serving(rest) as other:

        def elsewhere(client, _fields):
            client.sendall(head("302 Found", f"Location: {other.url}", length=0))

        with serving(cut(100_000, 'ETag: "one"'), elsewhere) as server:
            get(server.url)

    assert other.requests[0].fields["range"] == "bytes=100000-"


def test_retry_after_as_a_date_is_honoured(get):
    when = email.utils.formatdate(time.time() + 9, usegmt=True)
    busy = sends(head("503 Busy", f"Retry-After: {when}", length=0))
    with serving(busy, whole) as server:
        get(server.url)

    assert 6 < get.waits[0] < 10


def test_retry_after_in_seconds_is_honoured(get):
    with serving(MENDED["too many requests"][0], whole) as server:
        get(server.url)

    assert get.waits == [7.0]


def test_waits_grow(get):
    busy = sends(head("503 Busy", length=0))
    with serving(busy) as server, pytest.raises(DataError):
        get(server.url)

    assert get.waits == [0.5, 1.0]


def test_attempts_count_from_one_again_after_progress(tmp_path):
    body = os.urandom(8 << 20)

    def piece(client, fields):
        start = int(fields.get("range", "bytes=0-")[6:-1])
        end = min(start + (2 << 20), len(body))
        if start:
            span = f"Content-Range: bytes {start}-{len(body) - 1}/{len(body)}"
            first = head("206 Partial", span, length=len(body) - start)
        else:
            first = head("200 OK", 'ETag: "one"', length=len(body))
        client.sendall(first + body[start:end])

    with serving(piece) as server:
        path = download(
            server.url,
            tmp_path / "file",
            sha256=hashlib.sha256(body).hexdigest(),
            limits=Limits(attempts=2),
            loopback=True,
            sleep=lambda _s: None,
        )
    assert path.read_bytes() == body
    assert len(server.requests) == 4


def test_plain_http_is_refused(tmp_path):
    with pytest.raises(DataError, match="only https"):
        download("http://127.0.0.1/x", tmp_path / "x")
    with pytest.raises(DataError, match="only https"):
        download("http://example.org/x", tmp_path / "x", loopback=True)
    with pytest.raises(DataError, match="only https"):
        download("file:///etc/passwd", tmp_path / "x", loopback=True)
    assert list(tmp_path.iterdir()) == []


def test_a_closed_port_costs_no_time(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(http.UnreachableError, match="cannot be reached"):
        download(f"https://127.0.0.1:{port}/x", tmp_path / "x")
    assert time.monotonic() - begun < 2


def test_a_name_that_never_resolves_costs_seconds(tmp_path, monkeypatch):
    given_up = threading.Event()

    def never(*_args, **_named):
        given_up.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", never)
    begun = time.monotonic()
    with pytest.raises(http.UnreachableError, match=r"not resolved in 0\.3 s"):
        download(
            "https://example.org/x", tmp_path / "x", limits=Limits(connect_seconds=0.3)
        )
    assert time.monotonic() - begun < 3
    given_up.set()  # lets the thread that waits for the name end with this test


def test_a_host_with_many_dead_addresses_costs_seconds(tmp_path, monkeypatch):
    dead = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"10.255.255.{n}", 443))
        for n in range(20)
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: dead)

    def hang(_address, timeout, _source=None):
        time.sleep(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", hang)
    begun = time.monotonic()
    with pytest.raises(http.UnreachableError):
        download(
            "https://example.org/x", tmp_path / "x", limits=Limits(connect_seconds=0.3)
        )
    assert time.monotonic() - begun < 2


def test_a_server_that_never_shakes_hands_costs_seconds(tmp_path):
    with serving(whole) as server:
        url = server.url.replace("http:", "https:")
        begun = time.monotonic()
        with pytest.raises(http.UnreachableError, match="handshake"):
            download(url, tmp_path / "x", limits=Limits(connect_seconds=0.3))
    assert time.monotonic() - begun < 3


@pytest.fixture
def certificate(tmp_path):
    """Return a certificate of this machine, signed by nobody, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("making a certificate takes openssl")
    key, made = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=here",
    ]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made, key


@contextmanager
def serving_tls(certificate, *answers):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*map(str, certificate))

    class Secure(Server):
        def _answer(self, client):
            try:
                super()._answer(tls.wrap_socket(client, server_side=True))
            except OSError:
                client.close()

    server = Secure(*answers)
    try:
        yield server.url.replace("http:", "https:"), server
    finally:
        server.close()


def test_an_unknown_certificate_is_refused(certificate, tmp_path):
    with (
        serving_tls(certificate, whole) as (url, server),
        pytest.raises(DataError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        download(url, tmp_path / "x", sha256=SHA256)
    assert server.requests == []


def test_https_with_a_trusted_certificate(certificate, get, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with serving_tls(certificate, cut(100_000, 'ETag: "one"'), rest) as (url, server):
        assert get(url).read_bytes() == BODY
    assert len(server.requests) == 2


def test_https_never_falls_back_to_http(certificate, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with serving(whole) as plain:
        location = f"Location: {plain.url}"
        down = sends(head("301 Moved Permanently", location, length=0))
        with (
            serving_tls(certificate, down) as (url, _),
            pytest.raises(DataError, match=r"redirects to http:.*is refused"),
        ):
            download(url, tmp_path / "x")
    assert plain.requests == []


def test_a_full_disk_is_said_before_anything_is_written(get, monkeypatch):
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _p: SimpleNamespace(total=1, used=1, free=1000)
    )
    with serving(whole) as server, pytest.raises(DataError) as error:
        get(server.url)
    assert "the disk is full" in str(error.value)
    assert "307,200 bytes more" in str(error.value)
    assert "RECBENCH_CACHE" in str(error.value)


def test_an_error_of_the_disk_is_no_reason_to_retry(get, monkeypatch):
    def full(self, chunk):
        raise self._failed(OSError(errno.ENOSPC, "No space left on device"), len(chunk))

    monkeypatch.setattr(part.Part, "write", full)
    with serving(whole) as server, pytest.raises(DataError, match="disk is full"):
        get(server.url)
    assert len(server.requests) == 1


def test_a_cache_that_is_a_file_is_explained(tmp_path):
    (tmp_path / "cache").write_text("")
    with serving(whole) as server, pytest.raises(DataError) as error:
        download(server.url, tmp_path / "cache" / "x", loopback=True)
    assert f"cannot write to {tmp_path / 'cache'}" in str(error.value)
    assert "RECBENCH_CACHE" in str(error.value)


SMALL_DISK = """
import sys
from pathlib import Path
from recbench.datasets.download import download
from recbench.errors import DataError
if sys.argv[2] == "unknown":  # the size shows only while writing
    import shutil
    shutil.disk_usage = lambda p: type("U", (), {"free": 10**12})
try:
    download(sys.argv[1], Path("/mnt/x"), loopback=True)
except DataError as error:
    print(error)
print(sorted(p.name for p in Path("/mnt").iterdir()))
"""


@pytest.mark.parametrize(
    ("mount", "mode", "message"),
    [
        ("size=64k", "known", "the disk is full"),
        ("size=64k", "unknown", "the disk is full"),
        ("size=4m,ro", "known", "cannot write to /mnt: Read-only file system"),
    ],
    ids=["full, foreseen", "full, by surprise", "read-only"],
)
def test_a_real_small_disk(mount, mode, message):
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("mounting a small disk takes root and unshare")
    command = f'mount -t tmpfs -o {mount} tmpfs /mnt && exec "$@"'
    with serving(whole) as server:
        code = [sys.executable, "-c", SMALL_DISK, server.url, mode]
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", command, "sh", *code],
            capture_output=True,
            text=True,
            check=False,
        )
    if "unshare failed" in done.stderr or "mount:" in done.stderr:
        pytest.skip("this machine forbids mounting")
    assert message in done.stdout, done.stderr
    assert done.stdout.rstrip().endswith("[]")


def test_what_a_killed_download_left_is_swept_after_a_day(get):
    get.folder.mkdir()
    old, young = (get.folder / f".data.zip.{n}.part" for n in ("old", "young"))
    for left in (old, young):
        left.write_bytes(b"x")
    os.utime(old, (0, 0))
    with serving(whole) as server:
        download(server.url, get.folder / "data.zip", sha256=SHA256, loopback=True)
    assert not old.exists()
    assert young.exists()


def test_eight_processes_at_once_end_with_one_good_file(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from recbench.datasets.download import download\n"
        "download(sys.argv[1], Path(sys.argv[2]), sha256=sys.argv[3], loopback=True)"
    )
    path = tmp_path / "data.zip"
    with serving(whole) as server:
        command = [sys.executable, "-c", code, server.url, str(path), SHA256]
        running = [subprocess.Popen(command) for _ in range(8)]
        assert [one.wait() for one in running] == [0] * 8
    assert [p.name for p in tmp_path.iterdir()] == ["data.zip"]
    assert path.read_bytes() == BODY


def test_a_killed_download_leaves_no_file_of_the_name(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from recbench.datasets.download import download\n"
        "download(sys.argv[1], Path(sys.argv[2]), loopback=True)"
    )
    begun = threading.Event()

    def waits(client, _fields):
        client.sendall(head() + BODY[:200_000])
        begun.set()
        time.sleep(20)

    path = tmp_path / "data.zip"
    with serving(waits) as server:
        running = subprocess.Popen([sys.executable, "-c", code, server.url, str(path)])
        assert begun.wait(20)
        running.kill()
        running.wait()
    assert not path.exists()
    assert len(list(tmp_path.iterdir())) <= 1


def test_the_publishers_md5_is_found_in_any_of_its_forms():
    md5 = "ce571fd55effeba0271552578f2648bd"
    for text in (f"{md5}  ml.zip\n", f"MD5 (ml.zip) = {md5.upper()}\n", md5):
        with serving(sends(head(length=len(text)) + text.encode())) as server:
            assert published_md5(server.url, loopback=True) == md5
    with serving(sends(head("404 Not Found", length=0))) as server:
        assert published_md5(server.url, loopback=True) is None
    with serving(sends(head(length=5) + b"hello")) as server:
        assert published_md5(server.url, loopback=True) is None


def test_the_byte_count_matters_even_without_a_checksum(tmp_path):
    with serving(cut(1000)) as server, pytest.raises(DataError, match="only 1,000 of"):
        download(
            server.url, tmp_path / "x", limits=FAST, loopback=True, sleep=lambda _s: 0
        )
    assert list(Path(tmp_path).iterdir()) == []
