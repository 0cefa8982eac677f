"""Where the learners' notebooks lie: in the package where it was installed, in `notebooks/` of a clone."""

from pathlib import Path

FOLDERS = (Path(__file__).parent / "notebooks", Path(__file__).parents[2] / "notebooks")
"""`setup.py` puts the first one into an installed package. It comes first, because beside an installed package there
may be a folder of that name that belongs to somebody else."""

NOTEBOOKS = next((folder for folder in FOLDERS if folder.is_dir()), FOLDERS[-1])
"""The course's own folder, `NN_topic.ipynb`."""
