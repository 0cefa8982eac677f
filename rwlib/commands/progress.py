"""`rwlib progress`: what of the course is done."""

from dataclasses import dataclass


@dataclass
class Progress:
    """Show which exercises you have passed; the record stays on this machine."""

    reset: bool = False
    """Forget everything instead."""

    def run(self) -> None:
        """Show the record, or delete it."""
        from rwlib.course import progress

        if self.reset:
            progress.reset()
            print("Progress is forgotten.")
        else:
            print(progress.table())
