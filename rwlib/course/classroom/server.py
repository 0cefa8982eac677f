"""voila for a class: strangers are refused, so many pages fit, the next one waits, one that is gone is forgotten.

No page waits for ever: one whose kernel fails or is silent loads itself again, and the second time says so.

Imports voila, which is in the extra `studio`.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import voila.handler
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.httputil import HTTPServerRequest
from tornado.routing import Matcher
from tornado.web import RequestHandler
from traitlets import Integer, List, Unicode
from voila.app import Voila
from voila.notebook_renderer import NotebookRenderer
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from rwlib.course.classroom.door import host_of, names_of_this_machine, own_addresses
from rwlib.system import usable_cores

AGAIN_S = 10
SILENT_S = 120
"""What a page's kernel may take for one of its cells, on a machine where others work as well."""
ANY = {"": (4, 6), "0.0.0.0": (4,), "::": (6,)}  # noqa: S104 - said by whoever starts the app
"""What stands for all addresses of this machine → their IP versions."""
FULL = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Full</title><meta http-equiv="refresh" content="{again}"></head>
<body style="font-family: sans-serif; max-width: 40em; margin: 4em auto">
<h1>All places are taken</h1>
<p role="status">This machine has room for {pages} at a time. The page tries again every {again} seconds; a place is
free as soon as somebody closes theirs.</p>
</body></html>
"""


class Full(Exception):
    """All places are taken."""


class Pages(AsyncMappingKernelManager):
    """The kernels of all pages, no more than there is room for; those that are being started count, too."""

    starting = 0

    async def start_kernel(self, **arguments: Any) -> str:
        """Start a kernel.

        Raises:
            Full: there is no room for it.
        """
        if len(self.list_kernel_ids()) + self.starting >= self.parent.pages:
            raise Full
        self.starting += 1
        try:
            return await super().start_kernel(**arguments)
        finally:
            self.starting -= 1


class Stranger(Matcher):
    """Matches requests for a machine of another name."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Return something if the request is to be refused."""
        return None if host_of(request.host) in self.names else {}


class Refuse(RequestHandler):
    """Says that this machine has another name, and how it gets to be known by it."""

    def prepare(self) -> None:
        """Answer every method alike."""
        self.set_status(403)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("This app does not go by that name. Start it with --host NAME to let it.\n")


class PageHandler(TornadoVoilaHandler):
    """A page if there is room for one; as many at a time as there are cores, so that the first is not the last."""

    async def get(self, path: str | None = None) -> None:
        """Show the app, or a page that waits for a place."""
        app = self.settings["voila"]
        try:
            async with app.turn:
                await super().get(path)
        except Full:
            self.set_status(503)
            self.set_header("Retry-After", str(AGAIN_S))
            self.finish(FULL.format(pages=app.pages, again=AGAIN_S))


class Renderer(NotebookRenderer):
    """A page that ends even if its kernel does not answer; voila would keep it open, and its turn, for ever."""

    async def generate_content_generator(self, kernel_id: str, kernel_future: Any) -> AsyncIterator[tuple[str, dict]]:
        """Yield the page's parts; where the kernel fails or is silent, end the kernel, and let the page load again."""
        parts = super().generate_content_generator(kernel_id, kernel_future)
        try:
            while True:
                async with asyncio.timeout(SILENT_S):
                    part = await anext(parts)
                yield part
        except StopAsyncIteration:
            return
        except Exception as error:
            self.log.error("The kernel of a page failed (%s: %s); the page loads again", type(error).__name__, error)
        kernels = self.request_handler.kernel_manager
        try:
            if kernel_id in kernels:
                async with asyncio.timeout(SILENT_S):
                    await kernels.shutdown_kernel(kernel_id, now=True)
        except Exception as error:  # the page's turn must end all the same
            self.log.error("The kernel of a page did not end (%s: %s)", type(error).__name__, error)
        yield "<script>rwlibNotAnswered()</script>", {}


class ChannelsHandler(VoilaKernelWebsocketHandler):
    """A page's connection to its kernel."""

    def write_message(self, message: Any, binary: bool = False) -> Any:
        """Send a message as it is where the page has not asked for version 1 of the protocol.

        A browser does not after a first connection that failed. voila reads each message as one of version 1, and the
        first bytes of another one as the number of its parts: a loop without end, in the process that serves all pages.
        """
        if not self.selected_subprotocol:
            return super(VoilaKernelWebsocketHandler, self).write_message(message, binary)
        return super().write_message(message, binary)


class GoneHandler(VoilaShutdownKernelHandler):
    """A page's last message, which ends its kernel."""

    def check_xsrf_cookie(self) -> None:
        """Ask for no cookie's copy: such a message cannot bring one. It names its kernel, which other pages cannot."""

    async def post(self, kernel_id: str) -> None:
        """End the kernel, if it is there still."""
        if kernel_id in self.kernel_manager:
            await super().post(kernel_id)
        else:
            self.set_status(204)


class Classroom(Voila):
    """voila with a door."""

    pages = Integer(1, help="how many pages may be open at once").tag(config=True)
    hosts = List(Unicode(), help="more names by which this machine may be asked").tag(config=True)

    def init_settings(self) -> dict[str, Any]:
        """Let kernels be counted."""
        self.voila_configuration.multi_kernel_manager_class = Pages
        return super().init_settings()

    def init_handlers(self) -> list:
        """Put the door before voila's own handlers, and some of ours in the place of its."""
        self.turn = asyncio.Semaphore(usable_cores())
        voila.handler.NotebookRenderer = Renderer  # voila has no option for it
        ours = {
            TornadoVoilaHandler: PageHandler,
            VoilaKernelWebsocketHandler: ChannelsHandler,
            VoilaShutdownKernelHandler: GoneHandler,
        }
        handlers = [(path, ours.get(handler, handler), *rest) for path, handler, *rest in super().init_handlers()]
        return [(Stranger(names_of_this_machine(self.hosts)), Refuse), *handlers]

    @property
    def display_url(self) -> str:
        """Return what a class types, an address a line, with the token if there is one."""
        hosts = [*self.hosts, *own_addresses(ANY[self.ip])] if self.ip in ANY else [self.ip]
        token = self.identity_provider.token
        query = f"?token={token}" if token else ""
        return "\n".join(self._url(f"[{host}]" if ":" in host else host) + query for host in hosts)
