"""Slides in Chromium: everything fits its slide, nothing is fetched, and keys lead through them."""

import pytest

from rwlib.course.authoring import build

pytest.importorskip("latex2mathml")
from rwlib.course.teaching import slides  # noqa: E402


@pytest.mark.parametrize("file", build.sources(), ids=lambda file: file.stem)
def test_every_slide_fits_and_fetches_nothing(file, browser, tmp_path):
    (tmp_path / "deck.html").write_text(slides.deck(file), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request", lambda request: faults.append(request.url) if request.url[:5] not in ("file:", "data:") else None
    )
    page.goto((tmp_path / "deck.html").as_uri())
    fitted = page.evaluate("deck.fitAll()")
    assert [i for i, one in enumerate(fitted, 1) if one["overflows"] == "true"] == [] and faults == []
    assert min(int(one["fitted"]) for one in fitted) >= 22  # a thirty-second of the height
    page.close()


def test_keys_show_answers_then_go_on(browser, tmp_path):
    (file,) = build.sources(["01"])
    (tmp_path / "deck.html").write_text(slides.deck(file), encoding="utf-8")
    page = browser.new_page(viewport={"width": 800, "height": 600})
    page.goto((tmp_path / "deck.html").as_uri())
    said = page.locator("#said")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert said.text_content().startswith("Slide 4 of")  # a question with its answer hidden
    answer = page.locator(".pair.now .answer")
    assert not answer.is_visible()
    page.keyboard.press("Space")
    assert answer.is_visible() and said.text_content().startswith("Slide 4 of")
    page.keyboard.press("Space")
    assert said.text_content().startswith("Slide 5 of")
    page.keyboard.press("n")
    assert page.locator(".pair.now .notes").is_visible()
    page.keyboard.press("End")
    assert page.url.endswith(f"#{page.locator('.pair').count()}")
    with page.expect_popup() as popup:
        page.keyboard.press("p")
    popup.value.wait_for_selector("#notes p")
    page.close()
