"""Puts the notebooks, and their sources, into the package. All else stands in pyproject.toml."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

COPIES = {"notebooks/source/*.py": "rwlib/course/checking/source", "notebooks/*.ipynb": "rwlib/course/notebooks"}
"""Files → the folder in which `rwlib.course.checking.solutions` and `rwlib.course.notebooks` look for them."""


class BuildWithNotebooks(build_py):
    """Copies what an installed package needs of `notebooks/`."""

    def run(self) -> None:
        """Build; an editable installation reads the files where they are."""
        super().run()
        if not self.editable_mode:
            for file, copy in self.copies().items():
                self.mkpath(str(Path(copy).parent))
                self.copy_file(file, copy)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Return all files that the build makes."""
        return [*super().get_outputs(include_bytecode), *self.copies().values()]

    def copies(self) -> dict[str, str]:
        """Return file → its copy."""
        found = {
            file: Path(self.build_lib, to, file.name) for files, to in COPIES.items() for file in Path().glob(files)
        }
        return {str(file): str(copy) for file, copy in sorted(found.items())}


setup(cmdclass={"build_py": BuildWithNotebooks})
