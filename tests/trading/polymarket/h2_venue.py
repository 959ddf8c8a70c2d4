"""A venue that speaks HTTP/2 over TLS on a real socket, as the real one does and the simulator does not."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded

HOST: Final = "127.0.0.1"


class H2Venue:
    """Answers every request with its own body. ``silent`` and ``parting`` change what the next ones get."""

    def __init__(self) -> None:
        self.connections = 0
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.silent = False  # takes the request and says nothing
        self.parting = False  # says good-bye after the answer
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        wire = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        wire.initiate_connection()
        bodies: dict[int, bytes] = {}
        try:
            while True:
                writer.write(wire.data_to_send())
                received = await reader.read(65_536)
                if not received:
                    break
                for event in wire.receive_data(received):
                    if isinstance(event, RequestReceived):
                        bodies[event.stream_id] = b""
                        self.headers.append({str(name): str(value) for name, value in event.headers})
                    elif isinstance(event, DataReceived):
                        bodies[event.stream_id] += event.data
                        wire.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, StreamEnded):
                        self._answer(wire, event.stream_id, bodies.pop(event.stream_id))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _answer(self, wire: H2Connection, stream: int, body: bytes) -> None:
        self.bodies.append(body)
        if self.silent:
            return
        wire.send_headers(stream, [(":status", "200"), ("content-length", str(len(body)))])
        wire.send_data(stream, body, end_stream=True)
        if self.parting:
            wire.close_connection()


def certificate(folder: Path) -> Path:
    """A key and a certificate of its own for this host, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "venue.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@asynccontextmanager
async def running(venue: H2Venue, pem: Path) -> AsyncIterator[H2Venue]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    tls.set_alpn_protocols(["h2"])
    server = await asyncio.start_server(venue.serve, HOST, 0, ssl=tls)
    venue.url = f"https://{HOST}:{server.sockets[0].getsockname()[1]}"
    try:
        yield venue
    finally:
        server.close()
