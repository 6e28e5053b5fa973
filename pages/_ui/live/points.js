// The picture of a 2-D run: the critic's field, real points, generated points, in layers.
// The lower canvas holds what changes once a frame; the upper one only the generated points, so that they can glide.

const GUTTER = { left: 34, bottom: 24, top: 8 };
const GLIDE_MS = 110;
const GLIDE_STEP_MS = 30;

/** A marker drawn once and stamped a thousand times: far cheaper than a thousand paths. */
function marker(shape, color, halo, ratio) {
  const size = Math.ceil(12 * ratio);
  const canvas = canvasOf(size, size);
  const context = canvas.getContext("2d");
  context.translate(size / 2, size / 2);
  context.scale(ratio, ratio);
  context.beginPath();
  // A real point is wide enough to show as a blue rim around a generated one that hits it exactly.
  if (shape === "circle") context.arc(0, 0, 4.2, 0, 2 * Math.PI);
  else for (const [x, y] of [[0, -2.7], [2.7, 0], [0, 2.7], [-2.7, 0]]) context.lineTo(x, y);
  context.closePath();
  context.lineWidth = 1.2;
  context.strokeStyle = halo;
  context.globalAlpha = 0.6;
  context.stroke();
  context.fillStyle = color;
  context.globalAlpha = 0.85;
  context.fill();
  return canvas;
}

/** Line pieces where the field crosses `level` (marching squares), as x0, y0, x1, y1 in grid cells. */
function contour(field, rows, cols, level) {
  const pieces = [];
  const at = (r, c) => field[r * cols + c] - level;
  for (let r = 0; r + 1 < rows; r += 1) {
    for (let c = 0; c + 1 < cols; c += 1) {
      const corners = [at(r, c), at(r, c + 1), at(r + 1, c + 1), at(r + 1, c)];
      const crossings = cellCrossings(corners, r, c);
      for (let k = 0; k + 3 < crossings.length; k += 4) pieces.push(...crossings.slice(k, k + 4));
    }
  }
  return pieces;
}

function cellCrossings([a, b, c, d], row, col) {
  const found = [];
  if (a > 0 !== b > 0) found.push(col + a / (a - b), row);
  if (b > 0 !== c > 0) found.push(col + 1, row + b / (b - c));
  if (d > 0 !== c > 0) found.push(col + d / (d - c), row + 1);
  if (a > 0 !== d > 0) found.push(col, row + a / (a - d));
  return found;
}

class PointsView {
  constructor(ui, memory) {
    this.ui = ui;
    this.memory = memory;
    memory.layers ??= { real: true, fake: true, field: true };
    memory.averaged ??= true;
    memory.look ??= null; // null = the whole picture, else {x, y, zoom}
    this.glide = null;
    this.fieldCanvas = null;
    this.slow = 0;
    this.still = matchMedia("(prefers-reduced-motion: reduce)").matches || (navigator.hardwareConcurrency || 1) <= 2;
    this.build();
    this.listen();
  }

  build() {
    const { words } = this.ui;
    this.toggles = ["real", "fake", "field"].map((name) => this.toggle(name));
    this.choice = ["averaged", "live"].map((name) =>
      h("button", { type: "button", class: "gl-choice", "data-name": name, "data-tip": words.get(`${name}.help`),
        onclick: () => this.choose(name) }, words.get(name)));
    this.switch = h("div", { class: "gl-switch", role: "group", "aria-label": words.get("weights") }, ...this.choice);
    this.low = h("canvas", { class: "gl-low" });
    this.high = h("canvas", { class: "gl-high", role: "img", tabindex: "0", "aria-label": words.get("picture") });
    this.buttons = [["plus", "zoom.in"], ["minus", "zoom.out"], ["whole", "zoom.reset"]].map(([name, code]) =>
      h("button", { type: "button", class: `gl-mini gl-mini-${name}`, "aria-label": words.get(code), "data-tip": words.get(code),
        onclick: () => this.press(name) }, icon(name)));
    this.stage = h("div", { class: "gl-stage" }, this.low, this.high, h("div", { class: "gl-zoom" }, ...this.buttons));
    this.readout = h("div", { class: "gl-readout" }, words.get("hover"));
    const key = h("div", { class: "gl-key", "data-tip": words.get("field.key.help") }, h("span", {}, words.get("field.low")),
      h("i", { class: "gl-ramp" }), h("span", {}, words.get("field.high")));
    this.box = h("div", { class: "gl-points" }, h("div", { class: "gl-legend" }, ...this.toggles, this.switch), this.stage,
      h("div", { class: "gl-foot" }, this.readout, key));
    this.showToggles();
  }

