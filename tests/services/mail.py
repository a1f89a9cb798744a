"""A mail server: SMTP in the clear, and SMTP that insists on STARTTLS and a password, both into one Maildir.

Called with an address, the two ports, the folder of certificates and the Maildir.
"""

import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import AuthResult


def authenticate(server, session, envelope, mechanism, login):
    right = (login.login, login.password) == (b"ada", b"lovelace")
    return AuthResult(success=right, handled=False)


def main():
    address, plain, secure, certificates, folder = sys.argv[1:]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(f"{certificates}/server.pem", f"{certificates}/server.key")
    # Named, it asks no DNS what this machine is called.
    name = "mail.test"
    Controller(Mailbox(folder), hostname=address, port=int(plain), server_hostname=name).start()
    Controller(
        Mailbox(folder),
        hostname=address,
        port=int(secure),
        server_hostname=name,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=authenticate,
    ).start()
    print("ready", flush=True)
    threading.Event().wait()


main()
