// What a panel does in the browser beside its controls: keys stay inside, the still picture hides, controls have names.

function nameControls(panel) {
  for (const button of panel.querySelectorAll(".widget-toggle-button"))
    button.setAttribute("aria-pressed", button.classList.contains("mod-active"));
  for (const handle of panel.querySelectorAll(".widget-slider .noUi-handle")) {
    const label = handle.closest(".widget-slider").querySelector(".widget-label");
    if (label) handle.setAttribute("aria-label", label.textContent);
  }
  const names = { "fa-play": "Play", "fa-pause": "Pause", "fa-stop": "Stop", "fa-retweet": "Repeat", "fa-repeat": "Repeat" };
  for (const icon of panel.querySelectorAll(".widget-play button i"))
    for (const [shape, name] of Object.entries(names))
      if (icon.classList.contains(shape)) icon.parentElement.setAttribute("aria-label", name);
}

const GONE = `<div class="rwlib-gone" role="alert">Python has ended here, or was started again: nothing that you do in this
  panel counts any more. Run its cell again. A training that was going on has ended with a checkpoint.</div>`;

// What stands on a page stays after its kernel has ended, and would take strokes and clicks that nobody hears.
function sayIfGone(panel) {
  const gone = panel.classList.contains("jupyter-widgets-disconnected");
  const said = panel.querySelector(":scope > .rwlib-gone");
  if (gone && !said) panel.insertAdjacentHTML("afterbegin", GONE);
  if (!gone && said) said.remove();
}

function render({ model, el }) {
  const style = document.createElement("style");
  style.textContent = `.rwlib-static-${model.get("panel")} { display: none }`;
  el.append(style);

  const end = new AbortController();
  const observer = new MutationObserver(() => {
    nameControls(panel);
    sayIfGone(panel);
  });
  let panel = null;
  function attach() {
    if (end.signal.aborted) return;
    panel = el.closest(".rwlib-panel");
    if (!panel) return requestAnimationFrame(attach); // this is drawn before it is put into its panel
    // JupyterLab's shortcuts listen further out: D D would delete the cell, R make it raw, an arrow leave a menu.
    const keep = (event) => event.ctrlKey || event.metaKey || event.stopPropagation();
    panel.addEventListener("keydown", keep, { signal: end.signal });
    observer.observe(panel, { subtree: true, childList: true, attributeFilter: ["class"] });
    nameControls(panel);
  }
  attach();
  return () => {
    end.abort();
    observer.disconnect();
  };
}
export default { render };
