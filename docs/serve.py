"""Serve the built site on this machine: `python docs/serve.py [FOLDER]`, or `make serve`.

The headers let the demo use several threads: a page that isolates itself from all others may share memory between them.
A host that publishes the site sets the same two (the file `_headers` does so where a host reads it); without them the
demo works on one thread.
"""

import argparse
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

HEADERS = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}


class Handler(SimpleHTTPRequestHandler):
    """Files with the headers above, and with the types that browsers insist on, whatever the system's registry says."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm",
    }  # fmt: skip

    def end_headers(self) -> None:
        """Add the headers."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def server(folder: str, port: int = 0) -> ThreadingHTTPServer:
    """Return a server of a folder on the loopback address; port 0 takes a free one."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=folder))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default="site", help="what to serve (default: site)")
    parser.add_argument("--port", type=int, default=8000, help="port (default: 8000)")
    asked = parser.parse_args()
    with server(asked.folder, asked.port) as running:
        print(f"http://127.0.0.1:{running.server_port}/ shows {asked.folder}; Ctrl-C ends it", flush=True)
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            print()
