"""Measure the variants on many photographs, with a word on how far it is, and a way to stop it."""

from collections.abc import Callable, Sequence
from typing import Any

from rwlib.evaluation import Method, Protocol, evaluate


class Stopped(Exception):
    """A measurement was stopped before its end."""


class _Counted:
    """A photo source that tells how far a measurement is, and ends it on demand."""

    def __init__(self, source: Any, on_photo: Callable[[int], None], stop: Callable[[], bool]) -> None:
        self.source, self.on_photo, self.stop = source, on_photo, stop

    def __len__(self) -> int:
        return len(self.source)

    def center(self, index: int, size_px: int) -> Any:
        if self.stop():
            raise Stopped
        self.on_photo(index)
        return self.source.center(index, size_px)


def measure(
    methods: Sequence[Method],
    source: Any,
    *,
    kind: str,
    bucket: int,
    photos: int,
    size_px: int = 64,
    on_photo: Callable[[int], None] = lambda photo: None,
    stop: Callable[[], bool] = lambda: False,
) -> list[dict[str, Any]]:
    """Measure variants on the same photographs with the same holes.

    Args:
        methods: named by their variants.
        source: photographs, see `rwlib.data`.
        kind: of holes.
        bucket: number of `rwlib.masks.BUCKETS`.
        photos: how many photographs.
        size_px: side of the squares.
        on_photo: called with each photograph's number before it is filled.
        stop: asked before each photograph.

    Returns:
        Rows of `rwlib.evaluation.evaluate`; `method` is the variant.

    Raises:
        Stopped: `stop` said so. Nothing is returned then: whoever may stop when the numbers please will please them.
        InputError: see `rwlib.evaluation.evaluate`.
    """
    counted = _Counted(source, on_photo, stop)
    protocol = Protocol(size_px, kinds=[kind], buckets=[bucket], photos=photos)
    return evaluate(methods, counted, protocol, progress=False)
