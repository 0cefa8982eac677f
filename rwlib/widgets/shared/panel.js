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
  model.send({ kind: "drawn" }); // what changed while this page was loading, Python sends again

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
    // A page's shortcuts would take keys from a control: D D deletes the cell, R makes it raw, an arrow leaves a menu.
    // JupyterLab listens on the way out, where a key is held back. Notebook 7 listens on the way in, before the panel
    // does; it asks for this attribute first, and of the control itself, as its rules fit whatever has the focus.
    const isCommand = (event) => event.ctrlKey || event.metaKey;
    const mark = (event) => {
      if (panel.contains(event.target)) event.target.toggleAttribute("data-lm-suppress-shortcuts", !isCommand(event));
    };
    const keep = (event) => isCommand(event) || event.stopPropagation();
    window.addEventListener("keydown", mark, { capture: true, signal: end.signal });
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
