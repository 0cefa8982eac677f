// The photograph and the hole in it: what the widget's kernel is to its painter (rwlib/widgets/shared/painter.js).
//
// The painter draws on a preview of the photograph, at most PREVIEW_PX wide or high; a stroke is enlarged to the
// photograph, and the preview shows a hole wherever a pixel under it is missing, as in rwlib/widgets/shared/previews.py.

const numbers = NUMBERS; // rwlib's own, put in by build.py

const UNDO_BYTES = 200e6; // of holes that are kept, one byte per pixel

const HOW =
  "Paint with the mouse, a pen or a finger. By keyboard: arrow keys move the brush (with Shift by one pixel), space " +
  "paints and with arrows draws a line, E changes between painting and erasing, plus and minus change the brush, Z undoes.";

// What anywidget calls a model: named values, and listeners to their changes and to messages.
export class Painting {
  #values = { png: new Uint8Array(), alt: "", width: 1, height: 1, bits: new DataView(new ArrayBuffer(1)), taken: "", brush: 25, erase: false };
  #listeners = new Map();
  #before = []; // holes before this one
  photo = null; // {h, w, data}
  hole = null;

  // --- for the painter

  get(name) {
    return this.#values[name];
  }
  set(name, value) {
    if (this.#values[name] === value) return;
    this.#values[name] = value;
    this.#tell("change:" + name);
  }
  save_changes() {}
  on(name, listener) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }
  #tell(name, ...content) {
    for (const listener of this.#listeners.get(name) ?? []) listener(...content);
  }
  send(content, _, buffers) {
    if (content.kind === "undo") return this.undo();
    if (content.width === this.get("width") && content.height === this.get("height")) {
      const pixels = unpack(buffers[0], content.width * content.height);
      this.#step(this.#enlarge(pixels).map((painted, i) => (painted ? +!content.erase : this.hole.data[i])), content.id);
    }
  }

  // --- for the page

  // photo: {h, w, data}; preview: {w, h, png} with the PNG's bytes.
  take(photo, preview, name) {
    [this.photo, this.hole, this.#before] = [photo, emptyHole(photo), []];
    // Quietly, because the painter looks at all of them when the first one changes.
    Object.assign(this.#values, { png: preview.png, width: preview.w, height: preview.h, alt: `${name}. ${HOW}` });
    this.#tell("change:png");
    this.#show();
  }
  // Another hole, {h, w, data} of the photograph's size.
  mask(hole) {
    this.#step(hole.data);
  }
  clear() {
    this.#step(emptyHole(this.photo).data);
  }
  undo() {
    if (!this.#before.length) return;
    this.hole = { ...this.hole, data: this.#before.pop() };
    this.#show();
  }
  get missing() {
    return this.hole.data.reduce((sum, one) => sum + one, 0) / this.hole.data.length;
  }

  #step(data, taken = "") {
    this.#before.push(this.hole.data);
    if (this.#before.length * data.length > UNDO_BYTES && this.#before.length > 1) this.#before.shift();
    this.hole = { ...this.hole, data };
    this.#show(taken);
  }
  #show(taken = "") {
    this.#values.taken = taken;
    this.#values.bits = new DataView(pack(this.#shrink()).buffer);
    this.#tell("change:bits");
    this.#tell("change:hole");
  }
  #enlarge(pixels) {
    const [w, h] = [this.get("width"), this.get("height")], out = new Uint8Array(this.hole.data.length);
    const columns = Array.from({ length: this.hole.w }, (_, x) => Math.floor((x * w) / this.hole.w));
    for (let y = 0, i = 0; y < this.hole.h; y++) {
      const row = Math.floor((y * h) / this.hole.h) * w;
      for (let x = 0; x < this.hole.w; x++, i++) out[i] = pixels[row + columns[x]];
    }
    return out;
  }
  #shrink() {
    const [w, h] = [this.get("width"), this.get("height")], pixels = new Uint8Array(w * h);
    const columns = Array.from({ length: this.hole.w }, (_, x) => Math.floor((x * w) / this.hole.w));
    for (let y = 0, i = 0; y < this.hole.h; y++) {
      const row = Math.floor((y * h) / this.hole.h) * w;
      for (let x = 0; x < this.hole.w; x++, i++) if (this.hole.data[i]) pixels[row + columns[x]] = 1;
    }
    return pixels;
  }
}

const emptyHole = ({ h, w }) => ({ h, w, data: new Uint8Array(h * w) });

// Height and width of a preview: never enlarged, and no strip is thinner than SHORTEST_PX.
export function previewSize(h, w) {
  const scale = Math.min(1, Math.max(numbers.PREVIEW_PX / Math.max(h, w), numbers.SHORTEST_PX / Math.min(h, w)));
  return [Math.max(1, Math.round(h * scale)), Math.max(1, Math.round(w * scale))];
}

// --- one byte per pixel here, one bit per pixel in messages

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
