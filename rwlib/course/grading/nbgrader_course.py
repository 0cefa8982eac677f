"""Make a course folder for nbgrader from the notebooks' sources: `python -m rwlib.course.grading.nbgrader_course DIR`.

nbgrader itself is not needed for that. In its source version each check is followed by hidden tests, which look at the
answer and at no environment variable; and the course's own stub stands behind each solution, so that the released cell
still says what to do.
"""

import argparse
import ast
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rwlib.course.authoring import build
from rwlib.course.authoring.rules import CHECK
from rwlib.course.authoring.stubs import clear, has_solution
from rwlib.course.checking.solutions import BEGIN, END
from rwlib.course.exercises import of_notebook
from rwlib.course.program import exit_status
from rwlib.errors import InputError, printable
from rwlib.files import writable_folder, write_text

CONFIG = '''"""nbgrader's settings for this course; made by `make nbgrader-release`."""

import os
import tempfile

c = get_config()
c.CourseDirectory.course_id = "rwlib"
# The stubs stand in the notebooks themselves.
c.ClearSolutions.code_stub = {"python": ""}
c.Execute.timeout = 300
c.Execute.interrupt_on_timeout = True
# How much a notebook computes while it is graded, and a place for its progress that is not yours.
os.environ.setdefault("RWLIB_TIER", "smoke")
os.environ["RWLIB_HOME"] = tempfile.mkdtemp(prefix="rwlib-nbgrader-")
'''
README = """# rwlib's course for nbgrader

Made by `make nbgrader-release` from the notebooks' sources; make it again rather than edit it. In this folder:

```sh
nbgrader generate_assignment 01_holes_and_masks   # release/: what learners get, without solutions and hidden tests
# collect into submitted/NAME/01_holes_and_masks/01_holes_and_masks.ipynb, by the exchange or by hand
nbgrader autograde 01_holes_and_masks
nbgrader generate_feedback 01_holes_and_masks     # feedback/NAME/01_holes_and_masks/*.html
nbgrader export                                   # grades.csv
```

An exercise is a point. Solutions are in `source/`: keep this folder to yourself.

**What nbgrader does not close.** It runs the hidden tests in the learner's own process, so a notebook that rewrites the
checks in there can pass them, and it limits time, but neither memory nor files nor the network. `rwlib grade submitted`
grades the same folder without trusting the notebooks; where its points are lower, look at the notebook.
"""
HIDDEN = """{check}
### BEGIN HIDDEN TESTS
from rwlib.course.checking.check import judge as _judge
from rwlib.course.exercises import find as _find

_result = _judge(_find("{number}"), {name})
assert _result.status == "passed", _result
### END HIDDEN TESTS"""


def source_for_nbgrader(file: Path) -> Any:
    """Return a notebook as nbgrader's source version.

    Args:
        file: its source in `notebooks/source/`.

    Raises:
        InputError: a solution behind which no stub can stand.
    """
    notebook = build.read_source(file)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if has_solution(cell.source):
            cell.source = with_stub(cell.source)
        elif called := CHECK.search(cell.source):
            number = f"{called[1]}.{called[2]}"
            cell.source = HIDDEN.format(check=cell.source, number=number, name=called[3])
    return notebook


def with_stub(source: str) -> str:
    r"""Return a cell whose stub stays when nbgrader cuts the solution out.

    A value's stub stands before the solution, which overwrites it; a function's behind it, where nothing arrives.

    Example:
        >>> print(with_stub("### BEGIN SOLUTION\nanswer = 3\n### END SOLUTION"))
        answer = ...
        ### BEGIN SOLUTION
        answer = 3
        ### END SOLUTION
    """
    lines, stubs = source.split("\n"), clear(source).split("\n")
    begin = next(i for i, line in enumerate(lines) if line.strip() == BEGIN)
    end = next(i for i, line in enumerate(lines) if line.strip() == END)
    if [line.strip() for line in lines].count(BEGIN) != 1:
        raise InputError("a cell with several solutions: nbgrader's source needs one a cell")
    after = len(lines) - end - 1
    stub = stubs[begin : len(stubs) - after]
    if lines[begin] == BEGIN:
        return "\n".join([*lines[:begin], *stub, *lines[begin:]])
    body = ast.parse("def f():\n" + "\n".join(lines[begin + 1 : end])).body[0].body
    if not isinstance(body[-1], ast.Return | ast.Raise):
        raise InputError("a solution that does not end with `return`: a stub behind it would be reached")
    return "\n".join([*lines[: end + 1], *stub, *lines[end + 1 :]])


def write_course(folder: Path, numbers: Sequence[str] = ()) -> list[Path]:
    """Write the course folder; return the notebooks in it.

    Args:
        folder: made if need be; files of earlier calls are replaced, and nothing else is touched.
        numbers: the notebooks' numbers; all that have exercises without it.

    Raises:
        InputError: it cannot be written, or a number is unknown.
    """
    writable_folder(folder, "DIR", make=True)
    written = []
    for file in build.sources(numbers):
        if of_notebook(file.name[:2]):
            to = folder / "source" / file.stem / f"{file.stem}.ipynb"
            writable_folder(to.parent, "DIR", make=True)
            notebook = source_for_nbgrader(file)
            notebook.metadata = json.loads(json.dumps(notebook.metadata))
            write_text(to, build.to_text(notebook), "DIR")
            written.append(to)
    write_text(folder / "nbgrader_config.py", CONFIG, "DIR")
    write_text(folder / "README.md", README, "DIR")
    return written


def main(args: Sequence[str] | None = None) -> int:
    """Write what the command line asks for; return 0, or 2 with one line on stderr."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the course folder goes; made if need be")
    parser.add_argument("numbers", nargs="*", metavar="NN", help="notebooks; all without one")
    options = parser.parse_args(args)

    def work() -> None:
        count, where = len(write_course(options.folder, options.numbers)), printable(options.folder)
        print(f"{count} notebooks for nbgrader in {where}; its README.md says how to go on")

    return exit_status(work)


if __name__ == "__main__":
    sys.exit(main())
