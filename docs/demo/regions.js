// Where in a photograph the network works: as rwlib/inpainting/regions.py, function by function.
//
// A hole is {h, w, data}: one byte per pixel, 1 missing. A box is [top, left, bottom, right].

// The pixels of a hole that lie in some square of thin + 1 missing pixels a side: an opening.
export function thickPart(hole, thin) {
  const eroded = slide(slide(hole, thin + 1, 0, Math.min), thin + 1, 1, Math.min);
  return slide(slide(eroded, thin + 1, 0, Math.max), thin + 1, 1, Math.max);
}

// The extreme of `size` neighbouring pixels along an axis, size >> 1 of them before the pixel; 0 beyond the border.
function slide({ h, w, data }, size, axis, extreme) {
  const before = size >> 1, after = size - 1 - before, out = new Uint8Array(h * w);
  const [n, stride, lines, next] = axis === 0 ? [h, w, w, 1] : [w, 1, h, w];
  for (let line = 0; line < lines; line++) {
    const start = line * next;
    for (let i = -after, ones = 0; i < n; i++) { // how many of the pixels i - before ... i + after are 1
      const entering = i + after, leaving = i - before - 1;
      if (entering < n) ones += data[start + entering * stride];
      if (leaving >= 0) ones -= data[start + leaving * stride];
      if (i >= 0) out[start + i * stride] = extreme === Math.min ? +(ones === size) : +(ones > 0);
    }
  }
  return { h, w, data: out };
}

// The regions in which the network fills a hole: [{top, left, bottom, right, workSize: [h, w]}].
export function chooseRegions(hole, numbers) {
  let boxes = connectedBoxes(hole, numbers);
  if (boxes.length > numbers.MANY) boxes = [around(boxes)];
  boxes = merge(boxes.map((box) => withSurroundings(box, hole, numbers)));
  let regions = boxes.map((box) => region(box, hole, numbers));
  const work = regions.reduce((sum, { workSize }) => sum + workSize[0] * workSize[1], 0);
  if (regions.length > 1 && work > numbers.MAX_WORK_PIXELS) regions = [region(around(boxes), hole, numbers)];
  return regions;
}

// A box for each connected part of a hole, on a coarse grid, in the order in which rows of cells meet them.
function connectedBoxes({ h, w, data }, { CELLS }) {
  const step = Math.max(1, Math.ceil(Math.max(h, w) / CELLS));
  const [rows, columns] = [Math.ceil(h / step), Math.ceil(w / step)];
  const cells = new Uint8Array(rows * columns);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++)
      if (data[y * w + x]) cells[Math.floor(y / step) * columns + Math.floor(x / step)] = 1;
  const boxes = [];
  for (let first = 0; first < cells.length; first++) {
    if (!cells[first]) continue;
    const box = [rows, columns, 0, 0], open = [first];
    cells[first] = 0;
    while (open.length) {
      const cell = open.pop(), y = Math.floor(cell / columns), x = cell % columns;
      [box[0], box[1]] = [Math.min(box[0], y), Math.min(box[1], x)];
      [box[2], box[3]] = [Math.max(box[2], y + 1), Math.max(box[3], x + 1)];
      for (let v = Math.max(y - 1, 0); v <= Math.min(y + 1, rows - 1); v++)
        for (let u = Math.max(x - 1, 0); u <= Math.min(x + 1, columns - 1); u++)
          if (cells[v * columns + u]) {
            cells[v * columns + u] = 0;
            open.push(v * columns + u);
          }
    }
    boxes.push([step * box[0], step * box[1], Math.min(step * box[2], h), Math.min(step * box[3], w)]);
  }
  return boxes;
}

function withSurroundings([top, left, bottom, right], hole, numbers) {
  const longest = Math.max(bottom - top, right - left);
  const training = Math.ceil(numbers.TRAINED_PX / scaleOf(crop(hole, [top, left, bottom, right]), numbers));
  const side = Math.max(2 * longest, training);
  const spread = (start, stop, end) => {
    const length = Math.min(side, end);
    start = Math.min(Math.max(0, Math.floor((start + stop - length) / 2)), end - length); // moved inwards at the border
    return [start, start + length];
  };
  [top, bottom] = spread(top, bottom, hole.h);
  [left, right] = spread(left, right, hole.w);
  return [top, left, bottom, right];
}

