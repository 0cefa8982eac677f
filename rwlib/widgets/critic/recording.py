"""Moments of a training as files: what `data_scripts/critic.py` records, and `CriticView()` shows."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rwlib.conventions import InputError
from rwlib.files import replacing, write_text
from rwlib.widgets.critic.moments import JUDGED, SIDE_PX, Moment, Scenes

RECORDING = Path(__file__).with_name("recordings")
FAKES = JUDGED[1:]


def save_recording(folder: Path, scenes: Scenes, moments: Sequence[Moment], about: Mapping[str, Any]) -> None:
    """Write moments as `critic.json` (numbers) and three pictures: photographs, predictions, sensitivities (WebP)."""
    folder.mkdir(parents=True, exist_ok=True)
    n, existing = len(scenes.I_gt), scenes.M[..., None]
    # Of predictions only the hole is shown; grey elsewhere takes no bytes.
    rows = [
        np.concatenate([np.where(existing[i], 128, m.predictions[kind][i]).astype(np.uint8) for m in moments], 1)
        for i in range(n) for kind in FAKES
    ]  # fmt: skip
    care = [np.concatenate([m.care[kind][i] for m in moments], 1) for i in range(n) for kind in JUDGED]
    sheets = {
        "photos.webp": (np.concatenate(list(scenes.I_gt), 1), {"quality": 80, "method": 6}),
        "masks.png": (np.concatenate(list(scenes.M), 1), {"optimize": True}),
        "predictions.webp": (np.concatenate(rows), {"quality": 45, "method": 6}),
        "care.webp": (np.concatenate(care), {"quality": 50, "method": 6}),
    }
    for name, (sheet, options) in sheets.items():
        with replacing(folder / f"critic_{name}", "folder") as file:
            Image.fromarray(sheet).save(file, name.rpartition(".")[2], **options)
    numbers = [
        {"step": m.step, "phase": m.phase, "scores": m.scores, "care_max": m.care_max,
         "maps": {kind: x.tolist() for kind, x in m.maps.items()}}
        for m in moments
    ]  # fmt: skip
    saved = {**about, "what": scenes.what, "moments": _rounded(numbers)}
    write_text(folder / "critic.json", json.dumps(saved, indent=1) + "\n")


def _rounded(x: Any) -> Any:
    if isinstance(x, float):
        return float(f"{x:.4g}")
    if isinstance(x, Mapping):
        return {key: _rounded(value) for key, value in x.items()}
    return [_rounded(value) for value in x] if isinstance(x, list) else x


def load_recording(folder: Path = RECORDING) -> tuple[Scenes, list[Moment], dict[str, Any]]:
    """Read what `save_recording` wrote: scenes, moments, and everything else in `critic.json`.

    Raises:
        InputError: a file is missing or damaged.
    """
    try:
        about = json.loads((folder / "critic.json").read_text(encoding="utf-8"))
        numbers, what = about.pop("moments"), about.pop("what")
        sheets = {
            name: np.asarray(Image.open(folder / f"critic_{name}"))
            for name in ("photos.webp", "masks.png", "predictions.webp", "care.webp")
        }
        photos, M = sheets["photos.webp"], sheets["masks.png"] > 0
        n = photos.shape[1] // SIDE_PX
        scenes = Scenes(_cut(photos, n), _cut(M, n), what)
        predictions, care = sheets["predictions.webp"], sheets["care.webp"]
        care = care[..., 0] if care.ndim == 3 else care
        moments = []
        for k, saved in enumerate(numbers):
            strip = predictions[:, k * SIDE_PX : (k + 1) * SIDE_PX].reshape(n, 2, SIDE_PX, SIDE_PX, 3)
            heat = care[:, k * SIDE_PX // 2 : (k + 1) * SIDE_PX // 2].reshape(n, 3, SIDE_PX // 2, SIDE_PX // 2)
            maps = {kind: np.asarray(x) for kind, x in saved["maps"].items()}
            both = {kind: strip[:, i] for i, kind in enumerate(FAKES)}
            three = {kind: heat[:, i] for i, kind in enumerate(JUDGED)}
            moments.append(Moment(saved["step"], saved["phase"], saved["scores"], maps, both, three, saved["care_max"]))
    except (OSError, KeyError, ValueError, AttributeError) as error:
        raise InputError(f"recording: {folder} cannot be read ({error}); install rwlib again") from None
    return scenes, moments, about


def _cut(sheet: np.ndarray, n: int) -> np.ndarray:
    return np.stack(np.split(sheet, n, axis=1))
