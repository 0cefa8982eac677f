// Painting a hole on a photograph with the mouse, a pen, a finger or the keyboard.
//
// The kernel owns the hole. A stroke is drawn here at once and sent when it ends, as the set of its pixels; the kernel
// answers with the hole and with the name of the last stroke that it has taken in. Until then the stroke stays on top,
// so nothing is lost when the kernel undoes something at the same moment. Clicks on the panel's buttons take the same way
// as strokes and are counted with them, so that none overtakes what was painted before it.

const SIDE = "var(--rwlib-side, 400px)"; // longest side on a page that is wide enough; see panel.css
const STRIP_PX = 400, SHORTEST_PX = 32; // what would be longer if its shorter side had the second number, scrolls
const PATIENCE_MS = 10_000; // until a stroke without an answer is said to be one
const UNANSWERED = "What was painted last has no answer yet: Python is busy, or it was started anew; then run the cell again.";
const FOREGROUND = [213, 94, 0, 190], BACKGROUND = [255, 255, 255, 190]; // stripes: visible on any colour

const IN_TURN = "rwlib-in-turn-"; // buttons of the panel with a class that begins so are pressed by way of the canvas
const FRAME = "position:relative;margin:2px;line-height:0;cursor:crosshair;touch-action:none;user-select:none";

// --- sets of pixels: one byte per pixel here, one bit per pixel in messages

function unpack(bits, count) {
  const pixels = new Uint8Array(count);
  for (let i = 0; i < count; i++) pixels[i] = (bits.getUint8(i >> 3) >> (7 - (i & 7))) & 1;
  return pixels;
}
function pack(pixels) {
  const bits = new Uint8Array(Math.ceil(pixels.length / 8));
  for (let i = 0; i < pixels.length; i++) if (pixels[i]) bits[i >> 3] |= 0x80 >> (i & 7);
  return bits;
}

// Mark all pixels nearer than half a brush to the line from (x0, y0) to (x1, y1); all of it in whole numbers.
function drawLine(pixels, w, h, brush, x0, y0, x1, y1) {
  const dx = x1 - x0, dy = y1 - y0, length2 = dx * dx + dy * dy, reach = brush >> 1;
  const [left, right] = [Math.max(Math.min(x0, x1) - reach, 0), Math.min(Math.max(x0, x1) + reach, w - 1)];
  const [top, bottom] = [Math.max(Math.min(y0, y1) - reach, 0), Math.min(Math.max(y0, y1) + reach, h - 1)];
  for (let y = top; y <= bottom; y++)
    for (let x = left; x <= right; x++) {
      const along = (x - x0) * dx + (y - y0) * dy;
      let near;
      if (along > 0 && along < length2) {
        const across = (x - x0) * dy - (y - y0) * dx;
        near = 4 * across * across < brush * brush * length2;
      } else {
        const [ex, ey] = along <= 0 ? [x - x0, y - y0] : [x - x1, y - y1];
        near = 4 * (ex * ex + ey * ey) < brush * brush;
      }
      if (near) pixels[y * w + x] = 1;
    }
}

const randomName = () => Math.random().toString(36).slice(2);

