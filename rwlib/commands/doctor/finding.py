"""What a check says: one line of the doctor's report."""

from dataclasses import dataclass

from rwlib.errors import printable

REINSTALL = "make clean-venv lab, or: python -m pip install -r requirements.lock -e ."
REINSTALL_PAIR = (
    "reinstall torch and torchvision together from the lock: make clean-venv lab, "
    "or: python -m pip install --force-reinstall -r requirements.lock"
)


@dataclass(frozen=True)
class Finding:
    """What a check found."""

    ok: bool
    name: str
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return `OK   name  detail`, or `FAIL name  detail -> remedy`, always on one line."""
        line = f"{'OK' if self.ok else 'FAIL':<4} {self.name:<14} {self.detail}"
        return printable(" ".join((line if self.ok else f"{line} -> {self.remedy}").splitlines()))
