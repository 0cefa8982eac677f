"""Moments of a training as the discriminator sees them: from networks, from a recording, in the widget."""

import numpy as np
import pytest
import torch

from rwlib.checkpoints import write_checkpoint
from rwlib.config import make_config
from rwlib.conventions import InputError
from rwlib.networks.discriminator import RegionWiseDiscriminator
from rwlib.networks.generator import RegionWiseGenerator
from rwlib.training.run_folder import OLDER, STATE
from rwlib.widgets import CriticView
from rwlib.widgets.critic.moments import (
    CENTRES_PX,
    JUDGED,
    MOST,
    Moment,
    Scenes,
    add,
    from_checkpoint,
    patch_score,
    sensitivity,
    tensors_of,
)
from rwlib.widgets.critic.recording import RECORDING, load_recording, save_recording
from rwlib.widgets.critic.views import COLOR, EXISTING, Story, batch_means, chart, mark, sheet
from rwlib.widgets.critic.words import notice

CONFIG = make_config("balanced", "tiny", width=4, discriminator_width=4, epochs=(2, 1), steps_per_epoch=4)


def checkpoint(file, step, seed=0):
    """Write what a run of twelve steps would leave, with random networks."""
    torch.manual_seed(seed)
    G, D = RegionWiseGenerator.from_config(CONFIG), RegionWiseDiscriminator.from_config(CONFIG)
    tensors = {f"{who}.{name}": x for who, net in {"G": G, "D": D}.items() for name, x in net.state_dict().items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    write_checkpoint(file, tensors, kind="training", config=CONFIG, about={"step": step, "total_steps": 12})
    return G.eval(), D.eval()


def photographs(n=1):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (256, 256, 3), np.uint8) for _ in range(n)]


@pytest.fixture(scope="module")
def recording():
    return load_recording()


# --- what the networks say


def test_the_sensitivity_is_the_derivative_of_the_mean_score_and_zero_outside_the_hole():
    torch.manual_seed(0)
    D = RegionWiseDiscriminator(4).eval().double()
    I, M = torch.rand(2, 3, 64, 64, dtype=torch.float64) * 2 - 1, torch.ones(2, 1, 64, 64, dtype=torch.float64)
    M[..., 20:40, 20:40] = 0
    score_map, care = sensitivity(D, I, M)
    assert score_map.shape == (2, 1, 1) and care.shape == (2, 64, 64)
    assert (care[M[:, 0] == 1] == 0).all() and (care[M[:, 0] == 0] > 0).float().mean() > 0.9
    slope = 0.0
    for channel in range(3):
        there, back = I.clone(), I.clone()
        there[1, channel, 25, 30] += 1e-6
        back[1, channel, 25, 30] -= 1e-6
        slope += abs(float((D(there, M)[1].mean() - D(back, M)[1].mean()).detach() / 2e-6))
    assert float(care[1, 25, 30]) == pytest.approx(slope, rel=1e-4)
    assert float(score_map[1, 0, 0]) == pytest.approx(float(D(I, M)[1].mean().detach()))


def test_a_score_is_centred_where_the_maps_draw_it():
    """On the receptive field's middle, half a cell off the middle of the 64x64 square."""
    torch.manual_seed(0)
    D = RegionWiseDiscriminator(4).eval()
    I = torch.rand(1, 3, 640, 640, requires_grad=True)
    (gradient,) = torch.autograd.grad(D(I, torch.zeros(1, 1, 640, 640))[0, :, 4, 4].sum(), I)
    rows = gradient.abs().sum((0, 1, 3)).nonzero().flatten()
    assert int(rows[0] + rows[-1]) / 2 == 64 * 4 + 63 and CENTRES_PX == (63, 127, 191, 255)


def test_the_patch_score_is_the_mean_of_patches_weighted_by_their_holes():
    torch.manual_seed(0)
    D = RegionWiseDiscriminator(4).eval()
    I, M = torch.rand(1, 3, 64, 128) * 2 - 1, torch.ones(1, 1, 64, 128)
    M[..., :32, :32] = 0  # a quarter of the first patch
    M[..., :, 96:] = 0  # half of the second
    with torch.no_grad():
        first, second = (float(D(I[..., k : k + 64], M[..., k : k + 64]).mean()) for k in (0, 64))
    assert patch_score(D, I, M, 64) == pytest.approx((first * 0.25 + second * 0.5) / 0.75, rel=1e-4)


