// A button that sends a file to the kernel in parts, because a server drops a message of 10 MB without a word.

const PART = 4 << 20; // bytes

async function send(model, file) {
  const content = { name: file.name, size: file.size, id: Math.random().toString(36).slice(2) };
  if (file.size > model.get("limit_mb") * 1e6) return model.send({ kind: "too large", ...content });
  for (let start = 0; start === 0 || start < file.size; start += PART) {
    const part = new DataView(await file.slice(start, start + PART).arrayBuffer());
    model.send({ kind: "part", ...content }, undefined, [part]);
  }
}

function render({ model, el }) {
  const button = document.createElement("button");
  button.className = "jupyter-widgets jupyter-button widget-button";
  button.style.width = "100%";
  button.title = model.get("tooltip");
  const icon = document.createElement("i");
  icon.className = "fa fa-upload";
  button.append(icon, model.get("description"));
  const input = document.createElement("input");
  [input.type, input.accept, input.hidden] = ["file", "image/*", true];
  el.append(button, input);
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const [file] = input.files;
    if (file) send(model, file);
    input.value = ""; // so that the same file can be chosen again
  });
}
export default { render };
