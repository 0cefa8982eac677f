// The page: a photograph, the hole that is painted on it, and the filling. Nothing is sent anywhere.

import painter from "../../rwlib/widgets/shared/painter.js";
import { Painting, previewSize } from "./painting.js";
import { encode, encodeHole, read, readHole, save } from "./pictures.js";

const numbers = NUMBERS; // rwlib's own, put in by build.py

const $ = (id) => document.getElementById(id);
const base = new URL(".", document.baseURI).href;
const painting = new Painting();
let name = "", filled = null, before = null, job = null;

// --- what is said

function say(text, fault = false) {
  $("message").textContent = text;
  $("message").classList.toggle("fault", fault);
}
function showProgress(share, text) {
  $("progress").hidden = share === null;
  if (share === undefined) $("progress").removeAttribute("value");
  else if (share !== null) $("progress").value = share;
  if (text) say(text);
}
const percent = (x) => (x > 0 && x < 0.001 ? "less than 0.1" : (100 * x).toFixed(1)) + " %";
const attempt = (work) => async (...given) => {
  try {
    await work(...given);
  } catch (error) {
    say(error.message ?? String(error), true);
  }
};

// --- the worker: made when it is first needed, ended to cancel

let worker = null, ready = null;
function start() {
  worker = new Worker(base + "worker.js", { type: "module" });
  const own = worker;
  ready = new Promise((resolve, reject) => {
    own.onmessage = ({ data }) => {
      if (own !== worker) return;
      if (data.kind === "loading") showProgress(data.share, `Loading the network (${(numbers.MODEL_BYTES / 1e6).toFixed(0)} MB, once) …`);
      else if (data.kind === "ready") resolve(data);
      else if (data.kind === "progress") showProgress(data.share < 1 ? data.share : undefined);
      else if (data.kind === "filled") job?.done(data);
      else if (data.kind === "failed") (reject(new Error(data.message)), job?.failed(new Error(data.message)));
    };
    own.onerror = (event) => (reject(new Error(event.message || "The worker could not be started.")), job?.failed(new Error(event.message)));
  });
  ready.catch(() => {});
  worker.postMessage({ kind: "load", base, processor: $("processor").value });
}
function stop() {
  worker?.terminate();
  worker = ready = null;
}

async function fill() {
  if (job) return;
  const share = painting.missing;
  if (!share) throw new Error("Nothing is missing yet: paint over what should go.");
  if (share === 1) throw new Error("Everything is missing, so there is nothing to fill from: erase some of it.");
  const { photo, hole } = painting;
  busy(true);
  const start_ms = performance.now();
  try {
    showProgress(undefined, "Starting …");
    if (!worker) start();
    const filling = new Promise((done, failed) => (job = { done, failed }));
    const { processor, threads } = await Promise.race([ready, filling]);
    showProgress(undefined, "Filling …");
    worker.postMessage({ kind: "fill", photo: { ...photo, data: photo.data.slice() }, hole });
    const answer = await filling;
    if (painting.photo !== photo) return; // another one was chosen meanwhile
    filled = answer.photo;
    await showResult();
    const where = processor === "processor" ? `on ${threads} ${threads === 1 ? "thread" : "threads"}` : "on the graphics card";
    const waited = (performance.now() - start_ms) / 1000 - answer.seconds;
    $("result").dataset.seconds = answer.seconds;
    say(`Filled in ${answer.seconds.toFixed(1)} s ${where}${waited > 0.5 ? `, after ${waited.toFixed(1)} s of loading` : ""}.`);
  } catch (error) {
    stop();
    if (error.message !== "cancelled") throw new Error(`It could not be filled: ${error.message}`);
    say("Cancelled.");
  } finally {
    job = null;
    busy(false);
    showProgress(null);
  }
}

function busy(yes) {
  $("fill").disabled = yes;
  $("cancel").disabled = !yes;
  $("work").setAttribute("aria-busy", yes);
}

// --- the result beside the photograph

async function showResult() {
  const [h, w] = [filled.h, filled.w];
  const old = $("picture").src;
  $("picture").src = URL.createObjectURL(await encode(filled));
  if (old) URL.revokeObjectURL(old);
  $("picture").alt = `${name}, filled`;
  [$("picture").width, $("picture").height] = [w, h];
  $("result").hidden = false;
  before = painting.photo;
}
function forgetResult() {
  filled = before = null;
  $("result").hidden = true;
}

// --- photographs and holes

async function take(file, label) {
  const photo = await read(file);
  const shortest = Math.min(photo.h, photo.w);
  if (shortest < numbers.MIN_SIDE_PX) throw new Error(`${photo.w}×${photo.h} is too small: sides need ${numbers.MIN_SIDE_PX} pixels.`);
  const [h, w] = previewSize(photo.h, photo.w);
  const png = new Uint8Array(await (await encode(photo, [h, w])).arrayBuffer());
  if (job) job.failed(new Error("cancelled"));
  name = label;
  forgetResult();
  painting.take(photo, { h, w, png }, name);
  say(`${name}, ${photo.w}×${photo.h}. Paint over what should go, then press Fill.`);
  $("brush").value = painting.get("brush");
}
async function takeSample(file) {
  const answer = await fetch(base + "photos/" + file);
  await take(new File([await answer.blob()], file), $("sample").selectedOptions[0].textContent);
}
async function takeMask(file) {
  const hole = await readHole(file, numbers.WHITE);
  const { h, w } = painting.photo;
  if (hole.h !== h || hole.w !== w) throw new Error(`The mask is ${hole.w}×${hole.h} and the photograph ${w}×${h}; they must have one size.`);
  painting.mask(hole);
}

// --- controls

const onFile = (input, work) =>
  $(input).addEventListener("change", attempt(async () => {
    const [file] = $(input).files;
    $(input).value = ""; // so that the same file can be chosen again
    if (file) await work(file);
  }));
onFile("own", async (file) => {
  await take(file, file.name);
  $("sample").value = "";
});
onFile("mask", takeMask);
$("sample").addEventListener("change", attempt(() => $("sample").value && takeSample($("sample").value)));
for (const tool of ["paint", "erase"])
  $(tool).addEventListener("change", () => painting.set("erase", $("erase").checked));
painting.on("change:erase", () => ($(painting.get("erase") ? "erase" : "paint").checked = true));
$("brush").addEventListener("input", () => painting.set("brush", Number($("brush").value)));
painting.on("change:brush", () => ($("brush").value = painting.get("brush")));
painting.on("change:hole", () => say(`${name}, ${painting.photo.w}×${painting.photo.h}: ${percent(painting.missing)} missing.`));
$("undo").addEventListener("click", () => painting.undo());
$("clear").addEventListener("click", () => painting.clear());
$("fill").addEventListener("click", attempt(fill));
$("cancel").addEventListener("click", () => job?.failed(new Error("cancelled")));
$("processor").addEventListener("change", () => job || stop());
$("save").addEventListener("click", attempt(async () => save("inpainted.png", await encode(filled))));
$("save-mask").addEventListener("click", attempt(async () => save("mask.png", await encodeHole(painting.hole))));
$("go-on").addEventListener("click", attempt(async () => {
  const [h, w] = previewSize(filled.h, filled.w);
  const photo = filled, png = new Uint8Array(await (await encode(photo, [h, w])).arrayBuffer());
  forgetResult();
  painting.take(photo, { h, w, png }, name);
}));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", attempt(async (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file) await take(file, file.name);
}));
if (!navigator.gpu) $("processor-choice").hidden = true;

painter.render({ model: painting, el: $("canvas") });
attempt(() => takeSample($("sample").value))();
