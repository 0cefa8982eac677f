"""A view of the ablation studio: tables over many photographs, and over several trainings."""

import threading
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import ipywidgets
from ipywidgets import BoundedIntText, Checkbox, Dropdown, Layout

from rwlib.conventions import InputError
from rwlib.evaluation import Method
from rwlib.inpainting import fill
from rwlib.masks import BUCKETS, KINDS, bucket_name
from rwlib.widgets.shared.background import run_in_thread
from rwlib.widgets.shared.panel import COMPUTING, Panel
from rwlib.widgets.studio.controls import button, control, row
from rwlib.widgets.studio.fillings import Models
from rwlib.widgets.studio.measure import Stopped, measure
from rwlib.widgets.studio.table import COLUMN_OF, read_results, summarise_photos, summarise_results
from rwlib.widgets.studio.table_view import table_html


class TablePanel(Panel):
    """Variants over many photographs, measured now, and over several trainings, from the shipped table.

    Args:
        models: the generators.
        sources: name → photo source.
        variants: name → check box.
        results: the shipped table.
    """

    def __init__(
        self, models: Models, sources: dict[str, Any], variants: dict[str, Checkbox], *, results: Path
    ) -> None:
        super().__init__(title="Table")
        self.models, self.sources, self.variants, self.results = models, sources, variants, results
        self.source = control(Dropdown, options=list(sources), description="Photos")
        self.photos = control(BoundedIntText, 16, 2, 200, description="How many")
        self.kind = control(Dropdown, options=KINDS, description="Holes")
        buckets = [(bucket_name(bucket), bucket) for bucket in range(len(BUCKETS))]
        self.bucket = control(Dropdown, options=buckets, value=2, description="Missing")
        self.metric = control(Dropdown, options=COLUMN_OF, description="Metric")
        self.start = button("Measure", "fill and measure all of them", button_style="primary")
        self.end = button("Stop", "throw this measurement away", disabled=True)
        self.progress = ipywidgets.IntProgress(0, 0, 1, layout=Layout(width="200px"))
        self.measured, self.shipped = ipywidgets.HTML(), ipywidgets.HTML()
        self._rows: list[dict[str, Any]] = []
        self._seeds: list[dict[str, Any]] | None = None
        self._caption = ""
        self._stop = threading.Event()
        self._measuring: Future | None = None
        self.on_click(self.start, self.measure)
        self.on_click(self.end, self.stop)
        for one in (self.metric, self.kind, self.bucket, *variants.values()):
            self.on_change(one, lambda _: self.redraw())
        self.show(
            row(self.source, self.photos),
            row(self.kind, self.bucket, self.metric),
            row(self.start, self.end, self.progress),
            self.measured,
            self.shipped,
        )
        self.redraw()

    def measure(self) -> None:
        """Measure the chosen variants in a thread of their own, so that the rest of the studio goes on."""
        if self._measuring is not None and not self._measuring.done():
            raise InputError("measuring: it is under way; stop it first, or wait for its end")
        names = [name for name, box in self.variants.items() if box.value]
        if not names:
            raise InputError("variants: tick at least one")
        source = self.sources[self.source.value]
        n = min(self.photos.value, len(source))
        what = {"kind": self.kind.value, "bucket": self.bucket.value, "photos": n}
        caption = f"Measured now: {n} of {self.source.value}, {self.kind.value} holes, {self.bucket.label} missing."
        self._stop = threading.Event()
        self.progress.value, self.progress.max = 0, n
        self.start.disabled, self.end.disabled = True, False
        self.say("Measuring …")
        self._measuring = run_in_thread(
            lambda: self.attempt(lambda: self._measure(names, source, what, caption)), "rwlib measuring"
        )

    def _measure(self, names: list[str], source: Any, what: dict[str, Any], caption: str) -> None:
        try:
            rows = measure(
                [self._method(name) for name in names],
                source,
                **what,
                on_photo=lambda photo: setattr(self.progress, "value", photo),
                stop=self._stop.is_set,
            )
        except Stopped:
            self.say("Stopped. A part of a measurement is not shown: who stops when the numbers please, pleases them.")
        else:
            self.progress.value = self.progress.max
            self._rows, self._caption = rows, caption
            self.say("")
            self.redraw()
        finally:
            self.start.disabled, self.end.disabled = False, True

    def _method(self, name: str) -> Method:
        G = self.models[name]

        def compute(I_gt: Any, M: Any) -> Any:
            with COMPUTING:
                return fill(G, I_gt, M).I_c2

        return Method(name, compute)

    def stop(self) -> None:
        """End the measurement that is under way, and show nothing of it."""
        self._stop.set()

    def redraw(self) -> None:
        """Draw both tables in the chosen metric."""
        names = [name for name, box in self.variants.items() if box.value]
        metric, kind, bucket = self.metric.value, self.kind.value, self.bucket.value
        rows, caption = self._rows, self._caption
        where = f"{kind} holes, {self.bucket.label} missing"

        def compute() -> tuple[str, str]:
            now = ""
            if rows:
                lines = summarise_photos([row for row in rows if row["method"] in names], metric)
                about = f"{caption} Intervals are over photographs: they say nothing about other trainings."
                now = table_html(lines, unit="photographs", metric=metric, caption=about)
            return now, self._shipped(names, metric, kind, bucket, where)

        def draw(tables: tuple[str, str]) -> None:
            self.measured.value, self.shipped.value = tables

        self.later("tables", compute, draw)

    def _shipped(self, names: list[str], metric: str, kind: str, bucket: int, where: str) -> str:
        try:
            if self._seeds is None:
                self._seeds = read_results(self.results)
            chosen = [
                row for row in self._seeds
                if row["variant"] in names and row["kind"] == kind and row["bucket"] == bucket
            ]  # fmt: skip
            lines, unit = summarise_results(chosen, metric)
        except InputError as error:
            return f'<div role="status">No table of trainings: {error}</div>'
        seeds, photos = ({row[k] for row in chosen} for k in ("seed", "photo"))
        over = (
            f"Intervals are over trainings (Student's t, {len(seeds) - 1} degrees of freedom)."
            if unit == "trainings"
            else "Intervals are over photographs: they say nothing about other trainings."
        )
        several = "trainings" if len(seeds) > 1 else "training"
        caption = (
            f"Shipped: {len(seeds)} {several} of each variant, {len(photos)} held-out photographs, {where}. {over}"
        )
        n = sum(name != "full" for name in lines) if "full" in lines else 0
        table = table_html(lines, unit=unit, metric=metric, caption=caption)
        if n < 2:
            return table
        chance = 100 * (1 - 0.95**n)
        return table + (
            f"<div>{n} differences at 95 % each: were all of them zero, and independent, {chance:.0f} % of such tables "
            "would still show an interval beside zero.</div>"
        )

    def wait(self, timeout_s: float = 60) -> None:
        """Wait for a measurement, too."""
        if self._measuring is not None:
            wait([self._measuring], timeout_s)
        super().wait(timeout_s)
