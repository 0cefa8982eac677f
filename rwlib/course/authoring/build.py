"""Build the notebooks from their sources: `python -m rwlib.course.authoring.build [NN ...] [--check] [--measure]`.

`notebooks/source/NN_topic.py` is the only file edited by hand. From it come `notebooks/NN_topic.ipynb` (stubs in place
of solutions, no outputs) and `notebooks/solutions/NN_topic.ipynb` (executed in the tier `cpu`), and from all of them
`notebooks/MAP.md`. Needs the extra `test`.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import torch
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import rwlib
from rwlib.conventions import InputError
from rwlib.course.authoring import effort, map
from rwlib.course.authoring.prove import exercise_flaws, notebook_flaws
from rwlib.course.authoring.rules import CHECK, output_violations, violations
from rwlib.course.authoring.stubs import clear, has_solution
from rwlib.course.checking.solutions import EXERCISE
from rwlib.course.exercises import of_notebook
from rwlib.course.program import exit_status
from rwlib.course.workshop import kept
from rwlib.course.workshop.solved import keep_solutions
from rwlib.files import write_text
from rwlib.notebook import context

ROOT = Path(rwlib.__file__).parents[1]
NOTEBOOKS = ROOT / "notebooks"
TIMEOUT_S = 3600
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
PEAK_MEMORY = """
import resource, sys
resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1000_000 if sys.platform == "darwin" else 1000)
"""


def sources(numbers: Sequence[str] = ()) -> list[Path]:
    """Return the sources of the given notebooks, or all of them.

    Raises:
        InputError: a number without a source.
    """
    files = sorted((NOTEBOOKS / "source").glob("[0-9][0-9]_*.py"))
    there_are = {file.name[:2]: file for file in files}
    for number in numbers:
        if number not in there_are:
            raise InputError(f"notebook: expected one of {', '.join(there_are)}; got {number!r}")
    return [there_are[number] for number in numbers] if numbers else files


def read_source(file: Path) -> Any:
    """Return a source as a notebook with solutions, without outputs: stable cell ids, tags, nbgrader's metadata."""
    number = file.name[:2]
    notebook = jupytext.reads(file.read_text(encoding="utf-8"), fmt="py:percent")
    cells = []
    for i, cell in enumerate(notebook.cells):
        new = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        source, metadata = cell.source, {}
        if cell.metadata.get("tags"):
            metadata["tags"] = list(cell.metadata["tags"])
        if cell.cell_type == "code":
            metadata |= _nbgrader(source)
            if has_solution(source) and (exercise := EXERCISE.search(source)):
                source = effort.line(exercise[1]) + source
        elif "{{timings}}" in source:
            source = source.replace("{{timings}}", context.describe_timings(number))
            source = source.replace("{{exercises}}", effort.summary(_exercises(notebook)))
            metadata["timings"] = True
        cells.append(new(source, id=f"{number}-{i:02}", metadata=metadata))
    return nbformat.v4.new_notebook(cells=cells, metadata=json.loads(json.dumps(METADATA)))


def make_learners(notebook: Any) -> Any:
    """Return the learner's version: stubs in place of solutions."""
    notebook = nbformat.from_dict(json.loads(json.dumps(notebook)))
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            try:
                cell.source = clear(cell.source)
            except InputError as error:
                raise InputError(f"cell {i}: {error}") from None
    return notebook


