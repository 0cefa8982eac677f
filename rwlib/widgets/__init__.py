"""Interactive widgets for JupyterLab: paint a hole, compare ablations, look inside, watch a training.

Each is one line in a notebook, with sensible defaults: `rwlib.widgets.HolePainter()`. Where there is no kernel (a saved
notebook, a page on the web) a picture stands in its place.

Three layers, each tested by itself: functions that compute and draw, without any widget; a `Panel` whose named controls
set a state; and the browser.
"""

from importlib import import_module
from typing import Any

_WHERE = {
    "AblationStudio": "studio.widget",
    "CorrelationExplorer": "explorer.widget",
    "CriticView": "critic.widget",
    "HolePainter": "painter.widget",
    "RegionWiseLens": "lens.widget",
    "RivalGallery": "rivals.widget",
    "TrainingMonitor": "monitor.widget",
}

__all__ = sorted(_WHERE)  # noqa: PLE0605 (names are imported when they are first asked for)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"rwlib.widgets has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"rwlib.widgets.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return __all__
