"""An FTP server with a folder that its one user may write to. Called with an address, its port, a port for data, the folder."""

import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

ADDRESS, PORT, DATA, FOLDER = sys.argv[1:]
AUTHORIZER = DummyAuthorizer()
AUTHORIZER.add_user("ada", "lovelace", FOLDER, perm="elradfmwMT")


class Handler(FTPHandler):
    authorizer = AUTHORIZER
    passive_ports = [int(DATA)]


server = FTPServer((ADDRESS, int(PORT)), Handler)
print("ready", flush=True)
server.serve_forever()