  toggle(name) {
    const { words } = this.ui;
    return h("button", { type: "button", class: `gl-toggle gl-toggle-${name}`, "data-name": name, "data-tip": words.get(`${name}.help`),
      onclick: () => {
        this.memory.layers[name] = !this.memory.layers[name];
        this.showToggles();
        this.paint();
      } }, icon(name), h("span", {}, words.get(name)));
  }

  choose(name) {
    this.memory.averaged = name === "averaged";
    this.showToggles();
    this.glide = null;
    this.paint();
  }

  showToggles() {
    for (const button of this.toggles) button.setAttribute("aria-pressed", String(this.memory.layers[button.dataset.name]));
    for (const button of this.choice) {
      button.setAttribute("aria-pressed", String((button.dataset.name === "averaged") === this.memory.averaged));
    }
  }

  listen() {
    wheelZoom(this.high, (event, factor) => this.zoomAt(event, factor));
    this.high.addEventListener("pointermove", (event) => this.hover(event));
    this.high.addEventListener("pointerleave", () => this.hover(null));
    this.high.addEventListener("pointerdown", (event) => this.grab(event));
    this.high.addEventListener("dblclick", () => this.press("whole"));
    this.high.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const presses = { "+": "plus", "=": "plus", "-": "minus", 0: "whole" };
    if (event.key in moves && this.memory.look) this.pan(...moves[event.key].map((d) => d * 40));
    else if (event.key in presses) this.press(presses[event.key]);
    else return;
    event.preventDefault();
  }

  // -- geometry: one scale for both axes, `look` in data units ---------------------------------------------------

  /** The square in which data are drawn, in CSS pixels. */
  plot() {
    const side = Math.max(10, this.width - GUTTER.left);
    return { left: GUTTER.left, top: GUTTER.top, side };
  }

  camera() {
    const [x0, x1, y0, y1] = this.frame.header.extent;
    const span = Math.max(x1 - x0, y1 - y0);
    const look = this.memory.look || { x: (x0 + x1) / 2, y: (y0 + y1) / 2, zoom: 1 };
    const { left, top, side } = this.plot();
    return { ...look, span, left, top, side, scale: (side * look.zoom) / span };
  }

  toData(event) {
    const box = this.high.getBoundingClientRect();
    const c = this.camera();
    const px = event.clientX - box.left - c.left - c.side / 2;
    const py = event.clientY - box.top - c.top - c.side / 2;
    return { x: c.x + px / c.scale, y: c.y - py / c.scale };
  }

  zoomAt(event, factor) {
    if (!this.frame) return false;
    const point = event ? this.toData(event) : this.camera();
    const { x, y, zoom, span } = this.camera();
    const next = Math.min(60, zoom * factor);
    if (next <= 1 && zoom === 1) return false; // nothing to zoom out of: let the page scroll
    const keep = zoom / next;
    this.look({ x: point.x + (x - point.x) * keep, y: point.y + (y - point.y) * keep, zoom: next }, span);
    return true;
  }

  /** Sets the look; kept inside the picture, and forgotten at zoom 1. */
  look({ x, y, zoom }, span) {
    const [x0, x1, y0, y1] = this.frame.header.extent;
    const room = span / 2 / zoom;
    const inside = (v, low, high) => Math.min(Math.max(v, low + room), high - room);
    this.memory.look = zoom <= 1.001 ? null : { x: inside(x, x0, x1), y: inside(y, y0, y1), zoom };
    this.paint();
  }

