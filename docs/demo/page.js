// The page: a photograph, the hole that is painted on it, and the filling. Nothing is sent anywhere.

import painter from "../../rwlib/widgets/shared/painter.js";
import { Painting, previewSize } from "./painting.js";
import { encode, encodeHole, read, readHole, save } from "./pictures.js";

const numbers = NUMBERS; // rwlib's own, put in by build.py

const $ = (id) => document.getElementById(id);
const base = new URL(".", document.baseURI).href;
const painting = new Painting();
let name = "", filled = null, filledHole = null, job = null;
let turns = 0; // how often a photograph was asked for: of two that load at once, the one chosen last is shown

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

const withPhoto = (work) => attempt((...given) => {
  if (!painting.photo) throw new Error("There is no photograph yet: choose one first.");
  return work(...given);
});

// --- the worker: made when it is first needed, ended to cancel

let worker = null, ready = null, processorOfWorker = "";
function start() {
  processorOfWorker = $("processor").value;
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
  worker.postMessage({ kind: "load", base, processor: processorOfWorker });
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
    if (worker && processorOfWorker !== $("processor").value) stop();
    if (!worker) start();
    const filling = new Promise((done, failed) => (job = { done, failed }));
    const { processor, threads } = await Promise.race([ready, filling]);
    showProgress(undefined, "Filling …");
    worker.postMessage({ kind: "fill", photo: { ...photo, data: photo.data.slice() }, hole });
    const answer = await filling;
    [filled, filledHole] = [answer.photo, hole.data];
    await showResult();
    const where = processor === "processor" ? `on ${threads} ${threads === 1 ? "thread" : "threads"}` : "on the graphics card";
    const waited = (performance.now() - start_ms) / 1000 - answer.seconds;
    $("result").dataset.seconds = answer.seconds;
    const old = painting.hole.data === filledHole ? "" : " The hole has changed since: fill again.";
    say(`Filled in ${answer.seconds.toFixed(1)} s ${where}${waited > 0.5 ? `, after ${waited.toFixed(1)} s of loading` : ""}.${old}`);
  } catch (error) {
    stop();
    if (error.message !== "cancelled") throw new Error(`It could not be filled: ${error.message}`);
    if (painting.photo === photo) say("Cancelled."); // else another one was chosen, and the page speaks of that
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
  showAge();
}
function showAge() {
  $("old").hidden = !filled || painting.hole.data === filledHole;
}
function forgetResult() {
  filled = filledHole = null;
  $("result").hidden = true;
}

// --- photographs and holes

async function take(file, label) {
  const turn = ++turns;
  const photo = await read(file).catch((error) => {
    if (turn === turns) throw error;
  });
  if (turn !== turns) return false;
  const shortest = Math.min(photo.h, photo.w);
  if (shortest < numbers.MIN_SIDE_PX) throw new Error(`${photo.w}×${photo.h} is too small: sides need ${numbers.MIN_SIDE_PX} pixels.`);
  return show(photo, label, turn);
}
async function show(photo, label, turn) {
  const [h, w] = previewSize(photo.h, photo.w);
  const png = new Uint8Array(await (await encode(photo, [h, w])).arrayBuffer());
  if (turn !== turns) return false;
  if (job) job.failed(new Error("cancelled"));
  name = label;
  forgetResult();
  painting.take(photo, { h, w, png }, name);
  say(`${name}, ${photo.w}×${photo.h}. Paint over what should go, then press Fill.`);
  $("brush").value = painting.get("brush");
  return true;
}
async function takeSample(file) {
  const turn = ++turns;
  const answer = await fetch(base + "photos/" + file).catch(() => null);
  if (turn !== turns) return;
  if (!answer?.ok) throw new Error(`${file} could not be loaded from this site; take a photograph of your own, or try again.`);
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
  if (await take(file, file.name)) $("sample").value = "";
});
onFile("mask", withPhoto(takeMask));
$("sample").addEventListener("change", attempt(() => $("sample").value && takeSample($("sample").value)));
for (const tool of ["paint", "erase"])
  $(tool).addEventListener("change", () => painting.set("erase", $("erase").checked));
painting.on("change:erase", () => ($(painting.get("erase") ? "erase" : "paint").checked = true));
$("brush").addEventListener("input", () => painting.set("brush", Number($("brush").value)));
painting.on("change:brush", () => ($("brush").value = painting.get("brush")));
painting.on("change:hole", () => {
  showAge();
  if (!job) say(`${name}, ${painting.photo.w}×${painting.photo.h}: ${percent(painting.missing)} missing.`);
});
$("undo").addEventListener("click", withPhoto(() => painting.undo()));
$("clear").addEventListener("click", withPhoto(() => painting.clear()));
$("fill").addEventListener("click", withPhoto(fill));
$("cancel").addEventListener("click", () => job?.failed(new Error("cancelled")));
$("save").addEventListener("click", attempt(async () => save("inpainted.png", await encode(filled))));
$("save-mask").addEventListener("click", withPhoto(async () => save("mask.png", await encodeHole(painting.hole))));
$("go-on").addEventListener("click", attempt(async () => {
  await show(filled, name, ++turns);
}));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", attempt(async (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file && (await take(file, file.name))) $("sample").value = "";
}));
if (!navigator.gpu) $("processor-choice").hidden = true;

painter.render({ model: painting, el: $("canvas") });
attempt(() => takeSample($("sample").value))();
