// A photograph piece by piece: as rwlib/inpainting/pieces.py.
//
// A photograph is {h, w, data}: a Uint8ClampedArray of four bytes per pixel, as a canvas gives it. A window is [top, left, bottom, right].

const GREY = 127.5; // grey levels of 255 per unit of [-1, 1]

// The parts of a hole that are written, and the larger ones that are read for each: [{target, source}].
export function pieces({ h, w, data }, levels, smallest) {
  const cell = 2 ** levels, step = Math.max(smallest, 2 * cell), margin = 2 * cell, found = [];
  for (let top = 0; top < h; top += step)
    for (let left = 0; left < w; left += step) {
      const target = [h, w, 0, 0];
      for (let y = top; y < Math.min(top + step, h); y++)
        for (let x = left; x < Math.min(left + step, w); x++)
          if (data[y * w + x]) {
            [target[0], target[1]] = [Math.min(target[0], y), Math.min(target[1], x)];
            [target[2], target[3]] = [Math.max(target[2], y + 1), Math.max(target[3], x + 1)];
          }
      if (!target[2]) continue;
      const down = (n) => Math.max(0, Math.floor((n - margin) / cell) * cell);
      const up = (n, end) => Math.min(end, Math.ceil((n + margin) / cell) * cell);
      found.push({ target, source: [down(target[0]), down(target[1]), up(target[2], h), up(target[3], w)] });
    }
  return found;
}

// A window of a photograph as a map of three planes in [-1, 1].
export function toMap({ w, data }, [top, left, bottom, right]) {
  const size = { h: bottom - top, w: right - left };
  const planes = [0, 1, 2].map(() => new Float32Array(size.h * size.w));
  for (let y = top, i = 0; y < bottom; y++)
    for (let x = left; x < right; x++, i++)
      for (let c = 0; c < 3; c++) planes[c][i] = data[4 * (y * w + x) + c] / GREY - 1;
  return { ...size, planes };
}

// Where a window of a hole exists, 1; where it is missing, 0.
export function toKnown({ w, data }, [top, left, bottom, right]) {
  const known = new Float32Array((bottom - top) * (right - left));
  for (let y = top, i = 0; y < bottom; y++) for (let x = left; x < right; x++, i++) known[i] = +!data[y * w + x];
  return known;
}

// Write a map, which begins at `source`, to the missing pixels of `target`.
export function write(photo, hole, { target, source }, { w, planes }) {
  for (let y = target[0]; y < target[2]; y++)
    for (let x = target[1]; x < target[3]; x++) {
      const pixel = y * photo.w + x, i = (y - source[0]) * w + x - source[1];
      // A clamped array rounds half to even and clips, as torch does.
      if (hole.data[pixel]) for (let c = 0; c < 3; c++) photo.data[4 * pixel + c] = (planes[c][i] + 1) * GREY;
    }
}

// Average the known pixels under each small one, which exists if at least half of what it covers is known.
// Returns {map, known}: the map is 0 where nothing is known.
export function shrink(photo, hole, [h, w]) {
  const [H, W] = [photo.h, photo.w];
  if (H === h && W === w) {
    const all = [0, 0, H, W];
    return { map: toMap(photo, all), known: toKnown(hole, all) };
  }
  const planes = [0, 1, 2].map(() => new Float32Array(h * w)), share = new Float32Array(h * w);
  for (let i = 0; i < h; i++) {
    const rows = [Math.floor((i * H) / h), Math.ceil(((i + 1) * H) / h)];
    const sums = [0, 1, 2, 3].map(() => new Float64Array(W + 1)); // from the first column on; the last counts pixels
    for (let x = 0; x < W; x++) {
      const column = [0, 0, 0, 0];
      for (let y = rows[0]; y < rows[1]; y++) {
        const pixel = y * W + x;
        if (hole.data[pixel]) continue;
        for (let c = 0; c < 3; c++) column[c] += photo.data[4 * pixel + c];
        column[3]++;
      }
      for (let c = 0; c < 4; c++) sums[c][x + 1] = sums[c][x] + column[c];
    }
    for (let j = 0; j < w; j++) {
      const [first, end] = [Math.floor((j * W) / w), Math.ceil(((j + 1) * W) / w)];
      const [r, g, b, count] = sums.map((sum) => sum[end] - sum[first]);
      share[i * w + j] = count / ((rows[1] - rows[0]) * (end - first));
      if (count) [r, g, b].forEach((sum, c) => (planes[c][i * w + j] = sum / count / GREY - 1));
    }
  }
  // A region so thin that averaging loses it: keep single pixels instead.
  const ways = [() => share.map((x) => +(x >= 0.5)), () => share.map((x) => +(x >= 1)), () => nearest(hole, [h, w])];
  let known;
  for (const way of ways) {
    known = way();
    if (known.includes(0) && known.includes(1)) break;
  }
  return { map: { h, w, planes }, known };
}

