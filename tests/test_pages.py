"""Pages: every link leads somewhere, every file, name and make target they mention exists, and the picture is true."""

import ast
import importlib
import re
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import torch
from architecture import PICTURE, drawing, places, room_imports, without_shortcuts
from test_imports import FLOOR, sources

from rwlib.config import make_config
from rwlib.training.launch import new_accelerator, prepare
from rwlib.training.setup import new_players
from rwlib.training.step import Batch, training_step
from rwlib.training.update import Updater

ROOT = Path(__file__).parent.parent
PAGES = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "TRAINING.md",
    "CHANGELOG.md",
    "RESULTS.md",
    "deploy/README.md",
    "data_scripts/README.md",
    "rwlib/course/AUTHORS.md",
]
FOLDERS = "rwlib|tests|data_scripts|notebooks"
PLACEHOLDER = re.compile(r"NN|TOPIC|DIR|NAME|[*…{]|\.\.\.")


def text_of(page):
    """Of the changelog the newest section alone: the older ones tell what was true then."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return "\n## ".join(text.split("\n## ")[:2]) if page == "CHANGELOG.md" else text


def links(text):
    """Targets of links and pictures within the repository, without anchors."""
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", text)
    return [target for target in targets if "://" not in target]


def code(text):
    """Words in code, inline and in blocks."""
    blocks = re.findall(r"^```.*?^```", text, flags=re.DOTALL | re.MULTILINE)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    return [*inline, *(line for block in blocks for line in block.splitlines()[1:-1])]


def files(text):
    """Paths in code."""
    found = re.findall(rf"(?<![\w./-])(?:{FOLDERS})/[\w./*{{}}…-]*", " ".join(code(text)))
    return [path.rstrip(".") for path in found if not PLACEHOLDER.search(path)]


def names(text):
    """Dotted names of rwlib, in code."""
    return re.findall(r"\brwlib(?:\.[A-Za-z_]\w*)+", " ".join(code(text)))


def exists(name):
    """Is a dotted name a module, or something in one? A dataclass's field without default counts."""
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:n]))
        except ModuleNotFoundError:
            continue
        for part in parts[n:]:
            if part in getattr(thing, "__dataclass_fields__", ()):
                return True
            if not hasattr(thing, part):
                return False
            thing = getattr(thing, part)
        return True
    return False


