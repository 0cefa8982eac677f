// A picture with a grid on it: a click or the arrow keys choose a cell.
function render({ model, el }) {
  const frame = document.createElement("div");
  frame.className = "rwlib-point-picture";
  frame.style.cssText = "position:relative;display:inline-block;max-width:100%;line-height:0;cursor:crosshair";
  frame.tabIndex = 0;
  frame.setAttribute("role", "application");
  const image = document.createElement("img");
  image.style.cssText = "width:100%;image-rendering:pixelated";
  const mark = document.createElement("div");
  mark.style.cssText =
    "position:absolute;box-sizing:border-box;border:2px solid #fff;outline:2px solid #000;pointer-events:none";
  frame.append(image, mark);
  el.append(frame);

  let url = null;
  function showPicture() {
    const png = model.get("png");
    const old = url;
    url = png && png.byteLength ? URL.createObjectURL(new Blob([png], { type: "image/png" })) : null;
    if (url) image.src = url;
    if (old) URL.revokeObjectURL(old);
    image.alt = model.get("alt");
    frame.style.width = model.get("width_px") + "px";
    nameFrame();
  }
  function nameFrame() {
    const [row, column] = model.get("cell");
    const chosen = `Row ${row + 1} of ${model.get("rows")}, column ${column + 1} of ${model.get("columns")} is chosen;`;
    frame.setAttribute("aria-label", `${model.get("alt")} ${chosen} choose another by a click or with the arrow keys.`);
  }
  function showCell() {
    const [row, column] = model.get("cell");
    const [rows, columns, reach] = [model.get("rows"), model.get("columns"), model.get("reach")];
    const top = Math.max(row - reach, 0), left = Math.max(column - reach, 0);
    const bottom = Math.min(row + reach + 1, rows), right = Math.min(column + reach + 1, columns);
    mark.style.top = (100 * top) / rows + "%";
    mark.style.left = (100 * left) / columns + "%";
    mark.style.height = (100 * (bottom - top)) / rows + "%";
    mark.style.width = (100 * (right - left)) / columns + "%";
    nameFrame();
  }
  function choose(row, column) {
    const inside = (x, n) => Math.min(Math.max(x, 0), n - 1);
    model.set("cell", [inside(row, model.get("rows")), inside(column, model.get("columns"))]);
    model.save_changes();
  }
  frame.addEventListener("click", (event) => {
    const box = image.getBoundingClientRect();
    choose(
      Math.floor(((event.clientY - box.top) / box.height) * model.get("rows")),
      Math.floor(((event.clientX - box.left) / box.width) * model.get("columns")),
    );
    frame.focus();
  });
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  frame.addEventListener("keydown", (event) => {
    if (!(event.key in steps)) return;
    event.preventDefault();
    const [row, column] = model.get("cell");
    const far = event.shiftKey ? 4 : 1;
    choose(row + far * steps[event.key][0], column + far * steps[event.key][1]);
  });
  for (const name of ["png", "alt", "width_px"]) model.on("change:" + name, showPicture);
  for (const name of ["cell", "rows", "columns", "reach"]) model.on("change:" + name, showCell);
  showPicture();
  showCell();
  return () => url && URL.revokeObjectURL(url);
}
export default { render };
