"""Asks for a part of a file by hand, and looks at the connection."""

import os
import socket

HOST, HTTP = os.environ["HOST"], int(os.environ["HTTP"])


def main():
    with socket.create_connection((HOST, HTTP), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in ("GET /large HTTP/1.1\r\nHost: files\r\n", "Range: bytes=10-19\r\nConnection: close\r\n\r\n"):
            connection.sendall(part.encode())
        with connection.makefile("rb") as reader:
            status = reader.readline().decode().strip()
            headers = {}
            while (line := reader.readline()) != b"\r\n":
                name, _, value = line.decode().partition(":")
                headers[name.lower()] = value.strip()
            body = reader.read().decode()
        peer = connection.getpeername()
    with socket.socket() as other:
        other.settimeout(10)
        refused = other.connect_ex((HOST, HTTP))
    try:
        socket.create_connection((HOST, HTTP + 5000), timeout=10)
    except PermissionError as error:
        denied = str(error).rpartition(": ")[2]
    return {
        "status": status,
        "range": headers["content-range"],
        "body": body,
        "peer": peer == (HOST, HTTP),
        "connect": refused,
        "denied": denied == f'ask for the rule "{HOST}:{HTTP + 5000}"',
    }