  pan(dx, dy) {
    const { x, y, zoom, span, scale } = this.camera();
    this.look({ x: x + dx / scale, y: y + dy / scale, zoom }, span);
  }

  press(name) {
    if (!this.frame) return;
    if (name === "whole") this.look({ x: 0, y: 0, zoom: 1 }, 1);
    else this.zoomAt(null, name === "plus" ? 1.6 : 1 / 1.6);
  }

  grab(event) {
    if (!this.memory.look || event.button !== 0) return;
    this.high.setPointerCapture(event.pointerId);
    let last = event;
    const move = (now) => {
      this.pan(last.clientX - now.clientX, now.clientY - last.clientY);
      last = now;
    };
    this.high.addEventListener("pointermove", move);
    const drop = () => this.high.removeEventListener("pointermove", move);
    this.high.addEventListener("pointerup", drop, { once: true });
    this.high.addEventListener("pointercancel", drop, { once: true });
  }

  // -- drawing ---------------------------------------------------------------------------------------------------

  resize(width) {
    this.width = Math.floor(width);
    this.stage.style.height = `${this.plot().side + GUTTER.top + GUTTER.bottom}px`;
    this.paint();
  }

  show(frame) {
    if (!frame.header.extent) { // before the first look at a run there is nothing to draw; what was drawn of it stays
      if (this.frame && this.frame.header.run !== frame.header.run) this.clear();
      return;
    }
    const before = this.frame;
    this.frame = frame;
    this.fieldStale = true;
    this.switch.classList.toggle("gl-absent", !(frame.arrays.fake && frame.arrays.fake_live));
    const from = before && before.header.run === frame.header.run ? this.generated(before) : null;
    const to = this.generated(frame);
    const moves = !this.still && this.memory.layers.fake && from && to && from.length === to.length;
    this.glide = moves ? { from, to, start: performance.now() } : null;
    this.paint();
    if (this.glide) this.step();
  }

  clear() {
    this.frame = null;
    this.glide = null;
    for (const canvas of [this.low, this.high]) canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  }

  generated(frame) {
    const { fake, fake_live: live } = frame.arrays;
    return (this.memory.averaged ? fake || live : live || fake) || null;
  }

  step() {
    const glide = this.glide;
    setTimeout(() => requestAnimationFrame(() => {
      if (this.glide !== glide || document.hidden) return;
      this.paintHigh();
      if (performance.now() - glide.start < GLIDE_MS) this.step();
      else this.glide = null;
    }), GLIDE_STEP_MS);
  }

  paint() {
    if (!this.frame || !this.width) return;
    const started = performance.now();
    this.high.classList.toggle("gl-zoomed", Boolean(this.memory.look));
    this.stamps();
    this.paintLow();
    this.paintHigh();
    this.cost = performance.now() - started;
    this.slow = this.cost > 12 ? this.slow + 1 : 0;
    if (this.slow > 4) this.still = true; // a slow machine: no gliding
  }

  stamps() {
    const ratio = window.devicePixelRatio || 1;
    const { theme } = this.ui;
    if (this.stampVersion === theme.version) return;
    this.stampVersion = theme.version;
    this.realStamp = marker("circle", theme.real, theme.bg, ratio);
    this.fakeStamp = marker("diamond", theme.fake, theme.bg, ratio);
    this.fieldStale = true;
  }

  paintLow() {
    const { theme } = this.ui;
    const camera = this.camera();
    const context = fitCanvas(this.low, this.width, camera.side + GUTTER.top + GUTTER.bottom);
    context.clearRect(0, 0, this.width, camera.side + 60);
    context.save();
    context.beginPath();
    context.rect(camera.left, camera.top, camera.side, camera.side);
    context.fillStyle = theme.plot;
    context.fill();
    context.clip();
    if (this.memory.layers.field && this.frame.arrays.field) this.paintField(context, camera);
    this.paintGrid(context, camera);
    if (this.memory.layers.real && !this.overlay) this.stamp(context, camera, this.frame.arrays.real, this.realStamp);
    context.restore();
    this.paintAxes(context, camera);
  }

