"""`rwlib progress`: what of the course is done, by you or by a class."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from rwlib.errors import InputError


@dataclass
class Progress:
    """Show which exercises you have passed; the record stays on this machine."""

    json: bool = False
    """Write it as JSON, for other programs."""
    class_: Annotated[Path | None, tyro.conf.arg(name="class", metavar="FOLDER")] = None
    """Collect the records of a class: a folder of homes, or of `NAME/progress.jsonl`, or of `NAME.jsonl`."""
    reset: bool = False
    """Forget everything of yours instead."""

    def run(self) -> None:
        """Show the record, or that of a class, or delete yours."""
        from rwlib.course import class_progress, progress

        if self.reset and (self.json or self.class_):
            raise InputError("--reset: it forgets your own record; give it alone")
        if self.reset:
            progress.reset()
            print("Progress is forgotten.")
            return
        if self.class_ is not None:
            learners = class_progress.read_class(self.class_)
            print(_text(class_progress.as_data(learners)) if self.json else class_progress.table(learners))
        else:
            print(_text(progress.as_data()) if self.json else progress.table())


def _text(data: dict) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False)
