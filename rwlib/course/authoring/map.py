"""The map: equation, section or algorithm → notebook cell → rwlib function → test, written to `notebooks/MAP.md`.

A notebook's cell enters by its tag, `# %% tags=["eq-4"]`; `PLACES` knows the rest. A notebook that is not written yet
is left out, and a new one needs no change here unless it shows a place of the paper that is not listed.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Place(NamedTuple):
    """One place of the paper."""

    name: str
    """What stands there."""
    function: str
    """Full name in rwlib."""
    test: str
    """`file::function` below `tests/`."""
    note: str = ""
    """What the paper leaves open there, and what rwlib does."""


PLACES: dict[str, Place] = {
    "sec-3.1": Place(
        "Section 3.1: mask, masked input, composite",
        "rwlib.conventions.compose",
        "test_conventions.py::test_compose_by_hand",
        "M is 1 where the image exists, 0 where it is missing",
    ),
    "eq-1": Place(
        "Eq. (1): region-wise convolution",
        "rwlib.networks.region_wise_conv.RegionWiseConv2d",
        "test_networks_region_wise_conv.py::test_equals_loop",
        "filters and biases chosen by output location",
    ),
    "sec-3.2": Place(
        "Section 3.2, “in practice”: regions separated by channel",
        "rwlib.networks.region_wise_conv.ChannelSeparatedConv2d",
        "test_networks_region_wise_conv.py::test_the_two_readings_differ_only_where_a_window_straddles_the_border",
        "what the released program does; differs from eq. (1) at the border of the hole, and has one bias",
    ),
    "fig-2": Place(
        "Fig. 2: semantic inferring and global perceiving network",
        "rwlib.networks.generator.RegionWiseGenerator",
        "test_networks_generator.py::test_the_layers_are_those_of_the_table",
        "smallest map 64×64 as released, not 128×128; the last activation is not said",
    ),
    "sec-3.4": Place(
        "Section 3.4: region-wise discriminator",
        "rwlib.networks.discriminator.RegionWiseDiscriminator",
        "test_networks_discriminator.py::test_the_layers_are_those_of_the_table",
        "region-wise by its input alone: the hole's content and the mask",
    ),
    "eq-2": Place(
        "Eq. (2): reconstruction loss L_r",
        "rwlib.losses.reconstruction.reconstruction_loss",
        "test_losses_reconstruction.py::test_equals_loop",
        "over the predictions, whole image; a sum per image, a mean over the batch",
    ),
    "eq-3": Place(
        "Eq. (3): correlation f_ij",
        "rwlib.losses.correlation.correlation",
        "test_losses_correlation.py::test_correlation_equals_loop",
        "σ is not given",
    ),
    "eq-4": Place(
        "Eq. (4): correlation loss L_c",
        "rwlib.losses.correlation.correlation_loss",
        "test_losses_correlation.py::test_loss_equals_loop",
        "on the first composite; Algorithm 1 says prediction",
    ),
    "eq-5": Place(
        "Eq. (5): style loss L_s",
        "rwlib.losses.style.style_loss",
        "test_losses_style.py::test_loss_equals_loop",
        "on the second composite alone; δ_p is not given",
    ),
    "eq-6": Place(
        "Eq. (6): adversarial loss L_a",
        "rwlib.losses.adversarial.adversarial_loss_generator",
        "test_losses_adversarial.py::test_critic_is_equation_6_for_both_players",
        "unbounded as printed; the released program compares score maps with labels",
    ),
    "eq-7": Place(
        "Eq. (7): the objective",
        "rwlib.training.step.generator_step",
        "test_training_step.py::test_the_objective_is_the_weighted_sum",
        "λ₃ = 1 means little while L_a is a thousandth of L_r: presets paper, release, balanced",
    ),
    "alg-1": Place(
        "Algorithm 1: training in two phases",
        "rwlib.training.step.training_step",
        "test_training_step.py::test_each_preset_and_form_trains_the_right_networks_in_both_phases",
        "discriminator first, then generator; batch size not given",
    ),
    "sec-4.1": Place(
        "Section 4.1: contiguous and discontiguous holes",
        "rwlib.masks.random_mask",
        "test_masks_drawing.py::test_form_and_fraction",
        "the fraction is drawn, and met exactly",
    ),
    "fig-4": Place(
        "Section 4.2, Fig. 4: ablation",
        "rwlib.ablations.ablation_config",
        "test_widgets_studio.py::test_a_recipe_becomes_a_configuration",
        "at which network both losses of (d) are, whether (e) was trained alone, the number of trainings",
    ),
    "table-1": Place(
        "Table 1: which kinds of losses each method has",
        "rwlib.evaluation.loss_kinds.loss_table",
        "test_evaluation_loss_kinds.py::test_the_printed_table_agrees_but_for_the_feature_matching_of_pic",
        "printed without feature matching for PIC, whose program and paper have it",
    ),
    "table-2": Place(
        "Tables 2 and 3: metrics, on the whole image and in the hole",
        "rwlib.metrics.psnr",
        "test_metrics.py::test_equal_to_skimage",
        "window and data range of SSIM are not given",
    ),
    "sec-4.4": Place(
        "Section 4.4: unwanted object removal",
        "rwlib.inpainting.fill_photo",
        "test_inpaint.py::test_existing_pixels_stay_and_the_hole_is_filled_at_any_size",
        "who drew the masks of Fig. 8, how wide, and at which size is not said",
    ),
}
"""Tag → place, in the paper's order."""

HEADER = """# From the paper to the code

Made by `make notebooks` from the tags of the notebooks' cells and the table in `rwlib/course/authoring/map.py`.

| paper | notebook | function | test | what the paper leaves open, and what rwlib does |
|---|---|---|---|---|
"""


def page(notebooks: Mapping[str, Any]) -> str:
    """Return the map as Markdown.

    Args:
        notebooks: stem of the file name → notebook.
    """
    rows = []
    for tag, place in PLACES.items():
        cells = ", ".join(
            f"[{stem[:2]}, cell {i}]({stem}.ipynb#cell-id={cell.id})" for stem, i, cell in _tagged(notebooks, tag)
        )
        file = place.test.split("::")[0]
        rows.append(
            f"| {place.name} | {cells or '–'} | `{place.function.removeprefix('rwlib.')}` | "
            f"[`{place.test.split('::')[1]}`](../tests/{file}) | {place.note} |"
        )
    return HEADER + "\n".join(rows) + "\n"


def unknown_tags(notebooks: Mapping[str, Any]) -> list[str]:
    """Return one sentence for each tag that looks like a place of the paper and is not in `PLACES`."""
    kinds = {tag.split("-")[0] for tag in PLACES} | {"fig"}
    return [
        f"{stem}, cell {i}: tag {tag!r} needs a line in PLACES of rwlib/course/authoring/map.py"
        for stem, notebook in notebooks.items()
        for i, cell in enumerate(notebook.cells)
        for tag in cell.metadata.get("tags", [])
        if tag.split("-")[0] in kinds and tag not in PLACES
    ]


def _tagged(notebooks: Mapping[str, Any], tag: str) -> list[tuple[str, int, Any]]:
    return [
        (stem, i, cell)
        for stem, notebook in notebooks.items()
        for i, cell in enumerate(notebook.cells)
        if tag in cell.metadata.get("tags", [])
    ]
