// Fill the hole of a photograph of any size: as rwlib/inpainting/filling.py, with the network handed in.

import { chooseRegions, crop, thickPart } from "./regions.js";
import { continueSmoothly } from "./seams.js";
import { enlarge, levelsFor, pieces, shrink, toKnown, toMap, write } from "./pieces.js";

// photo: {h, w, data}, four bytes per pixel, overwritten in the hole. hole: {h, w, data}, one byte per pixel, 1 missing.
// numbers: those of rwlib, see build.py. network: async (image, mask, h, w) → I_p2, Float32Arrays of planes.
// progress: called with how much of the work is done, 0 to 1.
export async function fillPhoto(photo, hole, numbers, network, progress = () => {}) {
  const thick = thickPart(hole, numbers.THIN_PX);
  const thin = { ...hole, data: hole.data.map((missing, i) => +(missing && !thick.data[i])) };
  for (const piece of pieces(thin, numbers.THIN_LEVELS, numbers.PIECE_PX)) {
    const map = continueSmoothly(toMap(photo, piece.source), toKnown(hole, piece.source), numbers.SWEEPS);
    write(photo, thin, piece, map);
  }
  if (!thick.data.includes(1)) return;
  const regions = chooseRegions(thick, numbers);
  const total = regions.reduce((sum, { workSize: [h, w] }) => sum + h * w, 0);
  let done = 0;
  for (const region of regions) {
    progress(done / total);
    await fillRegion(photo, thick, region, numbers, network);
    done += region.workSize[0] * region.workSize[1];
  }
  progress(1);
}

async function fillRegion(photo, thick, { top, left, bottom, right, workSize }, numbers, network) {
  const part = cropPhoto(photo, [top, left, bottom, right]), missing = crop(thick, [top, left, bottom, right]);
  const { map, known } = shrink(part, missing, workSize);
  const I_p2 = await predict(map, known, network);
  const levels = levelsFor(part, workSize, numbers.MAX_LEVELS);
  for (const piece of pieces(missing, levels, numbers.PIECE_PX)) {
    const prediction = enlarge(I_p2, part, piece.source), difference = toMap(part, piece.source);
    add(difference, prediction, -1);
    add(prediction, continueSmoothly(difference, toKnown(missing, piece.source), numbers.SWEEPS, levels), 1);
    write(part, missing, piece, prediction);
  }
  for (let y = top; y < bottom; y++)
    photo.data.set(part.data.subarray(4 * (y - top) * part.w, 4 * (y - top + 1) * part.w), 4 * (y * photo.w + left));
}

function add(map, other, sign) {
  for (let c = 0; c < map.planes.length; c++) {
    const [plane, more] = [map.planes[c], other.planes[c]];
    for (let i = 0; i < plane.length; i++) plane[i] += sign * more[i];
  }
}

function cropPhoto({ w, data }, [top, left, bottom, right]) {
  const out = new Uint8ClampedArray(4 * (bottom - top) * (right - left));
  for (let y = top; y < bottom; y++)
    out.set(data.subarray(4 * (y * w + left), 4 * (y * w + right)), 4 * (y - top) * (right - left));
  return { h: bottom - top, w: right - left, data: out };
}

// Run the network on a map of any size: padded to multiples of 4 by repeating the border, and cut again.
async function predict({ h, w, planes }, known, network) {
  const [H, W] = [h + (-h & 3), w + (-w & 3)];
  const image = new Float32Array(3 * H * W), mask = new Float32Array(H * W);
  for (let y = 0, i = 0; y < H; y++)
    for (let x = 0; x < W; x++, i++) {
      const from = Math.min(y, h - 1) * w + Math.min(x, w - 1);
      mask[i] = known[from];
      if (known[from]) for (let c = 0; c < 3; c++) image[c * H * W + i] = planes[c][from];
    }
  const output = await network(image, mask, H, W);
  const cut = (c) => {
    const plane = new Float32Array(h * w);
    for (let y = 0; y < h; y++) plane.set(output.subarray(c * H * W + y * W, c * H * W + y * W + w), y * w);
    return plane;
  };
  return { h, w, planes: [0, 1, 2].map(cut) };
}
