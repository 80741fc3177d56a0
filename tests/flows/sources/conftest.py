"""A real web server on this machine that can do everything wrong that servers do."""

import gzip
import json
import ssl
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from flows.sources.web_rules import Policy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode() if length else ""
        path = self.path.split("?")[0]
        self.server.asked.append((self.command, self.path, dict(self.headers), body, time.monotonic()))
        replies = self.server.replies.get(path, [plain(b"not here", status=404)])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        try:
            reply(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_words):
        pass


def plain(body, *, status=200, kind="application/json", packed=False, **headers):
    """A decent answer; bytes, text or anything JSON can hold."""
    data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    data = gzip.compress(data) if packed else data

    def reply(handler):
        handler.send_response(status)
        if kind:
            handler.send_header("Content-Type", kind)
        if packed:
            handler.send_header("Content-Encoding", "gzip")
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(data)

    return reply


def versioned(body, *, etag):
    """An answer that says 304 to whoever has this version."""

    def reply(handler):
        if handler.headers.get("If-None-Match") == etag:
            handler.send_response(304)
            handler.send_header("ETag", etag)
            handler.end_headers()
        else:
            plain(body, kind="text/csv", ETag=etag)(handler)

    return reply


def hanging(seconds):
    def reply(handler):
        time.sleep(seconds)
        plain({})(handler)

    return reply


def dripping(body, *, pause):
    """One byte at a time: every read is in time, the whole never is."""

    def reply(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        for byte in body:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(pause)

    return reply


def truncated(body, *, packed=False):
    """Promises the whole, sends half, hangs up."""
    data = gzip.compress(body) if packed else body

    def reply(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        if packed:
            handler.send_header("Content-Encoding", "gzip")
            handler.send_header("Connection", "close")
            handler.end_headers()
            handler.wfile.write(data[: len(data) // 2])
        else:
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data[: len(data) // 2])
        handler.wfile.flush()
        handler.close_connection = True

    return reply


def hung_up(handler):
    handler.close_connection = True
    handler.connection.close()


class Server:
    """The server's script and what it was asked."""

    def __init__(self, *, context=None):
        self.web = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.web.daemon_threads = True
        self.web.replies, self.web.asked = {}, []
        if context is not None:
            self.web.socket = context.wrap_socket(self.web.socket, server_side=True)
        self.url = f"{'http' if context is None else 'https'}://127.0.0.1:{self.web.server_port}"
        self.thread = threading.Thread(target=self.web.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def says(self, path, *replies):
        """From now on, these answers to that path in turn; the last one for ever."""
        self.web.replies[path] = list(replies)

    @property
    def asked(self):
        return self.web.asked

    def close(self):
        self.web.shutdown()
        self.web.server_close()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()


def policy(**more):
    """Allowed to call this machine; patient, because a busy machine is slow without any fault of the source."""
    fields = {
        "hosts": frozenset({"127.0.0.1", "localhost"}),
        "own_network": True,
        "plain_http": True,
        "tries": 3,
        "read_seconds": 30.0,
        "connect_seconds": 30.0,
        "total_seconds": 60.0,
        "backoff": 0.02,
        "longest_wait": 2.0,
    }
    return Policy(**(fields | more))  # fmt: skip


@contextmanager
def tls_server(folder, *, name="localhost", days=2):
    """(server, certificate file): a server with a certificate that it signed itself."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / f"{name}{days}.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    made = Server(context=context)
    made.url = made.url.replace("127.0.0.1", "localhost")
    yield made, pem
    made.close()