def test_a_checkpoint_becomes_a_moment(tmp_path):
    G, D = checkpoint(tmp_path / STATE, 9)
    scenes = Scenes.from_photographs(photographs(2), "noise")
    moment = from_checkpoint(tmp_path / STATE, scenes)
    I_gt, M = tensors_of(scenes)
    holes = 1 - M.unfold(2, 64, 64).unfold(3, 64, 64).mean((4, 5))
    assert holes.min() > 0.1 and holes.max() < 0.4, "every square has a hole, and rest"
    with torch.no_grad():
        I_p2 = G(I_gt[1:], M[1:]).I_p2
        score_map = D(I_p2, M[1:]).mean(1)[0]
        n = len(score_map) // 4  # scores along a cell's side; one with six layers
        expected = score_map.unfold(0, n, n).unfold(1, n, n).mean((2, 3)).numpy()
    assert np.allclose(moment.maps["I_p2"][1], expected, atol=1e-4)
    assert moment.step == 9 and moment.phase == 2
    assert moment.maps["I_gt"].shape == (2, 4, 4) and moment.predictions["I_p1"].shape == (2, 256, 256, 3)
    assert max(x[0].max() for x in moment.care.values()) == 255
    assert moment.care["I_gt"][0][scenes.M[0].reshape(128, 2, 128, 2).all((1, 3))].max() == 0
    checkpoint(tmp_path / STATE, 8)
    assert from_checkpoint(tmp_path / STATE, scenes).phase == 1


@pytest.mark.parametrize("content", [None, b"", b"not a checkpoint at all"])
def test_a_damaged_checkpoint_is_one_line(tmp_path, content):
    if content is not None:
        (tmp_path / STATE).write_bytes(content)
    with pytest.raises(InputError, match="checkpoint: "):
        from_checkpoint(tmp_path / STATE, Scenes.from_photographs(photographs(), "noise"))


# --- recordings


def test_the_shipped_recording_is_small_and_whole(recording):
    scenes, moments, about = recording
    assert sum(file.stat().st_size for file in RECORDING.iterdir()) < 400_000 and (RECORDING / "README.md").exists()
    assert len(scenes.I_gt) == 2 and len(moments) == 10 and about["form"] == "hinge" and "data_scripts" in about["how"]
    assert [m.phase for m in moments] == [1] + [2] * 9 and [m.step for m in moments] == sorted(m.step for m in moments)
    for m in moments:
        assert m.scores.keys() == m.maps.keys() == m.care.keys() == set(JUDGED)
        assert all(x.shape == (2, 4, 4) for x in m.maps.values())
        holes = ~scenes.M
        assert all(x[i][holes[i]].std() > 3 for x in m.predictions.values() for i in range(2))
    untrained, last = moments[0].scores, moments[-1].scores
    assert max(untrained.values()) - min(untrained.values()) < 0.01, "before phase two nothing is told apart"
    assert last["I_gt"] > last["I_p1"] and last["I_gt"] > last["I_p2"]
    assert len(about["batches"]["step"]) == len(about["batches"]["D_gt"]) > 50


def test_in_the_recording_the_verdict_hangs_on_contrast(recording):
    """What notebook 06 says: the quarter with most contrast counts several times as much as the one with least."""
    scenes, moments, _ = recording
    for i, I_gt in enumerate(scenes.I_gt):
        slope = np.hypot(*np.gradient(I_gt.mean(2)))[:254, :254]
        contrast = np.lib.stride_tricks.sliding_window_view(np.pad(slope, 4, "edge"), (9, 9)).mean((2, 3))[::2, ::2]
        hole = ~scenes.M[i].reshape(128, 2, 128, 2).any((1, 3))[:127, :127]
        care = (moments[-1].care["I_gt"][i][:127, :127] / 255.0) ** 2
        low, high = np.quantile(contrast[hole], (0.25, 0.75))
        busy, plain = care[hole & (contrast >= high)].mean(), care[hole & (contrast <= low)].mean()
        assert busy / plain > 2.5


def test_a_recording_comes_back_as_it_was_saved(tmp_path):
    checkpoint(tmp_path / "a" / STATE, 8)
    checkpoint(tmp_path / "b" / STATE, 12, seed=1)
    scenes = Scenes.from_photographs([np.full((256, 256, 3), 90 * k, np.uint8) for k in (1, 2)], "plain")
    moments = [from_checkpoint(tmp_path / name / STATE, scenes) for name in "ab"]
    save_recording(tmp_path / "saved", scenes, moments, {"form": "hinge"})
    again, found, about = load_recording(tmp_path / "saved")
    assert np.array_equal(again.M, scenes.M) and again.what == "plain" and about == {"form": "hinge"}
    assert np.abs(again.I_gt.astype(int) - scenes.I_gt).max() < 8
    for old, new in zip(moments, found, strict=True):
        assert (old.step, old.phase) == (new.step, new.phase)
        for kind in JUDGED:
            assert np.allclose(old.maps[kind], new.maps[kind], rtol=1e-3, atol=1e-6)
            assert np.abs(old.care[kind].astype(int) - new.care[kind]).mean() < 12
        inside = ~scenes.M
        for kind in ("I_p1", "I_p2"):
            assert np.abs(old.predictions[kind].astype(int) - new.predictions[kind])[inside].mean() < 30
    (tmp_path / "saved" / "critic_care.webp").unlink()
    with pytest.raises(InputError, match="recording: .*install rwlib again"):
        load_recording(tmp_path / "saved")


