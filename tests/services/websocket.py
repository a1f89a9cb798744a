"""A server of web sockets: adds numbers up, sends bytes back, and counts. Called with an address, two ports and certificates."""

import json
import ssl
import sys
import threading

from websockets.sync.server import serve

ADDRESS, PLAIN, SECURE, CERTIFICATES = sys.argv[1:]


def talk(connection):
    for message in connection:
        if isinstance(message, bytes):
            connection.send(message[::-1])
            continue
        asked = json.loads(message)
        if "sum" in asked:
            connection.send(json.dumps({"sum": sum(asked["sum"])}))
        elif "count" in asked:
            connection.send([str(number) for number in range(asked["count"])])
            for number in range(asked["count"]):
                connection.send(str(number))
        else:
            connection.close(4000, f"not understood: {connection.subprotocol}")
            return


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(f"{CERTIFICATES}/server.pem", f"{CERTIFICATES}/server.key")
for port, secure in ((PLAIN, None), (SECURE, context)):
    server = serve(talk, ADDRESS, int(port), ssl=secure, subprotocols=["numbers"], max_size=2_000_000)
    threading.Thread(target=server.serve_forever).start()
print("ready", flush=True)
