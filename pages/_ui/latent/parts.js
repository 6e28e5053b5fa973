// Small parts of the Explorer's tools, and of what is translated by hand.

/** Calls `moved(x, y, ended)` with shares of the element's box while it is dragged. */
function dragging(element, moved) {
  let held = null;
  const tell = (event, ended) => {
    const box = element.getBoundingClientRect();
    moved((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height, ended);
  };
  element.style.touchAction = "none";
  element.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    held = event.pointerId;
    element.setPointerCapture(held);
    tell(event, false);
  });
  element.addEventListener("pointermove", (event) => event.pointerId === held && tell(event, false));
  for (const name of ["pointerup", "pointercancel"]) {
    element.addEventListener(name, (event) => {
      if (event.pointerId !== held) return;
      held = null;
      tell(event, true);
    });
  }
}

/** A few codes to choose one of, as buttons side by side. */
function choice(words, name, codes, chosen) {
  const buttons = Object.fromEntries(codes.map((code) => [code, h("button", { type: "button", class: "gl-choice", "data-code": code, "data-tip": words.has(`${name}.${code}.help`) ? words.get(`${name}.${code}.help`) : null, "aria-pressed": "false", onclick: () => {
    set(code);
    chosen(code);
  } }, words.get(`${name}.${code}`))]));
  const set = (code) => Object.entries(buttons).forEach(([own, button]) => button.setAttribute("aria-pressed", String(own === code)));
  set(codes[0]);
  return { box: h("span", { class: "gl-switch", role: "group", "aria-label": words.get(name) }, ...Object.values(buttons)), set, buttons };
}

/** A file for the browser to keep. */
function downloadAs(name, data, type) {
  const address = URL.createObjectURL(new Blob([data], { type }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