def to_text(notebook: Any) -> str:
    """Return a notebook as the text of its file."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def execute(notebook: Any, tier: str, solved_before: str = "") -> tuple[Any, dict[str, int]]:
    """Run a notebook in a fresh kernel and an empty folder.

    Args:
        notebook: with or without solutions.
        tier: see `rwlib.notebook.context`.
        solved_before: number of a notebook; `my_rwlib/` then holds the solutions of all notebooks before it.

    Returns:
        The notebook with outputs, and its seconds (start of the kernel included) and peak memory in megabytes.

    Raises:
        InputError: a cell raised.
    """
    notebook = nbformat.from_dict(json.loads(json.dumps(notebook)))
    if sys.platform != "win32":
        notebook.cells.append(nbformat.v4.new_code_cell(PEAK_MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook, timeout=TIMEOUT_S, kernel_name="python3", record_timing=False, store_widget_state=False,
            coalesce_streams=True, extra_arguments=["--log-level=40"], resources={"metadata": {"path": folder}},
        )  # fmt: skip
        if solved_before:
            keep_solutions(Path(folder) / Path(folder).name / kept.NAME, before=solved_before)
        start = time.monotonic()
        env = {name: value for name, value in os.environ.items() if name != "RWLIB_STRICT"}
        try:
            client.execute(env=env | {"RWLIB_TIER": tier, "RWLIB_HOME": folder})
        except CellExecutionError as error:
            raise InputError("a cell raised", *str(error).splitlines()) from None
        seconds = time.monotonic() - start
    mb = 0
    if sys.platform != "win32":
        mb = int(notebook.cells.pop().outputs[0].data["text/plain"])
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook, {"seconds": round(seconds), "mb": mb}


def build(file: Path, *, check_only: bool = False, measure: bool = False) -> None:
    """Build one notebook.

    Args:
        file: its source.
        check_only: run both versions in the tier `smoke` and write nothing.
        measure: run it in every tier first (`gpu` where there is one), and note time and memory.

    Raises:
        InputError: it breaks a rule, an exercise does not bite, a cell raised, or an output must not be stored.
    """
    number = file.name[:2]
    with_solutions = read_source(file)
    _refuse(file.name, [*violations(with_solutions, number), *map.unknown_tags({file.stem: with_solutions})])
    learners = make_learners(with_solutions)
    exercises = of_notebook(number)
    flaws = [flaw for exercise in exercises for flaw in exercise_flaws(exercise)]
    _refuse(file.name, [*flaws, *notebook_flaws(with_solutions, learners, exercises)])
    if check_only:
        for name, notebook in (("learner's", learners), ("solutions", with_solutions)):
            executed, needed = execute(notebook, "smoke", number if name == "solutions" else "")
            _refuse(f"{file.name}, {name}", output_violations(executed, _private()))
            print(f"{file.name}: {name} version runs in tier smoke, {needed['seconds']} s, {needed['mb']} MB")
        return
    if measure:
        for tier in context.TIERS if torch.cuda.is_available() else ("smoke", "cpu"):
            note_timing(number, tier, execute(with_solutions, tier, number)[1])
        with_solutions = read_source(file)
        learners = make_learners(with_solutions)
    executed, needed = execute(with_solutions, "cpu", number)
    _refuse(file.name, output_violations(executed, _private()))
    (NOTEBOOKS / "solutions").mkdir(exist_ok=True)
    write_text(NOTEBOOKS / file.with_suffix(".ipynb").name, to_text(learners))
    write_text(NOTEBOOKS / "solutions" / file.with_suffix(".ipynb").name, to_text(executed))
    print(f"{file.name}: built, {needed['seconds']} s, {needed['mb']} MB")


def note_timing(number: str, tier: str, needed: dict[str, int]) -> None:
    """Write a measurement into `timings.json`, beside those that others wrote meanwhile."""
    timings = json.loads(context.TIMINGS.read_text(encoding="utf-8"))
    timings.setdefault(number, {})[tier] = needed
    write_text(context.TIMINGS, json.dumps(timings, indent=1, sort_keys=True) + "\n")


def main(args: Sequence[str] | None = None) -> int:
    """Build what the command line asks for; return 0, or 2 with one line for each fault on stderr."""
    parser = argparse.ArgumentParser(prog="python -m rwlib.course.authoring.build", description=__doc__.split("\n")[0])
    parser.add_argument("numbers", nargs="*", metavar="NN", help="notebooks to build; all without one")
    parser.add_argument("--check", action="store_true", help="run both versions in tier smoke and write nothing")
    parser.add_argument("--measure", action="store_true", help="also measure time and memory (on a quiet machine)")
    options = parser.parse_args(args)

    def work() -> None:
        for file in sources(options.numbers):
            build(file, check_only=options.check, measure=options.measure)
        if not options.check:
            page = map.page({file.stem: read_source(file) for file in sources()})
            write_text(NOTEBOOKS / "MAP.md", page)

    return exit_status(work)


def _nbgrader(source: str) -> dict[str, Any]:
    """Return the metadata by which nbgrader knows answers and their checks."""
    kinds = {"schema_version": 3, "task": False}
    if has_solution(source) and (exercise := EXERCISE.search(source)):
        grade_id = "ex-" + exercise[1].replace(".", "-")
        return {"nbgrader": kinds | {"grade": False, "solution": True, "locked": False, "grade_id": grade_id}}
    if called := CHECK.search(source):
        grade_id = f"check-{called[1]}-{called[2]}"
        return {
            "nbgrader": kinds | {"grade": True, "solution": False, "locked": True, "points": 1, "grade_id": grade_id}
        }
    return {}


def _exercises(notebook: Any) -> list[str]:
    """Return the numbers of a notebook's exercises, in order."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code" and has_solution(cell.source)]
    return [exercise[1] for source in cells if (exercise := EXERCISE.search(source))]


def _private() -> tuple[str, ...]:
    """Return the folders that no stored output may name."""
    return tuple({str(ROOT), sys.prefix, str(Path.home()), tempfile.gettempdir()} - {"/", ""})


def _refuse(name: str, broken: list[str]) -> None:
    if broken:
        raise InputError(*(f"{name}: {sentence}" for sentence in broken))


if __name__ == "__main__":
    sys.exit(main())