  paintHigh() {
    const camera = this.camera();
    const context = fitCanvas(this.high, this.width, camera.side + GUTTER.top + GUTTER.bottom);
    context.clearRect(0, 0, this.width, camera.side + 60);
    if (!this.memory.layers.fake && !this.overlay) return;
    context.save();
    context.beginPath();
    context.rect(camera.left, camera.top, camera.side, camera.side);
    context.clip();
    if (this.overlay) this.overlay.paint(context, camera, this); // a phase in slow motion shows its own samples
    else this.stamp(context, camera, this.between(), this.fakeStamp);
    context.restore();
  }

  /** Where the generated points are now, on their way from the last frame to this one. */
  between() {
    const to = this.generated(this.frame);
    if (!this.glide) return to;
    const t = Math.min(1, (performance.now() - this.glide.start) / GLIDE_MS);
    const ease = 1 - (1 - t) ** 2;
    const { from } = this.glide;
    this.scratch = this.scratch?.length === to.length ? this.scratch : new Float32Array(to.length);
    for (let i = 0; i < to.length; i += 1) this.scratch[i] = from[i] + (to[i] - from[i]) * ease;
    return this.scratch;
  }

  /** Stamps a marker at every point; whole device pixels, so that nothing is resampled. */
  stamp(context, camera, points, image) {
    if (!points) return;
    const ratio = window.devicePixelRatio || 1;
    const scale = camera.scale * ratio;
    const half = image.width / 2;
    const dx = (camera.left + camera.side / 2) * ratio - camera.x * scale - half;
    const dy = (camera.top + camera.side / 2) * ratio + camera.y * scale - half;
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    for (let i = 0; i + 1 < points.length; i += 2) {
      context.drawImage(image, Math.round(points[i] * scale + dx), Math.round(dy - points[i + 1] * scale));
    }
    context.restore();
  }

  fieldShape() {
    return this.frame.header.arrays.field.shape;
  }

  /** Colours the field once a frame; zooming only stretches the finished picture. */
  makeField() {
    const [rows, cols] = this.fieldShape();
    const field = this.frame.arrays.field;
    if (this.fieldCanvas?.width !== cols || this.fieldCanvas?.height !== rows) this.fieldCanvas = canvasOf(cols, rows);
    const context = this.fieldCanvas.getContext("2d");
    const image = context.createImageData(cols, rows);
    const pixels = new Uint32Array(image.data.buffer);
    const { lut } = this.ui.theme;
    for (let r = 0; r < rows; r += 1) { // row 0 is the bottom of the picture
      const line = (rows - 1 - r) * cols;
      for (let c = 0; c < cols; c += 1) pixels[line + c] = lut[field[r * cols + c]];
    }
    context.putImageData(image, 0, 0);
    let low = 255;
    let high = 0;
    for (const v of field) {
      if (v < low) low = v;
      if (v > high) high = v;
    }
    this.border = high - low > 8 ? contour(field, rows, cols, 127.5) : []; // a flat field has no border, only noise
    this.fieldStale = false;
  }

