// Runs the network beside the page, so that the page stays alive and can end it: cancelling ends this worker.
//
// In:  {kind: "load", base, processor}, then {kind: "fill", photo, hole}
// Out: {kind: "loading", share}, {kind: "ready", processor, threads}, {kind: "progress", share},
//      {kind: "filled", photo, seconds}, {kind: "failed", message}

import { fillPhoto } from "./filling.js";

const numbers = NUMBERS; // rwlib's own, put in by build.py

let session = null, ort = null;

async function load({ base, processor }) {
  if (processor === "graphics card" && !(await graphicsCard())) processor = "processor";
  ort = processor === "processor" ? await import("onnxruntime-web/wasm") : await import("onnxruntime-web/webgpu");
  ort.env.wasm.wasmPaths = base + "ort/";
  // Threads share memory, which a page may do only if its server isolates it (see serve.py).
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency || 1, 8) : 1;
  const model = await download(base + "generator.onnx");
  session = await ort.InferenceSession.create(model, {
    executionProviders: processor === "processor" ? ["wasm"] : ["webgpu", "wasm"],
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  });
  postMessage({ kind: "ready", processor, threads: ort.env.wasm.numThreads });
}

async function graphicsCard() {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  return adapter && !adapter.info?.isFallbackAdapter; // one that is only imitated is slower than the processor
}

async function download(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status} ${answer.statusText}`);
  const parts = [], total = numbers.MODEL_BYTES;
  let loaded = 0;
  for (const reader = answer.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    loaded += value.length;
    postMessage({ kind: "loading", share: Math.min(1, loaded / total) });
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

async function network(image, mask, h, w) {
  const inputs = {
    I_gt: new ort.Tensor("float32", image, [1, 3, h, w]),
    M: new ort.Tensor("float32", mask, [1, 1, h, w]),
  };
  const { I_p2 } = await session.run(inputs, ["I_p2"]);
  const data = (await I_p2.getData()).slice();
  for (const tensor of [inputs.I_gt, inputs.M, I_p2]) tensor.dispose();
  return data;
}

async function fill({ photo, hole }) {
  const start = performance.now();
  await fillPhoto(photo, hole, numbers, network, (share) => postMessage({ kind: "progress", share }));
  postMessage({ kind: "filled", photo, seconds: (performance.now() - start) / 1000 }, [photo.data.buffer]);
}

self.onmessage = async ({ data }) => {
  try {
    await (data.kind === "load" ? load(data) : fill(data));
  } catch (error) {
    postMessage({ kind: "failed", message: String(error?.message ?? error) });
  }
};
