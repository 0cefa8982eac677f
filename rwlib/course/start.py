"""`rwlib start DIR`: copy the notebooks into a folder of the learner's own, and never overwrite one there."""

import shlex
from pathlib import Path

import rwlib
from rwlib.conventions import InputError

NOTEBOOKS = Path(rwlib.__file__).parents[1] / "notebooks"


def copy_notebooks(to: Path, notebooks: Path = NOTEBOOKS) -> dict[str, str]:
    """Copy the learners' notebooks that are not there yet.

    Args:
        to: the learner's folder; made if need be.
        notebooks: folder of the course.

    Returns:
        File name → `copied`, `unchanged` (there already, and the same) or `kept` (there already, and other than the
        course's: the learner's own work, or an earlier edition).

    Raises:
        InputError: the course is not there, or `to` is the course's own folder or cannot be written to.
    """
    files = sorted(notebooks.glob("[0-9][0-9]_*.ipynb"))
    if not files:
        raise InputError(f"notebooks: none in {notebooks}; rwlib start needs a clone of the repository")
    if to.resolve() == notebooks.resolve():
        raise InputError(f"DIR: {to} is the course's own folder; name one of your own")
    done = {}
    try:
        to.mkdir(parents=True, exist_ok=True)
        for file in files:
            try:
                with (to / file.name).open("xb") as copy:  # x: fails where there is a file
                    copy.write(file.read_bytes())
                done[file.name] = "copied"
            except FileExistsError:
                same = (to / file.name).is_file() and (to / file.name).read_bytes() == file.read_bytes()
                done[file.name] = "unchanged" if same else "kept"
    except OSError as error:
        raise InputError(f"DIR: cannot write to {to}: {error.strerror}; name another folder") from None
    return done


def start(to: Path) -> None:
    """Copy the notebooks, and say what was done and how to open them."""
    done = copy_notebooks(to)
    counts = {word: list(done.values()).count(word) for word in ("copied", "unchanged")}
    print(f"{counts['copied']} notebooks copied to {to}, {counts['unchanged']} were there already")
    for name in (name for name, word in done.items() if word == "kept"):
        print(f"kept your own {name}; to get the course's again, rename yours and repeat this command")
    print(f"Open them with: jupyter lab {shlex.quote(str(to))}")