  paintField(context, camera) {
    if (this.fieldStale) this.makeField();
    const [x0, x1, y0, y1] = this.frame.header.extent;
    const px = (x) => camera.left + camera.side / 2 + (x - camera.x) * camera.scale;
    const py = (y) => camera.top + camera.side / 2 - (y - camera.y) * camera.scale;
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.fieldCanvas, px(x0), py(y1), px(x1) - px(x0), py(y0) - py(y1));
    const [rows, cols] = this.fieldShape();
    const gx = (c) => px(x0 + ((c + 0.5) / cols) * (x1 - x0));
    const gy = (r) => py(y0 + ((r + 0.5) / rows) * (y1 - y0));
    context.beginPath();
    for (let i = 0; i < this.border.length; i += 4) {
      context.moveTo(gx(this.border[i]), gy(this.border[i + 1]));
      context.lineTo(gx(this.border[i + 2]), gy(this.border[i + 3]));
    }
    context.strokeStyle = this.ui.theme.text;
    context.globalAlpha = 0.5;
    context.lineWidth = 1.25;
    context.stroke();
    context.globalAlpha = 1;
  }

  axisTicks(camera, center) {
    const half = camera.side / 2 / camera.scale;
    return ticks(center - half, center + half, 6);
  }

  paintGrid(context, camera) {
    context.beginPath();
    for (const x of this.axisTicks(camera, camera.x)) {
      const px = Math.round(camera.left + camera.side / 2 + (x - camera.x) * camera.scale) + 0.5;
      context.moveTo(px, camera.top);
      context.lineTo(px, camera.top + camera.side);
    }
    for (const y of this.axisTicks(camera, camera.y)) {
      const py = Math.round(camera.top + camera.side / 2 - (y - camera.y) * camera.scale) + 0.5;
      context.moveTo(camera.left, py);
      context.lineTo(camera.left + camera.side, py);
    }
    context.strokeStyle = this.ui.theme.text;
    context.globalAlpha = 0.07;
    context.lineWidth = 1;
    context.stroke();
    context.globalAlpha = 1;
  }

  paintAxes(context, camera) {
    const { theme, words } = this.ui;
    context.strokeStyle = theme.line;
    context.lineWidth = 1;
    context.strokeRect(camera.left + 0.5, camera.top + 0.5, camera.side - 1, camera.side - 1);
    context.fillStyle = theme.muted;
    context.font = `12px ${theme.font}`;
    context.textBaseline = "top";
    const end = camera.left + camera.side;
    for (const x of this.axisTicks(camera, camera.x)) {
      const px = camera.left + camera.side / 2 + (x - camera.x) * camera.scale;
      context.textAlign = px > end - 10 ? "right" : "center";
      context.fillText(words.short(Math.abs(x) < 1e-9 ? 0 : x), Math.min(px, end), camera.top + camera.side + 7);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const y of this.axisTicks(camera, camera.y)) {
      const py = camera.top + camera.side / 2 - (y - camera.y) * camera.scale;
      const inside = Math.min(Math.max(py, camera.top + 5), camera.top + camera.side - 5);
      context.fillText(words.short(Math.abs(y) < 1e-9 ? 0 : y), camera.left - 6, inside);
    }
  }

  // -- reading a place -------------------------------------------------------------------------------------------

  hover(event) {
    const { words } = this.ui;
    if (!event || !this.frame) return setText(this.readout, words.get("hover"));
    const { x, y } = this.toData(event);
    const place = words.get("place", { x: words.number(x, 2), y: words.number(y, 2) });
    return setText(this.readout, [place, this.verdict(x, y)].filter(Boolean).join("  ·  "));
  }

  /** What the critic says at (x, y), in words. */
  verdict(x, y) {
    const { header, arrays } = this.frame;
    const [x0, x1, y0, y1] = header.extent;
    if (!arrays.field || x < x0 || x > x1 || y < y0 || y > y1) return "";
    const [rows, cols] = this.fieldShape();
    const r = Math.min(rows - 1, Math.floor(((y - y0) / (y1 - y0)) * rows));
    const c = Math.min(cols - 1, Math.floor(((x - x0) / (x1 - x0)) * cols));
    const value = arrays.field[r * cols + c];
    const { words } = this.ui;
    if (header.field_kind === "probability") return words.get("verdict.probability", { value: words.number(value / 255, 0, "percent") });
    if (value > 111 && value < 144) return words.get("verdict.undecided");
    return words.get(value > 127 ? "verdict.real" : "verdict.fake");
  }

  caption() {
    return this.ui.words.get("picture");
  }

  get surface() {
    return this.high;
  }
}
