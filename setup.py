"""Puts the notebooks' sources into the package, where checks read the solutions. All else stands in pyproject.toml."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithSources(build_py):
    """Copies `notebooks/source/` to where `rwlib.course.checking.solutions` looks for it in an installed package."""

    def run(self) -> None:
        """Build; an editable installation reads the sources where they are."""
        super().run()
        if not self.editable_mode:
            for file, copy in self.sources().items():
                self.mkpath(str(Path(copy).parent))
                self.copy_file(file, copy)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Return all files that the build makes."""
        return [*super().get_outputs(include_bytecode), *self.sources().values()]

    def sources(self) -> dict[str, str]:
        """Return source → its copy."""
        to = Path(self.build_lib) / "rwlib/course/checking/source"
        return {str(file): str(to / file.name) for file in sorted(Path("notebooks/source").glob("*.py"))}


setup(cmdclass={"build_py": BuildWithSources})
