"""Speaks TLS on sockets of its own: checks a name and an address, shows a certificate, is told why one is refused."""

import os
import socket
import ssl

HOST, HTTPS = os.environ["HOST"], int(os.environ["HTTPS"])
# Made while the action is imported, used in its runs.
CONTEXT = ssl.create_default_context(cafile="/action/ca.pem")


def ask(context, name):
    with (
        socket.create_connection((HOST, HTTPS), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        secure.sendall(b"GET /asked HTTP/1.1\r\nHost: files\r\nConnection: close\r\n\r\n")
        parts = []
        while part := secure.recv(4096):
            parts.append(part)
        certificate = secure.getpeercert()
        body = b"".join(parts).partition(b"\r\n\r\n")[2].decode()
        return secure.version(), secure.selected_alpn_protocol(), certificate, body


def failure(context, name):
    try:
        ask(context, name)
    except ssl.SSLCertVerificationError as error:
        return [error.verify_code, error.verify_message]
    return None


def main():
    version, alpn, certificate, body = ask(CONTEXT, "service.test")
    old = ssl.create_default_context(cafile="/action/ca.pem")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    old.set_alpn_protocols(["http/1.1"])
    old.load_cert_chain("/action/client.pem", "/action/client.key")
    older = ask(old, HOST)
    return {
        "new": [version, alpn, body],
        "old": [older[0], older[1], older[3]],
        "names": [[kind, value.replace(HOST, "HOST")] for kind, value in certificate["subjectAltName"]],
        "issuer": certificate["issuer"],
        "wrong name": failure(CONTEXT, "other.test"),
        "unknown": failure(ssl.create_default_context(), HOST),
    }
