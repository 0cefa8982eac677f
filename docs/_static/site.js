// A region that scrolls sideways can be reached by keyboard.
document.addEventListener("DOMContentLoaded", () => {
  const scrolls = () => {
    for (const region of document.querySelectorAll("div.math, .bd-article pre, .cell_output .text_html, .bd-article table.docutils"))
      if (region.scrollWidth > region.clientWidth + 1 && !region.hasAttribute("tabindex")) region.tabIndex = 0;
  };
  scrolls();
  addEventListener("load", scrolls);
  addEventListener("resize", scrolls);
});
