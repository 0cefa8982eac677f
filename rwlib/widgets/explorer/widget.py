r"""`CorrelationExplorer`: choose a position, see its row of f, and where the correlation loss comes from.

Equations (3) and (4) of the paper (section 3.3) as pictures: f_ij from the chosen position i to all j, for the ground
truth and for the first composites of two networks (by default one before its training and the same after it), their
differences, and the part that each position has in L_c.
"""

import ipywidgets
from IPython.display import HTML
from torch import Tensor

from rwlib.ablations import ABLATIONS
from rwlib.colors import COLORS
from rwlib.conventions import tensor_to_image
from rwlib.masks import hole_fraction
from rwlib.notebook.figures import figure
from rwlib.widgets.explorer.correlations import Scene, View, explore, look, sentence, worst_cell
from rwlib.widgets.explorer.networks import Network, choice_of, offered, own_size_vgg
from rwlib.widgets.explorer.views import LEGEND, PICTURE_PX, SHOWN_PX, bars, draw, still, table
from rwlib.widgets.shared.heat import enlarge, outline
from rwlib.widgets.shared.panel import Panel
from rwlib.widgets.shared.photos import Source
from rwlib.widgets.shared.pictures import PointPicture
from rwlib.widgets.shared.scenes import SceneMenu, titled, toggle

SIZES_PX = (64, 96, 192)
"""Sides of the picture that can be chosen; each divides `PICTURE_PX`."""


