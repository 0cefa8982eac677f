"""Stand for a kernel that was forked elsewhere, see `forks.py`: end when it ends, and end it by ending.

`fork_client.py SOCKET CONNECTION_FILE`, started as a file and without any package, takes milliseconds and 10 MB.
"""

import json
import os
import signal
import socket
import sys


def main(address: str, connection_file: str) -> None:
    """Ask for a kernel and wait until it has ended."""
    server = socket.socket(socket.AF_UNIX)
    server.connect(address)
    request = {"connection_file": connection_file, "folder": os.getcwd(), "environment": dict(os.environ)}
    server.sendall(json.dumps(request).encode() + b"\n")
    signal.signal(signal.SIGINT, lambda *_: server.send(b"i"))
    while server.recv(1):
        pass  # a kernel says nothing; it only closes its end


if __name__ == "__main__":
    main(*sys.argv[1:])
