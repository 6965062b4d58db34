# SPDX-License-Identifier: Apache-2.0
"""An IMAP server on loopback that says what a test lets it say: for what no good server does."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

GREETING = b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n"
Answers = Callable[[str, str, socket.socket], None]
"""Is given the tag, the command's line and the connection."""


def line_from(connection: socket.socket) -> bytes:
    """What a client says without a tag."""
    said = b""
    while not said.endswith(b"\n"):
        said += connection.recv(1)
    return said


def good(tag: str, line: str, connection: socket.socket) -> None:
    """What a good server with an empty mailbox says."""
    command = line.partition(" ")[0].upper()
    if command == "CAPABILITY":
        connection.sendall(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
    if command == "AUTHENTICATE":
        connection.sendall(b"+ \r\n")
        line_from(connection)
    if command == "EXAMINE":
        connection.sendall(b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n")
    connection.sendall(f"{tag} OK done\r\n".encode())


class Server:
    """One that is asked by one client after the other."""

    def __init__(self, answers: Answers, greeting: bytes) -> None:
        self._answers = answers
        self._greeting = greeting
        self._place = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._place.getsockname()[1])
        self.asked: list[str] = []
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """End it, whatever it is doing."""
        self._place.shutdown(socket.SHUT_RDWR)
        self._place.close()
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._thread.join(10)
        assert not self._thread.is_alive()
        for connection in self._connections:
            connection.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._place.accept()
            except OSError:
                return
            self._connections.append(connection)
            try:
                connection.sendall(self._greeting)
                self._talk(connection)
            except OSError:
                continue

    def _talk(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as said:
            for line in said:
                tag, _, command = line.decode("latin-1").strip().partition(" ")
                self.asked.append(command)
                self._answers(tag, command, connection)


@contextmanager
def serving(answers: Answers = good, greeting: bytes = GREETING) -> Iterator[Server]:
    """A server for one test."""
    server = Server(answers, greeting)
    try:
        yield server
    finally:
        server.close()
