"""Lists a folder, puts a file there and gets it back."""

import ftplib
import io
import os

HOST, FTP = os.environ["HOST"], int(os.environ["FTP"])


def main():
    told = {}
    with ftplib.FTP() as server:
        server.connect(HOST, FTP, timeout=10)
        try:
            server.login("ada", "wrong")
        except ftplib.error_perm as error:
            told["wrong"] = str(error)[:3]
        server.connect(HOST, FTP, timeout=10)
        server.login("ada", "lovelace")
        told["first"] = server.nlst()
        server.storbinary("STOR report", io.BytesIO(b"a line\n" * 20_000))
        told["size"] = server.size("report")
        lines = []
        server.retrlines("RETR report", lines.append)
        told["lines"] = [len(lines), lines[-1]]
        server.rename("report", "there")
        server.mkd("folder")
        told["all"] = sorted((name, facts["type"]) for name, facts in server.mlsd() if name[0] != ".")
        server.rmd("folder")
        part = io.BytesIO()
        server.retrbinary("RETR there", part.write, rest=139_986)
        told["rest"] = part.getvalue().decode()
    return told