# --- pictures and words


def moment(step, real, first, second, phase=2, **changes):
    maps = {kind: np.full((1, 4, 4), s) for kind, s in zip(JUDGED, (real, first, second), strict=True)}
    care = {kind: np.zeros((1, 128, 128), np.uint8) for kind in JUDGED}
    predictions = {kind: np.full((1, 256, 256, 3), 60, np.uint8) for kind in ("I_p1", "I_p2")}
    scores = dict(zip(JUDGED, (real, first, second), strict=True))
    return Moment(step, phase, scores, maps, predictions, care, [1.0], **changes)


def test_a_sentence_for_every_state():
    assert "untrained" in notice(moment(8, 0.0, 0.0, 0.0, phase=1))
    assert "takes I_p1 for more real" in notice(moment(9, 0.1, 0.3, 0.2))
    assert "takes I_p2 for more real" in notice(moment(9, 0.1, 0.2, 0.3))
    assert "hardly tell" in notice(moment(9, 0.2, 0.195, 0.1))
    ahead = notice(moment(9, 0.9, 0.1, 0.2))
    assert "ahead of both fakes, by 0.70" in ahead and "between the margins" in ahead and "0.90" in ahead
    assert "margins" not in notice(moment(9, 1.9, 0.1, 0.2)) and "margins" not in notice(
        moment(9, 0.9, 0.1, 0.2), "bce"
    )


def test_colours_mean_the_same_at_all_moments_if_asked():
    scenes = Scenes.from_photographs(photographs(), "noise")
    story = Story(scenes, [moment(8, 0.1, 0.05, 0.0), moment(12, 2.0, 0.0, -2.0)])
    own, same = sheet(story, 0, 0), sheet(story, 0, 0, one_scale=True)
    y, x = 24 + 63 - 14, 63  # inside the disc of the first score of I_gt, beside its number
    assert own[y, x].tolist() != same[y, x].tolist()
    assert np.array_equal(sheet(story, 1, 0), sheet(story, 1, 0, one_scale=True)), "the largest decides anyway"


def test_the_sheet_shows_the_hole_alone():
    scenes = Scenes.from_photographs(photographs(), "noise")
    page = sheet(Story(scenes, [moment(8, 0.1, 0.0, 0.0)]), 0, 0)
    corner = page[24 : 24 + 40, :40]  # above and left of the first score
    assert (corner[scenes.M[0, :40, :40]] == EXISTING).all()
    assert np.array_equal(corner[~scenes.M[0, :40, :40]], scenes.I_gt[0, :40, :40][~scenes.M[0, :40, :40]])


def test_the_chart_marks_the_moment(recording):
    scenes, moments, about = recording
    pixels, columns = chart(Story(scenes, moments, about["batches"], about["form"]))
    assert len(columns) == 10 and all(0 < x < pixels.shape[1] for pair in columns for x in pair)
    assert columns == sorted(columns)
    marked = mark(pixels, columns[3])
    different = (marked != pixels).any((0, 2)).nonzero()[0]
    assert set(different) <= {x + d for x in columns[3] for d in (-1, 0)} and len(different)
    chart(Story(scenes))  # nothing to show yet


def test_curves_that_are_hundredths_apart_do_not_lie_on_each_other():
    """On an axis that holds the hinge's margins, 1 and -1, they would be six pixels apart."""
    scenes = Scenes.from_photographs(photographs(), "noise")
    pixels, columns = chart(Story(scenes, [moment(step, 0.1, 0.02, 0.06) for step in (8, 12)], {}, "hinge"))
    seen = pixels[:, columns[0][0] - 2 : columns[0][0] + 3].astype(int)  # on the left, where no legend is
    rows = {}
    for kind in ("I_gt", "I_p1"):
        color = [int(COLOR[kind][i : i + 2], 16) for i in (1, 3, 5)]
        rows[kind] = np.median((np.abs(seen - color).max(2) < 40).any(1).nonzero()[0])
    assert rows["I_p1"] - rows["I_gt"] > 50
    chart(Story(scenes, [moment(8, 1.5, 0.0, -2.0)], {}, "hinge"))  # both margins are inside


