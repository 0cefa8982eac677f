// Continue pixels smoothly into a hole: as rwlib/inpainting/seams.py.
//
// A map is {h, w, planes}: one Float32Array per channel. `known` is one Float32Array of zeros and ones.

export function continueSmoothly({ h, w, planes }, known, sweeps, levels = 0) {
  const pyramid = [{ h, w, planes: planes.map((plane) => plane.map((value, i) => (known[i] ? value : 0))), known }];
  for (let top; (top = pyramid.at(-1)), Math.max(top.h, top.w) > 1 && !enough(pyramid, levels); ) pyramid.push(halve(top));
  let y = pyramid.pop();
  while (pyramid.length) {
    const level = pyramid.pop();
    y = { ...level, planes: level.planes.map((x, c) => sweep(x, double(y.planes[c], y, level), level, sweeps)) };
  }
  return y;
}

const enough = (pyramid, levels) => (levels ? pyramid.length > levels : pyramid.at(-1).known.every((one) => one));

// Every cell becomes the mean of those of its four pixels that are known.
function halve({ h, w, planes, known }) {
  const [H, W] = [(h + 1) >> 1, (w + 1) >> 1];
  const count = new Float32Array(H * W), sums = planes.map(() => new Float32Array(H * W));
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const cell = (y >> 1) * W + (x >> 1), i = y * w + x;
      count[cell] += known[i];
      for (let c = 0; c < planes.length; c++) sums[c][cell] += planes[c][i];
    }
  for (const sum of sums) for (let i = 0; i < sum.length; i++) sum[i] /= Math.max(count[i], 1);
  return { h: H, w: W, planes: sums, known: count.map((n) => +(n > 0)) };
}

// Enlarge a plane ×2 bilinearly and cut it to a size.
function double(plane, { h, w }, size) {
  const out = new Float32Array(size.h * size.w);
  const weigh = (i, n) => {
    const place = Math.max(0, (i + 0.5) / 2 - 0.5), low = Math.floor(place);
    return [low, Math.min(low + 1, n - 1), place - low];
  };
  const columns = Array.from({ length: size.w }, (_, x) => weigh(x, w));
  for (let y = 0; y < size.h; y++) {
    const [y0, y1, v] = weigh(y, h);
    for (let x = 0; x < size.w; x++) {
      const [x0, x1, u] = columns[x];
      const above = plane[y0 * w + x0] * (1 - u) + plane[y0 * w + x1] * u;
      const below = plane[y1 * w + x0] * (1 - u) + plane[y1 * w + x1] * u;
      out[y * size.w + x] = above * (1 - v) + below * v;
    }
  }
  return out;
}

// Unknown pixels become the mean of their four neighbours, several times; the border is repeated.
function sweep(x, y, { h, w, known }, sweeps) {
  const unknown = [];
  for (let i = 0; i < y.length; i++) known[i] ? (y[i] = x[i]) : unknown.push(i);
  const next = new Float32Array(unknown.length);
  for (let n = 0; n < sweeps; n++) {
    for (let k = 0; k < unknown.length; k++) {
      const i = unknown[k], column = i % w;
      const up = i < w ? i : i - w, down = i < (h - 1) * w ? i + w : i;
      next[k] = (y[up] + y[down] + y[column ? i - 1 : i] + y[column < w - 1 ? i + 1 : i]) / 4;
    }
    for (let k = 0; k < unknown.length; k++) y[unknown[k]] = next[k];
  }
  return y;
}
