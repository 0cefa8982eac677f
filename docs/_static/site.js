// A region that scrolls sideways can be reached by keyboard.
document.addEventListener("DOMContentLoaded", () => {
  const scrolls = () => {
    for (const region of document.querySelectorAll("div.math, .bd-article pre, .cell_output .text_html, .bd-article table.docutils"))
      if (region.scrollWidth > region.clientWidth + 1 && !region.hasAttribute("tabindex")) region.tabIndex = 0;
  };
  scrolls();
  // What the theme leaves without a name, or names otherwise than it reads.
  for (const button of document.querySelectorAll("button[aria-label]"))
    if (button.innerText.trim()) button.setAttribute("aria-label", button.innerText.replace(/\s+/g, " ").trim());
  for (const summary of document.querySelectorAll(".bd-sidebar summary, .bd-sidebar-primary summary"))
    if (!summary.innerText.trim()) summary.setAttribute("aria-label", "Pages of this part");
  for (const summary of document.querySelectorAll("details.hide summary[aria-label]"))
    summary.removeAttribute("aria-label");  // it would say something else than can be read
  for (const heading of document.querySelectorAll("th"))
    if (!heading.innerText.trim()) heading.setAttribute("role", "presentation");  // of a column whose entries speak
  const side = document.querySelector(".bd-sidebar-primary");
  if (side) side.setAttribute("role", "complementary"), side.setAttribute("aria-label", "Site");
  addEventListener("load", scrolls);
  addEventListener("resize", scrolls);
});
