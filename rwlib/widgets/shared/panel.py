r"""What all widgets share: a message line, work that never freezes the page, a picture for where there is no kernel.

JupyterLab runs callbacks in a second thread of the kernel, beside a cell that is still running; other front ends run
them in the main thread, one after the other. So that both behave alike, a callback here only notes what is wanted and
returns at once. A thread of the panel does it: the newest wish of each kind, one piece of work at a time in the whole
kernel.

Whatever goes wrong becomes a message in the widget: an `InputError` says its one line; anything else is a *fault*,
whose traceback is logged and which `Panel.wait` raises again, so that no test overlooks it.
"""

import html
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import ipywidgets
import torch
from IPython.display import HTML, display

from rwlib.conventions import InputError

T = TypeVar("T")

COMPUTING = threading.RLock()
"""Held by whoever computes, so that two panels do not fight for the cores, nor a training for its networks."""

FAULTS: list[BaseException] = []
"""Errors in callbacks and jobs that were not foreseen; tests demand that none is left."""

_log = logging.getLogger(__name__)


class Panel(ipywidgets.VBox):
    """A widget of this package: controls and pictures above a message line.

    Args:
        children: what to show.
        title: name of the widget, for readers and for screen readers.

    A subclass connects its controls with `on_change` and `on_click`, computes with `later`, and says what `static`
    shows.
    """

    def __init__(self, children: Sequence[ipywidgets.Widget] = (), *, title: str) -> None:
        self.title = title
        self.message = ipywidgets.HTML()
        self.message.add_class("rwlib-message")
        # Hides the picture that stands in for this widget, wherever this widget itself can be seen.
        self._hides_static = ipywidgets.HTML()
        self._wanted: dict[str, tuple[Callable[[], Any], Callable[[Any], None], bool, str]] = {}
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._faults: list[BaseException] = []
        self._complained = ""  # kind of the job whose error stands in the message line
        super().__init__([*children, self.message, self._hides_static])
        self.add_class("rwlib-panel")
        self._hides_static.value = f"<style>.rwlib-static-{self.model_id} {{display: none}}</style>"
        self._hides_static.layout.display = "none"

    def show(self, *children: ipywidgets.Widget) -> None:
        """Put these above the message line, in place of what stood there."""
        self.children = [*children, self.message, self._hides_static]

    # --- messages

    def say(self, text: str, *, error: bool = False) -> None:
        """Show one line, read aloud by screen readers; an empty text clears it."""
        color = "#B00020" if error else "inherit"
        role = "alert" if error else "status"
        self.message.value = f'<div role="{role}" style="color:{color}">{html.escape(text)}</div>' if text else ""

    def _fault(self, error: Exception) -> None:
        if isinstance(error, InputError):
            self.say(str(error), error=True)
            return
        _log.error("%s: an error that was not foreseen", self.title, exc_info=error)
        self._faults.append(error)
        FAULTS.append(error)
        self.say(f"{type(error).__name__}: {error} (this should not happen, please report it)", error=True)

    # --- callbacks

    def attempt(self, action: Callable[[], None]) -> None:
        """Call `action`; what it raises becomes a message."""
        try:
            action()
        except Exception as error:
            self._fault(error)

    def on_change(self, control: ipywidgets.Widget, action: Callable[[Any], None], name: str = "value") -> None:
        """Call `action(new value)` whenever a control changes."""
        control.observe(lambda change: self.attempt(lambda: action(change["new"])), name)

    def on_click(self, button: ipywidgets.Button, action: Callable[[], None]) -> None:
        """Call `action()` whenever a button is pressed."""
        button.on_click(lambda _: self.attempt(action))

    # --- work

    def later(
        self,
        kind: str,
        compute: Callable[[], T],
        show: Callable[[T], None],
        *,
        grad: bool = False,
        busy: str = "",
        urgent: bool = False,
    ) -> None:
        """Compute in the panel's own thread, then show the result.

        Args:
            kind: a newer job of the same kind takes the place of one that still waits; one that runs is finished.
            compute: heavy; without gradients unless `grad`. Take what it needs from the controls before.
            show: takes the result and sets widgets.
            grad: whether `compute` needs gradients (their mode belongs to a thread).
            busy: message while it runs.
            urgent: goes before what waits already.
        """
        with self._change:
            self._wanted[kind] = (compute, show, grad, busy)
            if urgent:
                self._wanted = {kind: self._wanted.pop(kind), **self._wanted}
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name=self.title, daemon=True)
                self._thread.start()
            self._change.notify_all()

    def _work(self) -> None:
        while True:
            with self._change:
                if not self._wanted:
                    self._thread = None
                    self._change.notify_all()
                    return
                kind = next(iter(self._wanted))
                compute, show, grad, busy = self._wanted.pop(kind)
            try:
                if busy:
                    self.say(busy)
                with COMPUTING, torch.set_grad_enabled(grad):
                    result = compute()
                if busy or self._complained == kind:
                    self.say("")
                    self._complained = ""
                show(result)
            except Exception as error:
                with self._change:
                    outdated = kind in self._wanted and isinstance(error, InputError)
                if not outdated:  # otherwise the controls have changed, and what was wrong is no longer asked for
                    self._fault(error)
                    self._complained = kind

    @property
    def busy(self) -> bool:
        """Whether something is being computed, or waits to be."""
        return self._thread is not None

    def wait(self, timeout_s: float = 60) -> None:
        """Wait until nothing is left to do; raise the first fault.

        Raises:
            TimeoutError: it took longer.
            Exception: whatever a callback or a job raised and was not foreseen.
        """
        end = time.monotonic() + timeout_s
        with self._change:
            while self._thread is not None:
                if not self._change.wait(max(0.0, end - time.monotonic())):
                    raise TimeoutError(f"{self.title}: still busy after {timeout_s} s")
        if self._faults:
            raise self._faults[0]

    # --- where there is no kernel

    def __repr__(self) -> str:
        return f"{self.title} (live in a running notebook)"

    def static(self) -> HTML | None:
        """Return the picture that stands in for the widget in a saved notebook, made by `rwlib.course.figure`."""
        return None

    @property
    def on_page(self) -> bool:
        """Whether a page shows this, as far as is known: a cell that ran again has taken away what it showed before."""
        return self._view_count is None or self._view_count > 0

    def _ipython_display_(self) -> None:
        self._view_count = self._view_count or 0  # a number makes the front end count its views
        bundle = self._repr_mimebundle_()
        display(*bundle if isinstance(bundle, tuple) else (bundle,), raw=True)
        picture = self.static()
        if picture is not None:
            display(HTML(f'<div class="rwlib-static-{self.model_id}">{picture.data}</div>'))
