# SPDX-License-Identifier: Apache-2.0
"""What stands between a bank and the world: a proxy with a password, one that holds answers back, a private CA."""

import asyncio
import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

_END = b"\r\n\r\n"


class Proxy:
    """One proxy on loopback. What it was asked for stands in `asked`, with the status that it gave."""

    def __init__(self, password: str = "") -> None:
        self.port = 0
        self.asked: list[tuple[str, int]] = []
        self._wanted = "Basic " + base64.b64encode(password.encode()).decode() if password else ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(_END)
            method, target, _ = head.split(b" ", 2)
            if self._wanted and f"proxy-authorization: {self._wanted}".lower() not in head.decode().lower():
                self.asked.append((target.decode(), 407))
                writer.write(
                    b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="bank"'
                )
                writer.write(b"\r\nContent-Length: 0" + _END)
                await writer.drain()
            elif method == b"CONNECT":
                self.asked.append((target.decode(), 200))
                await self._tunnel(target.decode(), reader, writer)
            else:
                self.asked.append((target.decode(), 200))
                await self._whole(head, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _tunnel(self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = target.rpartition(":")
        there, out = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established" + _END)
        await asyncio.gather(_copy(reader, out), _copy(there, writer))

    async def _whole(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One plain request; its answer is given once all of it is there."""
        line, _, rest = head.partition(b"\r\n")
        method, target, version = line.split(b" ")
        url = urlsplit(target.decode())
        kept = [one for one in rest.split(b"\r\n") if not one.lower().startswith((b"connection", b"proxy-"))]
        length = next(
            (int(one.split(b":")[1]) for one in kept if one.lower().startswith(b"content-length")), 0
        )
        body = await reader.readexactly(length)
        there, out = await asyncio.open_connection(url.hostname, url.port)
        path = f"{url.path}?{url.query}" if url.query else url.path
        out.write(
            b" ".join([method, path.encode(), version]) + b"\r\nConnection: close\r\n" + b"\r\n".join(kept)
        )
        out.write(body)
        answer = asyncio.create_task(there.read(-1))
        gone = asyncio.create_task(reader.read(1))  # a client that gives up ends its request
        await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            writer.write(answer.result())
            await writer.drain()
        answer.cancel()
        gone.cancel()
        out.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@contextmanager
def running(proxy: Proxy) -> Iterator[Proxy]:
    """Serve in a thread of its own."""
    loop = asyncio.new_event_loop()

    async def begin() -> asyncio.Server:
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        return server

    async def end() -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    server = loop.run_until_complete(begin())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def private_authority(folder: Path) -> tuple[Path, Path, Path]:
    """A bank's own authority, and a certificate of its for localhost: authority, certificate, key."""
    now = datetime.now(UTC)  # noqa: TID251 a real server's certificate is judged by the real time
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Our CA", "localhost")]
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in names]
    made = []
    for number, (name, key) in enumerate(zip(names, keys, strict=True)):
        builder = (
            x509.CertificateBuilder().subject_name(name).issuer_name(names[0]).public_key(key.public_key())
            .serial_number(number + 1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(90))
            .add_extension(x509.BasicConstraints(ca=number == 0, path_length=None), critical=True)
        )  # fmt: skip
        if number:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
            )
        made.append(builder.sign(keys[0], SHA256()).public_bytes(serialization.Encoding.PEM))
    folder.mkdir(mode=0o700)
    paths = (folder / "ca.pem", folder / "hub.pem", folder / "hub.key")
    secret = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for path, data in zip(paths, (*made, secret), strict=True):
        path.write_bytes(data)
        path.chmod(0o600)
    return paths
