"""Draw ARCHITECTURE.svg: the rooms of rwlib on their floors, and who imports whom, read from the source.

`make architecture` runs this. The floors are those that `test_imports.py` enforces, and `test_pages.py` fails when the
picture no longer shows what the modules import. An arrow that follows from two others is left out: `training` imports
`config` directly too, but it also does so through `networks`.
"""

import sys

from test_imports import FLOOR, FLOORS, ROOT, imports, room_of, sources

PICTURE = ROOT / "ARCHITECTURE.svg"
WIDTH, ROW, BOX_HEIGHT, CHARACTER = 860, 74, 30, 8.6  # px
STYLE = (
    "text { font: 14px ui-monospace, Menlo, Consolas, monospace; text-anchor: middle; fill: #1b1f24 } "
    "rect.room { fill: #eef4fb; stroke: #0072b2 } path { fill: none; stroke: #8a94a0; marker-end: url(#arrow) }"
)


def room_imports(texts: dict[str, str]) -> dict[str, set[str]]:
    """Return, for each room, the rooms that its modules import."""
    packages = {name for name in texts if any(other.startswith(f"{name}.") for other in texts)}
    found = {room: set() for room in FLOOR}
    for name, text in texts.items():
        room = room_of(name)
        if room in found:
            targets = {room_of(target) for target in imports(name, text, packages) if target.startswith("rwlib")}
            found[room] |= targets & set(FLOOR) - {room}
    return found


def without_shortcuts(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Leave out every arrow between two rooms that longer ways connect, too."""

    def reached(room):
        return graph[room].union(*(reached(other) for other in graph[room]))

    return {room: targets - set().union(*(reached(other) for other in targets)) for room, targets in graph.items()}


def places(graph: dict[str, set[str]]) -> dict[str, tuple[float, float]]:
    """Return the centre of each room's box; rooms stand near the rooms below that they import."""
    centres = {}
    for floor, rooms in enumerate(FLOORS):

        def below(room):
            xs = [centres[other][0] for other in graph[room]]
            return (sum(xs) / len(xs) if xs else WIDTH / 2, room)

        for i, room in enumerate(sorted(rooms, key=below)):
            centres[room] = (WIDTH * (i + 0.5) / len(rooms), ROW * (len(FLOORS) - floor - 0.5))
    return centres


def drawing(graph: dict[str, set[str]]) -> str:
    """Return the picture as SVG, written so that equal imports give equal text."""
    arrows = without_shortcuts(graph)
    centres = places(arrows)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {ROW * len(FLOORS)}" role="img">',
        "<title>The rooms of rwlib on their floors; an arrow leads from a room to one that it imports</title>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" style="fill: #8a94a0; stroke: none; marker-end: none"/></marker></defs>',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for room in sorted(arrows):
        for target in sorted(arrows[room]):
            (x, y), (x_to, y_to) = centres[room], centres[target]
            start, end = y + BOX_HEIGHT / 2, y_to - BOX_HEIGHT / 2
            bend = (end - start) / 2
            lines.append(
                f'<path d="M{x:.0f} {start:.0f}C{x:.0f} {start + bend:.0f} {x_to:.0f} {end - bend:.0f} '
                f'{x_to:.0f} {end:.0f}"><title>{room} imports {target}</title></path>'
            )
    for room in sorted(centres):
        (x, y), width = centres[room], CHARACTER * len(room) + 20
        lines += [
            f'<rect class="room" x="{x - width / 2:.0f}" y="{y - BOX_HEIGHT / 2:.0f}" width="{width:.0f}" '
            f'height="{BOX_HEIGHT}" rx="5"/>',
            f'<text x="{x:.0f}" y="{y + 5:.0f}">{room}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(drawing(room_imports(sources())), encoding="utf-8")
    sys.stdout.write(f"{PICTURE.name} written\n")