@cache
def words_of_the_project():
    files = [file for folder in ("rwlib", "tests") for file in (ROOT / folder).rglob("*.py") if file != Path(__file__)]
    files += [ROOT / "pyproject.toml", ROOT / "Makefile"]
    return set(re.findall(r"\w+", " ".join(file.read_text(encoding="utf-8") for file in files)))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    missing = [target for target in links(text_of(page)) if not ((ROOT / page).parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_mentions_exists(page):
    assert [path for path in files(text_of(page)) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_name_that_a_page_mentions_exists(page):
    text = text_of(page)
    if page == "CHANGELOG.md":  # what moved no longer exists under its old name
        text = re.sub(r"^\| `rwlib[^|]*\|", "|", text, flags=re.MULTILINE)
    assert sorted({name for name in names(text) if not exists(name)}) == []


@pytest.mark.parametrize("folder", ["rwlib", "data_scripts"])
def test_every_name_that_a_docstring_or_a_comment_mentions_exists(folder):
    texts = {file: file.read_text(encoding="utf-8") for file in (ROOT / folder).rglob("*.py")}
    mentioned = {
        (file, name) for file, text in texts.items() for name in re.findall(r"`(rwlib(?:\.[A-Za-z_]\w*)+)", text)
    }
    missing = {name for name in {name for _, name in mentioned} if not exists(name)}
    assert sorted((file.relative_to(ROOT).as_posix(), name) for file, name in mentioned if name in missing) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_a_page_mentions_exists(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    mentioned = set(re.findall(r"\bmake ([a-z][a-z-]*)", "\n".join(code(text_of(page)))))
    assert mentioned <= targets


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_other_name_in_code_occurs_in_the_project(page):
    mentioned = {word for word in code(text_of(page)) if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?", word)}
    unknown = {word for word in mentioned if not set(word.split(".")) <= words_of_the_project()}
    assert {word for word in unknown if not (ROOT / word).exists()} == set()


def test_a_step_enters_the_files_that_the_page_lists_and_no_other():
    small = {"width": 4, "discriminator_width": 4, "size_px": 16, "vgg": "random", "vgg_size_px": 0}
    config = make_config("balanced", "tiny", **small, precision="fp32")
    accelerator = new_accelerator(config, cpu=True)
    players = prepare(new_players(config, accelerator.device), accelerator)
    update = Updater(accelerator, config, [Batch(torch.zeros(1, 3, 16, 16), torch.ones(1, 1, 16, 16), torch.zeros(1))])
    entered, calls, checked = set(), Counter(), []

    def look(frame, event, argument):
        file = Path(frame.f_code.co_filename)
        if event == "call" and ROOT / "rwlib" in file.parents:
            entered.add(file.relative_to(ROOT / "rwlib").as_posix())
            calls[frame.f_code.co_name] += 1
            checked.extend([frame.f_locals["x"]] if frame.f_code.co_name == "check_shape" else [])

    sys.setprofile(look)
    try:
        training_step(players, config, 2, 0, update)
    finally:
        sys.setprofile(None)
    table = (ROOT / "ARCHITECTURE.md").read_text().partition("| files | why")[2].partition("\n\n")[0]
    listed = re.findall(r"`([\w/]+\.py)`", "\n".join(line.split("|")[1] for line in table.splitlines()[2:]))
    assert sorted(listed) == sorted(entered)

    # No tensor is checked twice; the mask has two other sizes in the generator and one for both players' scores.
    assert len(checked) == len({id(x) for x in checked}) > 10
    assert (calls["resize_mask"], calls["label_from_mask"]) == (0, 0)
    assert (calls["nearest_aligned"], calls["hole_share"]) == (2, 1)


def test_nothing_stands_under_the_old_names():
    rows = re.findall(r"^\| (`rwlib[^|]*)\|", text_of("CHANGELOG.md"), flags=re.MULTILINE)
    old = {name for row in rows for name in re.findall(r"`(rwlib[\w.]+)`", row)}
    assert len(old) > 40 and sorted(name for name in old if exists(name)) == []


@pytest.mark.parametrize("page", PAGES + ["LOG.md", "CITATION.cff", "rwlib/weights/facades64.md"])
def test_pages_are_written_to_their_end(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert len(text) > 500 and "@@" not in text and "\n<<<<<<<" not in text and text.endswith("\n")


def test_the_example_in_python_runs():
    (example,) = re.findall(r"^```python\n(.*?)^```", text_of("README.md"), flags=re.DOTALL | re.MULTILINE)
    space = {}
    exec(example, space)
    assert space["I_c2"].shape == (1, 3, 64, 64)


# --- the picture of the floors


def test_the_picture_shows_what_the_modules_import():
    assert PICTURE.read_text(encoding="utf-8") == drawing(room_imports(sources())), "run `make architecture`"


def test_every_room_is_in_the_picture_and_on_its_floor():
    heights = {room: y for room, (_, y) in places(without_shortcuts(room_imports(sources()))).items()}
    assert heights.keys() == FLOOR.keys()
    for room, other in [(room, other) for room in FLOOR for other in FLOOR]:
        assert (heights[room] < heights[other]) == (FLOOR[room] > FLOOR[other])  # y grows downward


def test_an_arrow_that_follows_from_others_is_left_out():
    graph = {"c": {"b", "a"}, "b": {"a"}, "a": set()}
    assert without_shortcuts(graph) == {"c": {"b"}, "b": {"a"}, "a": set()}


def test_a_new_import_changes_the_picture():
    before = sources()
    after = before | {"rwlib.losses.style": before["rwlib.losses.style"] + "\nfrom rwlib import masks\n"}
    assert drawing(room_imports(before)) != drawing(room_imports(after))
    assert ast.parse(after["rwlib.losses.style"])


# --- the checks find what they should


def test_links_files_and_names_are_found_where_they_are():
    text = "[a](b/c.md#d) ![e](f.svg) <https://g> [h](https://i.org)\n```sh\nmake test tests/x.py\n```\n"
    text += "`rwlib.a.b(c)`, `rwlib/a/`, `notebooks/source/NN_topic.py`, rwlib.not.code, `x`"
    assert links(text) == ["b/c.md", "f.svg"]
    assert files(text) == ["rwlib/a/", "tests/x.py"]
    assert names(text) == ["rwlib.a.b"]


def test_a_wrong_name_is_noticed():
    assert exists("rwlib.losses.style.style_loss") and exists("rwlib.config.Config.width") and exists("rwlib.training")
    assert not any(map(exists, ["rwlib.lossen", "rwlib.losses.stile", "rwlib.config.Config.width_px"]))
