"""What `CriticView` says of a moment: what to notice, what its maps show, and what they are."""

from rwlib.widgets.critic.moments import JUDGED, Moment

CAPTION = (
    "Above: what the critic sees, and the scores of the whole 256 px picture, each at the centre of its receptive "
    "field (253 px wide). In training it sees 64 px patches, one score each; the curves are of such patches. Below: "
    "|d mean score / d pixel| inside the hole, square-root scale. Grey: existing pixels, which it never sees."
)


def notice(moment: Moment, form: str = "hinge") -> str:
    """Say in a sentence or two what a beginner should notice."""
    real, first, second = (moment.scores[kind] for kind in JUDGED)
    head = f"Step {moment.step}, phase {'one' if moment.phase == 1 else 'two'}: "
    if moment.phase == 1:
        return (
            f"{head}the critic is untrained. Whatever it looks at, it says about {real:.2f}; all its maps look alike."
        )
    head += f"real {real:.2f}, I_p1 {first:.2f}, I_p2 {second:.2f}. "
    ahead = real - max(first, second)
    if ahead < 0:
        better = "I_p1" if first > second else "I_p2"
        text = f"It takes {better} for more real than the photograph itself."
    elif ahead < 0.1 * max(abs(real), 0.1):
        text = "It can hardly tell real from fake."
    else:
        text = f"Real is ahead of both fakes, by {ahead:.2f} at least: it has found something that fakes lack."
    if form == "hinge" and max(abs(real), abs(first), abs(second)) < 1:
        text += " All means lie between the margins."
    return head + text


def describe(moment: Moment, photo: int) -> str:
    """Return what the maps of one photograph show, in a sentence."""
    means = ", ".join(f"{kind} {moment.maps[kind][photo].mean():.2f}" for kind in moment.maps)
    return (
        f"Photograph {photo + 1} at step {moment.step}: sixteen scores each over the holes of the real picture and of "
        f"both fakes, on average {means}; below, heat maps of the pixels that they hang on."
    )