// Replace boxes that overlap by the one around them, until none do.
function merge(boxes) {
  let merged = [];
  for (let box of boxes) {
    const meets = (b) => b[0] < box[2] && box[0] < b[2] && b[1] < box[3] && box[1] < b[3];
    for (let others; (others = merged.filter(meets)).length; ) {
      merged = merged.filter((b) => !others.includes(b));
      box = around([box, ...others]);
    }
    merged.push(box);
  }
  return merged;
}

const least = (values) => values.reduce((a, b) => Math.min(a, b));
const most = (values) => values.reduce((a, b) => Math.max(a, b));
const around = (boxes) => [0, 1, 2, 3].map((side) => (side < 2 ? least : most)(boxes.map((box) => box[side])));

export function crop({ w, data }, [top, left, bottom, right]) {
  const out = new Uint8Array((bottom - top) * (right - left));
  for (let y = top; y < bottom; y++) out.set(data.subarray(y * w + left, y * w + right), (y - top) * (right - left));
  return { h: bottom - top, w: right - left, data: out };
}

// The scale at which the thickest part of a hole is as thick as those of training.
function scaleOf({ h, w, data }, { TRAINED_PX }) {
  const step = Math.max(1, Math.floor(Math.max(h, w) / 1024)); // the radius to within a per mille is enough
  const [rows, columns] = [Math.ceil(h / step) + 2, Math.ceil(w / step) + 2];
  const coarse = new Uint8Array(rows * columns); // with a border that exists
  for (let y = 1; y < rows - 1; y++)
    for (let x = 1; x < columns - 1; x++) coarse[y * columns + x] = data[(y - 1) * step * w + (x - 1) * step];
  const radius = Math.max(1, step * farthest(coarse, rows, columns));
  return Math.min(1, TRAINED_PX / 5 / radius);
}

// The largest distance of a missing pixel to the nearest existing one, exactly: Felzenszwalb and Huttenlocher (2012),
// along columns and then along rows, each time the lower envelope of parabolas.
function farthest(missing, h, w) {
  const FAR = 1e12, squared = new Float64Array(h * w);
  for (let x = 0; x < w; x++) {
    const column = new Float64Array(h);
    for (let y = 0; y < h; y++) column[y] = missing[y * w + x] ? FAR : 0;
    const nearest = envelope(column);
    for (let y = 0; y < h; y++) squared[y * w + x] = nearest[y];
  }
  let largest = 0;
  for (let y = 0; y < h; y++) largest = Math.max(largest, most(envelope(squared.subarray(y * w, (y + 1) * w))));
  return Math.sqrt(largest);
}

// min over j of (i - j)² + f[j], for every i.
function envelope(f) {
  const n = f.length, out = new Float64Array(n), tips = new Int32Array(n), from = new Float64Array(n + 1);
  let k = 0;
  [from[0], from[1]] = [-Infinity, Infinity];
  for (let j = 1; j < n; j++) {
    let meet;
    while ((meet = (f[j] + j * j - f[tips[k]] - tips[k] ** 2) / (2 * (j - tips[k]))) <= from[k]) k--;
    k++;
    [tips[k], from[k], from[k + 1]] = [j, meet, Infinity];
  }
  k = 0;
  for (let i = 0; i < n; i++) {
    while (from[k + 1] < i) k++;
    out[i] = (i - tips[k]) ** 2 + f[tips[k]];
  }
  return out;
}

function region([top, left, bottom, right], hole, numbers) {
  const [h, w] = [bottom - top, right - left];
  const most = Math.min(numbers.WORK_SHARE * numbers.TRAINED_PX ** 2, numbers.MAX_WORK_PIXELS);
  const scale = Math.min(scaleOf(crop(hole, [top, left, bottom, right]), numbers), Math.sqrt(most / (h * w)));
  const small = (n) => Math.min(Math.max(numbers.MIN_SIDE_PX, roundHalfToEven(n * scale)), n);
  return { top, left, bottom, right, workSize: scale >= 1 ? [h, w] : [small(h), small(w)] };
}

// As Python rounds.
export function roundHalfToEven(x) {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 ? below + 1 : below;
}
