// Reading and writing pictures with the browser's own decoder and encoder.

export const MAX_PIXELS = 24e6; // a photograph, its hole and a filling of it are then 240 MB

const canvasOf = (w, h) => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [w, h];
  return [canvas, canvas.getContext("2d", { willReadFrequently: true })];
};

// A file as {h, w, data}, turned upright. Transparent pixels are laid on white.
export async function read(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", imageOrientation: "from-image" });
  } catch {
    throw new Error(`${file.name ?? "This file"} is not a picture that this browser can read; take a PNG, a JPEG or a WebP.`);
  }
  const { width: w, height: h } = bitmap;
  if (w * h > MAX_PIXELS) throw new Error(`${w}×${h} is more than ${MAX_PIXELS / 1e6} megapixels; take a smaller one.`);
  const [, context] = canvasOf(w, h);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, w, h);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { h, w, data: context.getImageData(0, 0, w, h).data };
}

// A mask file as a hole, one byte per pixel: white is missing, as in rwlib.images.read_hole.
export async function readHole(file, white) {
  const { h, w, data } = await read(file), hole = new Uint8Array(h * w);
  for (let i = 0; i < hole.length; i++) {
    const [r, g, b] = data.subarray(4 * i, 4 * i + 3);
    hole[i] = +((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16 >= white); // Pillow's grey
  }
  return { h, w, data: hole };
}

export async function encode({ h, w, data }, [newH, newW] = [h, w]) {
  const [canvas, context] = canvasOf(w, h);
  context.putImageData(new ImageData(data, w, h), 0, 0);
  let shown = canvas;
  if (newH !== h || newW !== w) {
    const [small, smallContext] = canvasOf(newW, newH);
    smallContext.imageSmoothingQuality = "high";
    smallContext.drawImage(canvas, 0, 0, newW, newH);
    shown = small;
  }
  return new Promise((done) => shown.toBlob(done, "image/png"));
}

// An exact PNG of a hole: white is missing.
export async function encodeHole({ h, w, data }) {
  const grey = new Uint8ClampedArray(4 * h * w).fill(255);
  for (let i = 0; i < data.length; i++) if (!data[i]) grey[4 * i] = grey[4 * i + 1] = grey[4 * i + 2] = 0;
  return encode({ h, w, data: grey });
}

export function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
