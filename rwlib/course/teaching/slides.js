// Moves through the slides by keys or buttons, lets text shrink until it fits, and opens a window with notes and a clock.
(() => {
  const pairs = [...document.querySelectorAll(".pair")];
  const root = document.documentElement;
  const smallest = 22, largest = 34;
  let now = 0, presenter = null;
  root.classList.add("js");

  function overflows(slide) {
    const body = slide.querySelector(".body");
    return body.scrollHeight > body.clientHeight + 1 || slide.scrollWidth > slide.clientWidth + 1
      || [...body.querySelectorAll("table, pre, math")].some((one) => one.scrollWidth > body.clientWidth + 1);
  }

  function fit(slide) {
    if (slide.dataset.fitted) return;
    let size = largest;
    slide.style.fontSize = `${size}px`;
    while (overflows(slide) && size > smallest) slide.style.fontSize = `${--size}px`;
    slide.dataset.fitted = size;
    slide.dataset.overflows = overflows(slide);
  }

  function scale() {
    const notes = root.classList.contains("with-notes") ? 420 : 0;
    const factor = Math.min(innerWidth / 1280, innerHeight / (720 + notes));
    const pair = pairs[now];
    pair.style.transform = `translate(${(innerWidth - 1280 * factor) / 2}px, 0) scale(${factor})`;
  }

  function show(target, answers) {
    pairs[now].classList.remove("now");
    now = Math.max(0, Math.min(pairs.length - 1, target));
    const pair = pairs[now];
    pair.classList.add("now");
    for (const answer of pair.querySelectorAll(".answer")) answer.classList.toggle("later", !answers);
    fit(pair.querySelector(".slide"));
    scale();
    document.getElementById("said").textContent = `Slide ${now + 1} of ${pairs.length}`;
    history.replaceState(null, "", `#${now + 1}`);
    tell();
  }

  function next() {
    const hidden = pairs[now].querySelectorAll(".answer.later");
    if (hidden.length) { hidden[0].classList.remove("later"); tell(); } else if (now < pairs.length - 1) show(now + 1, false);
  }

  function back() { if (now > 0) show(now - 1, true); }

  function tell() {
    if (!presenter || presenter.closed) return;
    const page = presenter.document;
    page.getElementById("notes").innerHTML = pairs[now].querySelector(".notes").innerHTML;
    const after = pairs[now + 1];
    page.getElementById("after").textContent = after ? after.querySelector("h2").textContent : "the end";
    page.getElementById("where").textContent = `${now + 1} / ${pairs.length}`;
  }

  function present() {
    presenter = open("", "rwlib-notes", "width=900,height=700");
    if (!presenter) return;
    const began = Date.now();
    presenter.document.body.innerHTML = '<p><b id="where"></b>, <span id="clock"></span>; next: <span id="after"></span></p>'
      + '<div id="notes"></div>';
    presenter.document.title = "Notes";
    presenter.document.body.style.font = "20px/1.5 system-ui, sans-serif";
    presenter.document.addEventListener("keydown", keys);
    setInterval(() => {
      if (presenter.closed) return;
      const s = Math.floor((Date.now() - began) / 1000);
      presenter.document.getElementById("clock").textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
    }, 500);
    tell();
  }

  function notes() { root.classList.toggle("with-notes"); scale(); }

  function keys(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.tagName === "BUTTON" && [" ", "Enter"].includes(event.key)) return;
    const act = { ArrowRight: next, PageDown: next, " ": next, Enter: next, ArrowLeft: back, PageUp: back, n: notes, p: present,
      Home: () => show(0, false), End: () => show(pairs.length - 1, true) }[event.key];
    if (act) { event.preventDefault(); act(); }
  }

  addEventListener("keydown", keys);
  addEventListener("resize", scale);
  for (const [id, act] of Object.entries({ back, next, notes, present })) document.getElementById(id).addEventListener("click", act);
  window.deck = { show, fitAll: () => pairs.map((pair, i) => { show(i, true); return { ...pair.querySelector(".slide").dataset }; }) };
  show((parseInt(location.hash.slice(1), 10) || 1) - 1, false);
})();