function download(name, content) {
  const url = URL.createObjectURL(new Blob([content], { type: "image/png" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function element(kind, css, parent) {
  const made = document.createElement(kind);
  made.style.cssText = css;
  parent.append(made);
  return made;
}

function render({ model, el }) {
  const scroller = element("div", "", el);
  const frame = element("div", FRAME, scroller);
  frame.className = "rwlib-hole-canvas";
  frame.tabIndex = 0;
  frame.setAttribute("role", "application");
  const photo = element("img", "position:absolute;inset:0;width:100%;height:100%;pointer-events:none", frame);
  const canvas = element("canvas", "position:absolute;inset:0;width:100%;height:100%;image-rendering:pixelated", frame);
  const clip = element("div", "position:absolute;inset:0;overflow:hidden;pointer-events:none", frame);
  const ring = element(
    "div", "position:absolute;box-sizing:border-box;border:1.5px solid #fff;outline:1.5px solid #000;border-radius:50%", clip,
  );
  const spoken = element("div", "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)", el);
  spoken.setAttribute("aria-live", "polite");
  const hint = element("div", `max-width:${SIDE}`, el);
  hint.setAttribute("role", "alert");

  let w = 0, h = 0, hole = new Uint8Array(0), url = null;
  let pending = []; // strokes that the kernel has not taken in yet
  let current = null; // the stroke that is being painted: {pixels, erase, x, y}
  let cursor = [0, 0]; // column and row of the brush

  // --- what is shown

  function isMissing(i) {
    let missing = hole[i];
    for (const stroke of pending) if (stroke.pixels[i]) missing = stroke.erase ? 0 : 1;
    if (current && current.pixels[i]) missing = current.erase ? 0 : 1;
    return missing;
  }
  let drawing = 0;
  function draw() {
    drawing = drawing || requestAnimationFrame(() => {
      drawing = 0;
      const stripe = Math.max(2, Math.floor(Math.max(w, h) / 64));
      const shown = new ImageData(w, h);
      for (let y = 0, i = 0; y < h; y++)
        for (let x = 0; x < w; x++, i++)
          if (isMissing(i)) shown.data.set(Math.floor((x + y) / stripe) % 2 ? FOREGROUND : BACKGROUND, 4 * i);
      canvas.getContext("2d").putImageData(shown, 0, 0);
    });
  }
  function showPhoto() {
    const old = url;
    url = URL.createObjectURL(new Blob([model.get("png")], { type: "image/png" }));
    photo.src = url;
    if (old) URL.revokeObjectURL(old);
    photo.alt = "";
    frame.setAttribute("aria-label", model.get("alt"));
  }
  function showHole() {
    if (w !== model.get("width") || h !== model.get("height")) {
      [w, h] = [model.get("width"), model.get("height")];
      [canvas.width, canvas.height] = [w, h];
      const strip = Math.max(w, h) * SHORTEST_PX > Math.min(w, h) * STRIP_PX;
      const width = strip ? `${(w * SHORTEST_PX) / Math.min(w, h)}px` : `calc(${w / Math.max(w, h)} * ${SIDE})`;
      frame.style.cssText = FRAME + `;width:${width};aspect-ratio:${w}/${h};max-width:${strip ? "none" : "calc(100% - 4px)"}`;
      scroller.style.cssText = strip ? `overflow:auto;max-width:min(100%, ${SIDE});max-height:${SIDE}` : "";
      [pending, current] = [[], null]; // they belong to another photograph
      moveRing(w >> 1, h >> 1);
    }
    hole = unpack(model.get("bits"), w * h);
    const taken = pending.findIndex((stroke) => stroke.id === model.get("taken"));
    pending = pending.slice(taken + 1);
    if (!pending.length) hint.textContent = "";
    draw();
  }
  function moveRing(x, y) {
    cursor = [x, y];
    const side = model.get("brush");
    ring.style.width = (100 * side) / w + "%";
    ring.style.height = (100 * side) / h + "%";
    ring.style.left = (100 * (x + 0.5 - side / 2)) / w + "%";
    ring.style.top = (100 * (y + 0.5 - side / 2)) / h + "%";
    ring.style.borderStyle = model.get("erase") ? "dashed" : "solid";
  }
  const showRing = (shown) => (ring.style.visibility = shown ? "visible" : "hidden");
  showRing(false);

  // --- messages to the kernel, which takes them in this order: strokes, clicks, undoing

  const page = randomName();
  let sent = 0;
  function send(content, buffers) {
    model.send({ ...content, page, number: sent++ }, undefined, buffers);
  }
  const gone = new AbortController();
  function takeClick(event) {
    const button = event.target.closest("button");
    const name = button && [...button.classList].find((each) => each.startsWith(IN_TURN));
    if (!name || button.closest(".rwlib-panel") !== el.closest(".rwlib-panel")) return;
    event.preventDefault();
    event.stopPropagation(); // or the button would send it, too
    send({ kind: "click", button: name.slice(IN_TURN.length) });
  }
  document.addEventListener("click", takeClick, { capture: true, signal: gone.signal });

  // --- strokes

  function begin(x, y, erase) {
    current = { pixels: new Uint8Array(w * h), erase, x, y, brush: model.get("brush") };
    extend(x, y);
  }
  function extend(x, y) {
    drawLine(current.pixels, w, h, current.brush, current.x, current.y, x, y);
    [current.x, current.y] = [x, y];
    draw();
  }
  function end() {
    if (!current) return;
    const stroke = { ...current, id: randomName() };
    pending.push(stroke);
    current = null;
    setTimeout(() => pending.includes(stroke) && (hint.textContent = UNANSWERED), PATIENCE_MS);
    const content = { kind: "stroke", id: stroke.id, erase: stroke.erase, width: w, height: h };
    send(content, [new DataView(pack(stroke.pixels).buffer)]);
  }

  // --- mouse, pen, finger: the page may be zoomed and the screen dense, so measure the frame each time

  function place(event) {
    const box = frame.getBoundingClientRect();
    return [
      Math.floor(((event.clientX - box.left) / box.width) * w),
      Math.floor(((event.clientY - box.top) / box.height) * h),
    ];
  }
  let pointer = null; // a second finger does not paint
  frame.addEventListener("pointerdown", (event) => {
    if (pointer !== null || current || (event.button !== 0 && event.button !== 5)) return;
    event.preventDefault();
    frame.focus({ preventScroll: true });
    frame.setPointerCapture(event.pointerId);
    pointer = event.pointerId;
    const [x, y] = place(event);
    moveRing(x, y);
    begin(x, y, model.get("erase") || event.button === 5); // 5 is the other end of a pen
  });
  frame.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    moveRing(x, y);
    showRing(true);
    if (event.pointerId !== pointer || !current) return;
    const passed = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const one of passed.length ? passed : [event]) extend(...place(one));
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"])
    frame.addEventListener(name, (event) => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      end();
    });
  frame.addEventListener("pointerleave", () => showRing(document.activeElement === frame));

  // --- keyboard

  const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  const inside = (x, n) => Math.min(Math.max(x, 0), n - 1);
  function set(name, value) {
    model.set(name, value);
    model.save_changes();
  }
  function press(event) {
    if (event.key in STEPS) {
      const far = event.shiftKey ? 1 : Math.max(1, model.get("brush") >> 1);
      const [x, y] = cursor.map((value, axis) => inside(value + far * STEPS[event.key][axis], [w, h][axis]));
      moveRing(x, y);
      showRing(true);
      if (current) extend(x, y);
      spoken.textContent = `Column ${x + 1}, row ${y + 1}: ${isMissing(y * w + x) ? "missing" : "existing"}`;
    } else if (event.key === " ") {
      if (!current && !event.repeat) begin(...cursor.map((value, axis) => inside(value, [w, h][axis])), model.get("erase"));
    } else if (event.key === "e") set("erase", !model.get("erase"));
    else if (event.key === "+" || event.key === "=") set("brush", Math.min(model.get("brush") + 2, 129));
    else if (event.key === "-") set("brush", Math.max(model.get("brush") - 2, 1));
    else if (event.key === "z") send({ kind: "undo" });
    else return false;
    return true;
  }
  frame.addEventListener("keydown", (event) => {
    if (event.key === "Tab" || event.altKey || (event.ctrlKey || event.metaKey) && event.key !== "z") return;
    if (press(event)) event.preventDefault();
  });
  frame.addEventListener("keyup", (event) => {
    if (event.key === " " && pointer === null) end();
  });
  frame.addEventListener("focus", () => showRing(true));
  frame.addEventListener("blur", () => {
    showRing(false);
    if (pointer === null) end();
  });

  // --- messages from the kernel

  const repaint = () => moveRing(...cursor);
  const receive = (content, buffers) => content.kind === "download" && download(content.name, buffers[0]);
  model.on("change:png", showPhoto);
  for (const name of ["bits", "taken", "width", "height"]) model.on("change:" + name, showHole);
  for (const name of ["brush", "erase"]) model.on("change:" + name, repaint);
  model.on("msg:custom", receive);
  showPhoto();
  showHole();
  return () => {
    gone.abort();
    if (url) URL.revokeObjectURL(url);
  };
}
export default { render };