def test_means_of_training_batches_by_hand():
    nan = float("nan")
    curves = {"step": [0, 1, 2, 3, 4], "D_gt": [nan, 1.0, 3.0, 5.0, 9.0], "D_p2": [nan, 0.0, 1.0, 0.0, 9.0]}
    assert batch_means(curves, 2) == {"step": [3, 5], "D_gt": [2.0, 7.0], "D_p2": [0.5, 4.5]}
    assert batch_means({}) == {"step": [], "D_gt": [], "D_p2": []}


def test_moments_that_a_resumed_run_takes_back_go_and_there_are_never_too_many():
    moments = []
    for step in range(10, 10 * (3 * MOST), 10):
        moments = add(moments, moment(step, 0, 0, 0))
    steps = [m.step for m in moments]
    assert (
        len(steps) <= MOST + 1 and steps == sorted(set(steps)) and steps[0] == 10 and steps[-1] == 10 * (3 * MOST - 1)
    )
    three = [moment(step, 0, 0, 0) for step in (10, 20, 30)]
    assert [m.step for m in add(three, moment(20, 1, 0, 0))] == [10, 20]
    assert add(three, moment(20, 1, 0, 0))[1].scores["I_gt"] == 1


# --- the widget


def test_the_recording_is_shown_and_every_control_changes_it():
    view = CriticView()
    view.wait()
    assert view.moment.max == view.play.max == 9 and view.moment.value == 9 and "Step 450" in view.noticed.value
    for control, value, picture in (("moment", 3, "curves"), ("moment", 4, "maps"), ("photo", 1, "maps"),
                                    ("one_scale", True, "maps")):  # fmt: skip
        before = getattr(view, picture).png
        getattr(view, control).value = value
        view.wait()
        assert getattr(view, picture).png != before, control
    assert "Step 230" in view.noticed.value and "Photograph 2 at step 230" in view.maps.alt
    still = view.static().data
    assert "still picture" in still and "make lab" in still and "Step 230" in still and len(still) < 150_000
    view.close()


def test_a_run_is_followed(tmp_path):
    view = CriticView(tmp_path, photographs=photographs())
    view.wait()
    assert "holds no checkpoint yet" in view.message.value and view.static() is None
    checkpoint(tmp_path / OLDER / "step_000004.safetensors", 4)
    checkpoint(tmp_path / STATE, 8)
    view.look(), view.wait()
    assert [m.step for m in view.story.moments] == [4, 8] and view.moment.value == 1
    before = view.maps.png
    view.look(), view.wait()
    assert view.maps.png is before, "nothing new"
    checkpoint(tmp_path / STATE, 12, seed=1)
    view.look(), view.wait()
    assert [m.step for m in view.story.moments] == [4, 8, 12] and view.moment.value == 2, "it stays at the last one"
    view.moment.value = 0
    view.wait()
    checkpoint(tmp_path / STATE, 13, seed=2)
    view.look(), view.wait()
    assert view.moment.value == 0, "whoever looks back is not disturbed"
    (tmp_path / STATE).write_bytes(b"half a chec")
    view.look(), view.wait()
    assert "truncated" in view.message.value and len(view.story.moments) == 4
    thread = view._ticker.thread
    view.close()
    thread.join(10)
    assert not thread.is_alive()


def test_older_checkpoints_are_looked_at_in_the_order_of_their_steps(tmp_path):
    for step in (999_000, 1_000_000):
        checkpoint(tmp_path / OLDER / f"step_{step:06d}.safetensors", step)
    checkpoint(tmp_path / STATE, 1_001_000)
    view = CriticView(tmp_path, photographs=photographs())
    view.wait()
    assert [m.step for m in view.story.moments] == [999_000, 1_000_000, 1_001_000]
    view.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"run": 3}, "run: expected the folder of a run"),
        ({"photographs": []}, "the recording has its own"),
        ({"run": "nowhere", "photographs": []}, "expected at least one"),
        ({"run": "nowhere", "photographs": [np.zeros((1, 1, 3), np.uint8)]}, "at least 64 px each side"),
        ({"run": "nowhere", "photographs": ["a.png"]}, "expected uint8 RGB"),
    ],
)
def test_wrong_arguments_become_a_message(arguments, words):
    view = CriticView(**arguments)
    view.wait()
    assert words in view.message.value and view.static() is None
    view.redraw()
    view.close()


def test_a_large_photograph_is_scaled():
    view = CriticView("nowhere", photographs=[np.zeros((5000, 8000, 3), np.uint8)])
    view.wait()
    assert view.story.scenes.I_gt.shape == (1, 256, 256, 3)
    view.close()