// Nearest neighbours with aligned corners, as rwlib.masks.resize_mask.
function nearest({ h: H, w: W, data }, [h, w]) {
  const index = (old, size, i) => {
    const steps = Math.max(size - 1, 1);
    return Math.floor((2 * i * (old - 1) + steps) / (2 * steps));
  };
  const known = new Float32Array(h * w);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) known[y * w + x] = +!data[index(H, h, y) * W + index(W, w, x)];
  return known;
}

// A window of a map that is enlarged bicubically to a size, as torch.nn.functional.interpolate enlarges all of it.
export function enlarge({ h, w, planes }, size, [top, left, bottom, right]) {
  if (size.h === h && size.w === w)
    return { h: bottom - top, w: right - left, planes: planes.map((plane) => part(plane, w, [top, left, bottom, right])) };
  const rows = taps(h, size.h, top, bottom), columns = taps(w, size.w, left, right);
  const enlarged = planes.map((plane) => {
    const wide = new Float64Array(h * columns.length); // columns first: the map is small
    for (let y = 0; y < h; y++)
      columns.forEach(({ places, weights }, x) => {
        let sum = 0;
        for (let k = 0; k < 4; k++) sum += weights[k] * plane[y * w + places[k]];
        wide[y * columns.length + x] = sum;
      });
    const out = new Float32Array(rows.length * columns.length);
    rows.forEach(({ places, weights }, y) => {
      for (let x = 0; x < columns.length; x++) {
        let sum = 0;
        for (let k = 0; k < 4; k++) sum += weights[k] * wide[places[k] * columns.length + x];
        out[y * columns.length + x] = sum;
      }
    });
    return out;
  });
  return { h: rows.length, w: columns.length, planes: enlarged };
}

function part(plane, w, [top, left, bottom, right]) {
  const out = new Float32Array((bottom - top) * (right - left));
  for (let y = top; y < bottom; y++) out.set(plane.subarray(y * w + left, y * w + right), (y - top) * (right - left));
  return out;
}

// For each of the enlarged pixels start ... stop - 1: which four pixels it is made of, and their weights (a = -0.75).
function taps(n, enlarged, start, stop) {
  const A = -0.75;
  const near = (t) => ((A + 2) * t - (A + 3)) * t * t + 1;
  const far = (t) => ((A * t - 5 * A) * t + 8 * A) * t - 4 * A;
  return Array.from({ length: stop - start }, (_, k) => {
    const place = ((start + k + 0.5) * n) / enlarged - 0.5, low = Math.floor(place), t = place - low;
    return {
      places: [-1, 0, 1, 2].map((d) => Math.min(Math.max(low + d, 0), n - 1)),
      weights: [far(1 + t), near(t), near(1 - t), far(2 - t)],
    };
  });
}

// Levels of a pyramid that reaches a little further than one pixel of the small map.
export function levelsFor({ h, w }, [smallH, smallW], most) {
  const scale = Math.sqrt((smallH * smallW) / (h * w));
  return Math.min(most, Math.ceil(-Math.log2(scale)) + 2);
}
