r"""What all widgets share: a message line, work that never freezes the page, a picture for where there is no kernel.

A front end runs callbacks in a thread of the kernel beside a cell that is still running, or in the main thread, one
after the other; ipykernel may change from one to the other for the same widget. So that all behave alike, a callback
here only notes what is to be computed and returns at once. Another thread computes it: the newest request of each
kind, and one computation at a time in the whole kernel.

Whatever goes wrong becomes a message in the widget: an `InputError` says its one line; anything else is a *fault*,
whose traceback is logged and which `Panel.wait` raises again, so that no test overlooks it.
"""

import html
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import ipywidgets
import torch
from IPython.display import HTML, display

from rwlib.conventions import InputError
from rwlib.widgets.shared.background import Background
from rwlib.widgets.shared.page import Page

T = TypeVar("T")

COMPUTING = threading.RLock()
"""Held by whoever computes, so that two panels do not fight for the cores, nor a training for its networks."""

FAULTS: list[BaseException] = []
"""Errors in callbacks and jobs that were not foreseen; tests demand that none is left."""

STALE = "rwlib-stale"
"""Class of a panel whose results belong to another photograph or hole than it shows; see `panel.css`."""

_log = logging.getLogger(__name__)


class Panel(ipywidgets.VBox):
    """A widget of this package: controls and pictures above a message line.

    Args:
        children: what to show.
        title: name of the widget, for readers and for screen readers.

    A subclass connects its controls with `on_change` and `on_click`, computes with `later`, and returns from `static`
    what a page without a kernel shows.
    """

    def __init__(self, children: Sequence[ipywidgets.Widget] = (), *, title: str) -> None:
        self.title = title
        self.message = ipywidgets.HTML()
        self.message.add_class("rwlib-message")
        self._page = Page()
        self._background = Background()
        self._faults: list[BaseException] = []
        self._complaining = ""  # kind of the job whose error stands in the message line
        self._marking = threading.Lock()
        super().__init__([*children, self.message, self._page])
        self.add_class("rwlib-panel")
        self._page.panel = self.model_id
        self._page.layout.display = "none"
        self._page.on_msg(lambda *_: self._page.catch_up(self, but=Panel))

    def show(self, *children: ipywidgets.Widget) -> None:
        """Put these above the message line, in place of what stood there."""
        self.children = [*children, self.message, self._page]

    # --- messages

    def say(self, text: str, *, error: bool = False) -> None:
        """Show one line, read aloud by screen readers; an empty text clears it."""
        role = "alert" if error else "status"
        self.message.value = f'<div role="{role}">{html.escape(text)}</div>' if text else ""

    def _fault(self, error: Exception) -> None:
        if isinstance(error, InputError):
            self.say(str(error), error=True)
            return
        _log.error("%s: an error that was not foreseen", self.title, exc_info=error)
        self._faults.append(error)
        FAULTS.append(error)
        self.say(f"{type(error).__name__}: {error} (this should not happen, please report it)", error=True)

    # --- callbacks

    def attempt(self, *actions: Callable[[], None]) -> bool:
        """Call each action; what they raise becomes a message. Return whether none raised anything."""
        n_faults, problems = len(self._faults), []
        for action in actions:
            try:
                action()
            except InputError as error:
                problems.append(str(error))
            except Exception as error:
                self._fault(error)
        if problems:
            self.say(" · ".join(problems), error=True)
        return not problems and len(self._faults) == n_faults

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
        about: Callable[[], Any] | None = None,
    ) -> None:
        """Compute in another thread, then show the result.

        Args:
            kind: a newer job of the same kind takes the place of one that still waits; one that runs is finished.
            compute: heavy; without gradients unless `grad`. Take what it needs from the controls before.
            show: takes the result and sets widgets.
            grad: whether `compute` needs gradients (their mode belongs to a thread).
            busy: message while it runs.
            urgent: goes before what waits already.
            about: returns what a result belongs to: the photograph and the hole, say. What is shown counts as stale
                until the new result is there, and a result is dropped if the controls have changed meanwhile, so that
                it never stands beside another photograph. Whoever changes them asks for a new one.
        """
        requested = about() if about else None

        def is_stale() -> bool:
            return about is not None and about() != requested

        if about:
            self.mark_stale(lambda: True)

        def job() -> None:
            try:
                if busy:
                    self.say(busy)
                with COMPUTING, torch.set_grad_enabled(grad):
                    result = compute()
                if busy or self._complaining == kind:
                    self.say("")
                    self._complaining = ""
                if is_stale():
                    return
                show(result)
                if about:  # asked again: the controls may have changed while it was being shown
                    self.mark_stale(is_stale)
            except Exception as error:
                if isinstance(error, InputError) and (self._background.waits(kind) or is_stale()):
                    return  # the controls have changed, and what was wrong is no longer asked for
                self._fault(error)
                self._complaining = kind

        self._background.submit(kind, job, urgent=urgent)

    def mark_stale(self, is_stale: Callable[[], bool]) -> None:
        """Mark what has the class `rwlib-result` as being about another photograph or hole than the one that is shown.

        Args:
            is_stale: whether it is; whoever changes what it looks at calls this afterwards.
        """
        with self._marking:
            (self.add_class if is_stale() else self.remove_class)(STALE)

    @property
    def busy(self) -> bool:
        """Whether something is being computed, or waits to be."""
        return self._background.busy

    def wait(self, timeout_s: float = 60) -> None:
        """Wait until nothing is left to do; raise the first fault.

        Raises:
            TimeoutError: it took longer.
            Exception: whatever a callback or a job raised and was not foreseen.
        """
        if not self._background.join(timeout_s):
            raise TimeoutError(f"{self.title}: still busy after {timeout_s} s")
        if self._faults:
            raise self._faults[0]

    # --- where there is no kernel

    def __repr__(self) -> str:
        return f"{self.title} (live in a running notebook)"

    def static(self) -> HTML | None:
        """Return the picture that stands in for the widget in a saved notebook, made by `rwlib.notebook.figures`.

        JupyterLab writes "Error displaying widget: model not found" above it until the cell is run: that line is
        JupyterLab's own, and a notebook cannot take it away.
        """
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