class CorrelationExplorer(Panel):
    """Choose a position of a picture with a hole; see what it correlates with.

    Args:
        photo: a picture of your own (array, Pillow image, tensor or file); its middle square is taken.
        M: a mask of your own, (1, 1, h, w), 1 existing, 0 missing.
        before: the network on the left; by default the shipped one with fresh weights.
        after: the network on the right; by default the shipped one.

    `cell` is the chosen (row, column) of pool 2, `scene` and `view` hold all numbers behind the pictures. Whatever is
    wrong with the arguments becomes a message in the widget.
    """

    def __init__(
        self,
        photo: Source | None = None,
        M: Tensor | None = None,
        *,
        before: Network | None = None,
        after: Network | None = None,
    ) -> None:
        super().__init__(title="Correlation explorer")
        self.scene: Scene | None = None
        self.view: View | None = None
        self.cell = (0, 0)
        self._networks = offered(before, after)
        self._make_controls(photo, M, before, after)
        self._make_pictures()
        self._connect()
        self.refresh()

    def _make_controls(
        self, photo: Source | None, M: Tensor | None, before: Network | None, after: Network | None
    ) -> None:
        wide, style = ipywidgets.Layout(width="340px"), {"description_width": "84px"}  # room for the longest name
        self.menu = SceneMenu(photo, M)

        names = [
            (f"{name}: {ABLATIONS[name].title}" if name in ABLATIONS and name != "full" else name, name)
            for name in self._networks
        ]
        tip = "Whose first composite I_c1 is compared. Compare no_correlation with full to see what L_c changes."
        self.left, self.right = (
            ipywidgets.Dropdown(options=names, value=value, description=title, layout=wide, style=style, tooltip=tip)
            for title, value in (
                ("Left network", choice_of(before, "own, left", "untrained")),
                ("Right", choice_of(after, "own, right", "shipped")),
            )
        )
        tips = [f"{px // 4}×{px // 4} positions" for px in SIZES_PX]
        self.size = toggle([(f"{px} px", px) for px in SIZES_PX], tips, button_px=72)
        self.size.value = 96
        tips = ["Equation (3), as L_c compares it", "The same features brought to length one"]
        self.kind = toggle([("f, raw products", False), ("cosine", True)], tips, button_px=136)
        self.over_photo = ipywidgets.Checkbox(
            True,
            description="over the photograph",
            indent=False,
            layout=ipywidgets.Layout(width="170px", margin="2px 2px 2px 16px"),
        )
        self.worst = ipywidgets.Button(
            description="Go to the worst position",
            tooltip="The position that adds most to L_c of the right network",
            layout=ipywidgets.Layout(width="180px"),
        )

    def _make_pictures(self) -> None:
        rows = {"picture": ("truth", "left", "right"), "f": ("truth", "left", "right")}
        rows |= {"difference": ("left", "right"), "where": ("left", "right")}
        self.pictures = {
            (row, column): PointPicture(24, 24, width_px=SHOWN_PX)
            for row, columns in rows.items()
            for column in columns
        }
        self.titles = {column: ipywidgets.HTML() for column in ("truth", "left", "right")}
        self.bars = {row: ipywidgets.HTML() for row in ("f", "difference", "where")}
        self.sentence, self.numbers, self.legend = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self.sentence.add_class("rwlib-result")
        self.sentence.layout.min_height, self.sentence.layout.max_width = "40px", "800px"
        self.hint = ipywidgets.HTML(
            '<div style="font-size:12px;line-height:1.4">Click any picture, or move with the arrow keys. The line is '
            "the hole’s border. One position is 4×4 pixels and sees 16×16.</div>"
        )
        grid = [*self.titles.values(), ipywidgets.HTML()]
        grid += [*(self.pictures["picture", column] for column in self.titles), self.hint]
        grid += [*(self.pictures["f", column] for column in self.titles), self.bars["f"]]
        grid += [self.legend, self.pictures["difference", "left"], self.pictures["difference", "right"]]
        grid += [self.bars["difference"], self.numbers]
        grid += [self.pictures["where", "left"], self.pictures["where", "right"], self.bars["where"]]
        columns = f"repeat(3, minmax(0, {SHOWN_PX}px)) minmax(90px, 150px)"
        layout = ipywidgets.Layout(grid_template_columns=columns, grid_gap="6px 10px", align_items="flex-start")
        wrap = ipywidgets.Layout(flex_flow="row wrap")
        pictures = ipywidgets.GridBox(grid, layout=layout)
        for css in ("rwlib-grid", "rwlib-explorer", "rwlib-result"):
            pictures.add_class(css)
        self.show(
            self.menu,
            ipywidgets.HBox([self.left, self.right, titled("Size", self.size)], layout=wrap),
            ipywidgets.HBox([titled("Show", self.kind), self.over_photo, self.worst], layout=wrap),
            self.sentence,
            pictures,
        )

    def _connect(self) -> None:
        self.menu.connect(self, self.refresh)
        for control in (self.left, self.right, self.size):
            self.on_change(control, lambda _: self.refresh())
        for control in (self.kind, self.over_photo):
            self.on_change(control, lambda _: self._look())
        for picture in self.pictures.values():
            self.on_change(picture, self.choose, "cell")
        self.on_click(self.worst, self.go_to_worst)

    # --- what happens

    def refresh(self) -> None:
        """Fill the hole anew: another photograph, hole, size or network."""
        choice, size, *names = self._asked()
        titles = names if names[0] != names[1] else [names[0], f"{names[0]} (same)"]

        def compute() -> Scene:
            I_gt, M = self.menu.scene(choice, size)
            networks = {title: self._networks[name]() for title, name in zip(titles, names, strict=True)}
            return explore(I_gt, M, networks, own_size_vgg())

        busy = "Filling the hole and computing features …"
        self.later("scene", compute, self._show_scene, busy=busy, about=self._asked)

    def _asked(self) -> tuple:
        """Return what the scene has to be about."""
        return self.menu.choice, self.size.value, self.left.value, self.right.value

    def choose(self, cell: tuple[int, int]) -> None:
        """Look from another position (row, column)."""
        if tuple(cell) != self.cell:
            self.cell = tuple(cell)
            for picture in self.pictures.values():
                picture.cell = self.cell
            self._look()

    def go_to_worst(self) -> None:
        """Look from the position that adds most to the right network's loss."""
        if self.scene is not None:
            self.choose(worst_cell(self.scene, list(self.scene.composites)[1], self.kind.value))

    def _show_scene(self, scene: Scene) -> None:
        old, self.scene = self.scene, scene
        if old is None:
            cell = worst_cell(scene, list(scene.composites)[0])
        else:
            cell = tuple(k * scene.side // old.side for k in self.cell)
        for picture in self.pictures.values():
            picture.rows = picture.columns = scene.side
        self.cell = cell
        pictures = [scene.I_gt, *(composite.I_c1 for composite in scene.composites.values())]
        titles = ["I<sub>gt</sub>, the truth", *(f"I<sub>c1</sub>, {name}" for name in scene.composites)]
        missing = f"{100 * float(hole_fraction(scene.M)):.0f} % are missing, inside the outline"
        alts = [f"The ground truth; {missing}."]
        alts += [f"The first composite of {name}; {missing}." for name in scene.composites]
        for column, I, title, alt in zip(self.titles, pictures, titles, alts, strict=True):
            self.titles[column].value = f'<b style="line-height:1.4">{title}</b>'
            pixels = enlarge(tensor_to_image(I), PICTURE_PX)
            self.pictures["picture", column].set(outline(pixels, scene.M, COLORS[1]), alt)
        for picture in self.pictures.values():
            picture.cell = cell
        self._look()

    def _look(self) -> None:
        """Answer a light control: nothing here takes longer than a tenth of a second."""
        cosine, over = self.kind.value, self.over_photo.value
        if self.scene is None:
            return

        def compute() -> tuple[Scene, View, dict]:
            scene = self.scene  # the newest, and not the one of the click
            view = look(scene, tuple(min(k, scene.side - 1) for k in self.cell), cosine)
            return scene, view, draw(scene, view, over)

        self.later("look", compute, lambda result: self._show_view(*result, over))

    def _show_view(self, scene: Scene, view: View, maps: dict, over_photo: bool) -> None:
        self.view = view
        columns = dict(zip(["truth", *view.f], self.titles, strict=True))
        what = "cosine" if view.cosine else "f_ij"
        alts = {
            "f": f"Heat map of {what} from the chosen position",
            "difference": f"{what} less that of the truth, from the chosen position",
            "where": "How much each position adds to the sum of differences",
        }
        for (row, name), pixels in maps.items():
            self.pictures[row, columns[name]].set(pixels, f"{alts[row]}, {name}.")
        for row, bar in bars(view, over_photo).items():
            self.bars[row].value = bar
        self.legend.value = f'<div style="font-size:12px;line-height:1.4">{LEGEND[view.cosine]}</div>'
        self.numbers.value = table(scene, view)
        self.sentence.value = f'<div role="status" style="line-height:1.4">{sentence(scene, view)}</div>'

    def static(self) -> HTML | None:
        """Return the maps as they were first, as one picture."""
        self.wait()
        if self.scene is None or self.view is None:
            return None
        left, right = self.view.f
        return figure(
            still(self.scene, self.view),
            alt=f"The truth and two first composites, {left} and {right}, each with a heat map of f from one position; "
            "their differences to the truth; and which positions the correlation loss comes from.",
            caption=f"A still picture of the explorer, each row on one scale. {sentence(self.scene, self.view)} "
            "To choose positions yourself, run this notebook with `make lab`.",
        )
