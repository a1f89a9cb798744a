"""Reads the mails of an account: after STARTTLS, and with TLS from the start."""

import email
import email.policy
import imaplib
import os
import ssl

HOST, IMAP, IMAP_TLS = os.environ["HOST"], int(os.environ["IMAP"]), int(os.environ["IMAP_TLS"])


def read(server):
    server.login("ada", "lovelace")
    count = server.select("INBOX")[1][0].decode()
    numbers = server.search(None, "SUBJECT", "secure")[1][0].split()
    raw = server.fetch(numbers[0], "(RFC822)")[1][0][1]
    message = email.message_from_bytes(raw, policy=email.policy.default)
    attachment = next(message.iter_attachments())
    text = message.get_body().get_content().splitlines()
    return [count, len(numbers), message["Subject"], text, len(attachment.get_content())]


def main():
    told = {}
    context = ssl.create_default_context(cafile="/action/ca.pem")
    with imaplib.IMAP4(HOST, IMAP, timeout=10) as server:
        try:
            server.login("ada", "lovelace")
        except imaplib.IMAP4.error as error:
            told["without TLS"] = str(error)
        server.starttls(context)
        told["STARTTLS"] = [server.sock.version(), *read(server)]
    with imaplib.IMAP4_SSL(HOST, IMAP_TLS, ssl_context=context, timeout=10) as server:
        told["TLS"] = [server.sock.version(), *read(server)]
    try:
        imaplib.IMAP4_SSL(HOST, IMAP_TLS, ssl_context=ssl.create_default_context(), timeout=10)
    except ssl.SSLCertVerificationError as error:
        told["authority"] = error.verify_code
    return told
