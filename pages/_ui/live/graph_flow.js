// The arrows of the picture of the model: forwards from noise to gradients, and back from the gradients to both networks.

const LANES = { d: 26, g: 54 }; // pixels below (or, stacked, beside) the cards
const HEAD = 7;
const FORWARD = [["noise", "g"], ["g", "samples"], ["samples", "d"], ["real", "d"], ["d", "outputs"], ["outputs", "losses"], ["losses", "gradients"]];

function svg(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Width of a gradient's arrow: thin where it vanishes, 2 pixels more for each power of ten above a thousandth. */
function gradientWidth(norm) {
  if (!(norm > 0)) return 1;
  return 1 + 2 * Math.min(5, Math.max(0, Math.log10(norm) + 3));
}

class Flow {
  constructor() {
    this.box = svg("svg", { class: "gl-flow-arrows", "aria-hidden": "true" });
    this.back = {};
  }

  /** `cards`: name -> element; `home`: the element that the drawing lies over. */
  layout(home, cards, stacked) {
    const origin = home.getBoundingClientRect();
    const rects = {};
    for (const [name, card] of Object.entries(cards)) {
      const box = card.getBoundingClientRect();
      rects[name] = { left: box.left - origin.left, right: box.right - origin.left, top: box.top - origin.top,
        bottom: box.bottom - origin.top, x: (box.left + box.right) / 2 - origin.left, y: (box.top + box.bottom) / 2 - origin.top };
    }
    this.box.replaceChildren();
    this.box.setAttribute("viewBox", `0 0 ${origin.width} ${origin.height}`);
    for (const [from, to] of FORWARD) this.forward(rects[from], rects[to]);
    const floor = Math.max(...Object.values(rects).map((r) => r.bottom));
    for (const player of ["d", "g"]) this.back[player] = this.backward(player, rects, floor, stacked);
  }

  forward(a, b) {
    const below = b.top >= a.bottom - 1;
    const x = Math.min(Math.max(a.x, b.left + 12), b.right - 12);
    const y = Math.min(Math.max(a.y, b.top + 12), b.bottom - 12);
    const [sx, sy] = below ? [x, a.bottom] : [a.right, y];
    const [tx, ty] = below ? [x, b.top] : [b.left, y];
    const [dx, dy] = below ? [0, 1] : [1, 0];
    this.box.append(svg("path", { class: "gl-arrow", d: `M${sx} ${sy}L${tx - dx * HEAD} ${ty - dy * HEAD}` }),
      this.head(tx, ty, dx, dy, "gl-arrow-head", 4));
  }

  /** An arrow head that points along (dx, dy) with its tip at (x, y). */
  head(x, y, dx, dy, kind, half) {
    const [bx, by] = [x - dx * HEAD, y - dy * HEAD];
    return svg("path", { class: kind, d: `M${x} ${y}L${bx - dy * half} ${by - dx * half}L${bx + dy * half} ${by + dx * half}z` });
  }

  /** From the gradients round the other cards back to a network. */
  backward(player, rects, floor, stacked) {
    const [from, to] = [rects.gradients, rects[player]];
    const lane = LANES[player];
    const shift = player === "g" ? 8 : -8; // the two leave side by side
    let line;
    let head;
    let place;
    if (stacked) {
      const right = Math.max(...Object.values(rects).map((r) => r.right));
      const x = right + lane * 0.5;
      const y = Math.min(to.bottom - 16, to.top + 24);
      line = `M${from.right} ${from.y + shift}H${x}V${y}H${to.right + HEAD + 2}`;
      head = this.head(to.right + 1, y, -1, 0, `gl-back-head gl-back-${player}`, 6);
    } else {
      line = `M${from.x + shift} ${from.bottom}V${floor + lane}H${to.x}V${to.bottom + HEAD + 2}`;
      head = this.head(to.x, to.bottom + 1, 0, -1, `gl-back-head gl-back-${player}`, 6);
      place = { x: to.x + 14, y: floor + lane - 9 };
    }
    const path = svg("path", { class: `gl-back gl-back-${player}`, d: line, "data-player": player });
    const label = svg("text", { class: "gl-back-label", ...place });
    this.box.append(path, head);
    if (place) this.box.append(label);
    return { path, label };
  }

  /** Part of a line, `down` pixels lower than what stands before it. */
  shifted(text, down, size) {
    const part = svg("tspan", { dy: down, "font-size": size });
    part.textContent = text;
    return part;
  }

  /** `texts`: what is written along the two; what follows _ is set lower. */
  show(norms, texts) {
    for (const player of ["g", "d"]) {
      const { path, label } = this.back[player] || {};
      if (!path) continue;
      path.setAttribute("stroke-width", gradientWidth(norms[player]).toFixed(1));
      if (label.dataset.text === texts[player]) continue;
      label.dataset.text = texts[player];
      const [before, index, after] = texts[player].split(/_(.)/);
      label.replaceChildren(before, this.shifted(index, 3, 9), this.shifted(after, -3, 12));
    }
  }
}
