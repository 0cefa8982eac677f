"""Messages of a page in the order in which it sent them."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable

PATIENCE_S = 10.0
"""A message that has not come by then is not waited for when the next one comes."""


class Turns:
    """Gives each message of a page its turn.

    JupyterLab hands the messages of widgets to several threads of the kernel, each with a pace of its own: a click on
    Inpaint could be there before the stroke that was painted before it, and would fill another hole than the one shown.
    So a page counts what it sends, and what comes early waits here for what was sent before it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, int] = defaultdict(int)
        self._early: dict[str, dict[int, tuple[float, Callable[[], None]]]] = defaultdict(dict)

    def take(self, page: str, number: int, action: Callable[[], None]) -> None:
        """Do `action` if it is its turn, and then what waited for it; else keep it until it is.

        Args:
            page: who sent it; each page counts for itself.
            number: how many it had sent before.
            action: what the message asks for; deals with its errors itself.
        """
        with self._lock:
            if number < self._next[page]:
                action()  # nobody waited for it any longer
                return
            early = self._early[page]
            early[number] = time.monotonic(), action
            lost = early[min(early)][0] < time.monotonic() - PATIENCE_S
            while early and (lost or min(early) == self._next[page]):
                self._next[page] = min(early) + 1
                early.pop(min(early))[1]()
