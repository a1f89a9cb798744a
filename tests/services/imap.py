"""An IMAP server, as much of it as a client needs to read a Maildir: in the clear with STARTTLS, and with TLS at once.

Called with an address, the two ports, the folder of certificates and the Maildir.
"""

import mailbox
import re
import shlex
import socketserver
import ssl
import sys
import threading

ADDRESS, PLAIN, SECURE, CERTIFICATES, FOLDER = sys.argv[1:]
CONTEXT = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
CONTEXT.load_cert_chain(f"{CERTIFICATES}/server.pem", f"{CERTIFICATES}/server.key")


class Session(socketserver.StreamRequestHandler):
    """One connection: a line is a tag, a command and its words."""

    def handle(self):
        if self.server.server_address[1] == int(SECURE):
            self.secure()
        self.known, self.box = False, mailbox.Maildir(FOLDER)
        self.say("* OK IMAP4rev1 ready")
        while line := self.rfile.readline(10_000).decode():
            tag, command, *words = shlex.split(line)
            name = command.lower()
            if name == "uid":
                name = words.pop(0).lower()
            answer = getattr(self, f"do_{name}", None)
            if answer is None or not (self.known or name in ("capability", "starttls", "login", "logout")):
                self.say(f"{tag} BAD {command}")
                continue
            self.say(f"{tag} {answer(*words)}")
            if name == "starttls":
                self.secure()
            if name == "logout":
                return

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def secure(self):
        self.connection = CONTEXT.wrap_socket(self.connection, server_side=True)
        self.setup_files()

    def setup_files(self):
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

    def is_secure(self):
        return isinstance(self.connection, ssl.SSLSocket)

    def messages(self):
        return [self.box[key] for key in sorted(self.box.keys(), key=lambda key: self.box[key]["Subject"])]

    def do_capability(self):
        self.say("* CAPABILITY IMAP4rev1" + ("" if self.is_secure() else " STARTTLS LOGINDISABLED"))
        return "OK done"

    def do_starttls(self):
        return "OK go on"

    def do_login(self, user, password):
        self.known = self.is_secure() and (user, password) == ("ada", "lovelace")
        return "OK done" if self.known else "NO wrong"

    def do_select(self, folder):
        if folder != "INBOX":
            return "NO there is none"
        self.say(f"* {len(self.messages())} EXISTS")
        self.say("* FLAGS (\\Seen)")
        return "OK [READ-WRITE]"

    def do_search(self, *words):
        wanted = words[words.index("SUBJECT") + 1] if "SUBJECT" in words else ""
        found = [str(number) for number, message in enumerate(self.messages(), 1) if wanted in message["Subject"]]
        self.say(" ".join(["* SEARCH", *found]))
        return "OK done"

    def do_fetch(self, number, *what):
        text = self.messages()[int(number) - 1].as_bytes()
        text = re.sub(rb"\r?\n", b"\r\n", text)
        self.wfile.write(b"* %s FETCH (RFC822 {%d}\r\n%s)\r\n" % (number.encode(), len(text), text))
        return "OK done"

    def do_logout(self):
        self.say("* BYE")
        return "OK done"


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


servers = [Server((ADDRESS, int(port)), Session) for port in (PLAIN, SECURE)]
threads = [threading.Thread(target=server.serve_forever) for server in servers]
for thread in threads:
    thread.start()
print("ready", flush=True)
