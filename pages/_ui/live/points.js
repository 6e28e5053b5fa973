// The picture of a 2-D run, in layers. The lower canvas holds what changes once a frame; the upper one what can move in between: the
// generated points, which glide, and the noise on its way through the generator.

const LAYERS = ["real", "fake", "ghost", "field", "contours", "sheet", "arrows", "trails", "density"];
const SHOWN_AT_FIRST = new Set(["real", "fake", "ghost", "field"]);
const HEAD_ROOM = 440; // pixels that stand above the picture and below it
const ARROWS = new Map(); // of pictures beside each other: how long their arrows are
const SIDE_BY_SIDE = "gl-side-by-side"; // what one picture tells the others
const NEAR = 12; // pixels from the pointer to the point that it reads
const GUTTER = { left: 40, bottom: 24, top: 8 };
const GLIDE_MS = 110;
const GLIDE_STEP_MS = 30;

/** A marker drawn once and stamped a thousand times: far cheaper than a thousand paths. */
function marker(shape, color, halo, ratio) {
  const size = Math.ceil(12 * ratio);
  const canvas = canvasOf(size, size);
  const context = canvas.getContext("2d");
  context.translate(size / 2, size / 2);
  context.scale(ratio, ratio);
  paintMarker(context, shape, color, halo);
  return Object.assign(canvas, { look: { shape, color, halo } });
}

/** A marker around (0, 0), as strong as the context says. */
function paintMarker(context, shape, color, halo) {
  const strength = context.globalAlpha;
  context.beginPath();
  // A real point is wide enough to show as a blue rim around a generated one that hits it exactly.
  if (shape === "circle") context.arc(0, 0, 4.2, 0, 2 * Math.PI);
  else for (const [x, y] of [[0, -2.7], [2.7, 0], [0, 2.7], [-2.7, 0]]) context.lineTo(x, y);
  context.closePath();
  if (shape === "hollow") return paintHollow(context, color, halo, strength);
  context.lineWidth = 1.2;
  context.strokeStyle = halo;
  context.globalAlpha = 0.6 * strength;
  context.stroke();
  context.fillStyle = color;
  context.globalAlpha = 0.85 * strength;
  context.fill();
}

/** The outline of a diamond: a generated point of another run. */
function paintHollow(context, color, halo, strength) {
  for (const [width, style] of [[3.2, halo], [1.5, color]]) {
    context.lineWidth = width;
    context.strokeStyle = style;
    context.globalAlpha = GHOST_STRENGTH * strength;
    context.stroke();
  }
}

class PointsView {
  constructor(ui, memory) {
    this.ui = ui;
    this.memory = memory;
    memory.layers ??= Object.fromEntries(LAYERS.map((name) => [name, SHOWN_AT_FIRST.has(name)]));
    memory.averaged ??= true;
    memory.pull ??= true; // arrows show the generator's loss, not the critic's slope
    memory.look ??= null; // null = the whole picture, else {x, y, zoom}
    this.glide = null;
    this.field = null;
    this.trails = new Trails();
    this.near = null; // the point under the pointer: {kind, index}
    this.morph = null; // when the noise began to run through the generator
    this.slow = 0;
    this.still = calm() || (navigator.hardwareConcurrency || 1) <= 2;
    this.build();
    this.listen();
  }

  build() {
    const { words } = this.ui;
    this.toggles = LAYERS.map((name) => this.toggle(name));
    this.weights = this.either("weights", ["averaged", "live"], (name) => this.choose({ averaged: name === "averaged" }));
    this.vectors = this.either("arrows.of", ["pull", "slope"], (name) => this.choose({ pull: name === "pull" }));
    this.play = h("button", { type: "button", class: "gl-mini gl-mini-play", "aria-label": words.get("morph"),
      "data-tip": words.get("morph"), onclick: () => this.flow() }, icon("resume"));
    this.low = h("canvas", { class: "gl-low" });
    this.high = h("canvas", { class: "gl-high", role: "img", tabindex: "0", "aria-label": words.get("picture") });
    this.buttons = [["plus", "zoom.in"], ["minus", "zoom.out"], ["whole", "zoom.reset"]].map(([name, code]) =>
      h("button", { type: "button", class: `gl-mini gl-mini-${name}`, "aria-label": words.get(code), "data-tip": words.get(code),
        onclick: () => this.press(name) }, icon(name)));
    this.title = h("div", { class: "gl-map-title", role: "status", hidden: "" });
    this.tools = h("div", { class: "gl-zoom" }, ...this.buttons);
    this.stage = h("div", { class: "gl-stage" }, this.low, this.high, this.title, this.tools, this.play);
    this.readout = h("div", { class: "gl-readout" }, words.get("hover"));
    this.fieldKey = h("div", { class: "gl-key", "data-tip": words.get("field.key.help") }, h("span", {}, words.get("field.low")),
      h("i", { class: "gl-ramp" }), h("span", {}, words.get("field.high")));
    this.legendBox = h("div", { class: "gl-legend", role: "group", "aria-label": words.get("layers") }, ...this.toggles,
      h("span", { class: "gl-switches" }, this.vectors.box, this.weights.box));
    this.box = h("div", { class: "gl-points" }, ...(this.ui.only === "cell" ? [] : [this.legendBox]), this.stage,
      h("div", { class: "gl-foot" }, this.readout, this.fieldKey));
    this.showToggles();
  }

  toggle(name) {
    const { words } = this.ui;
    const button = h("button", { type: "button", class: `gl-toggle gl-toggle-${name}`, "data-name": name, "data-tip": words.get(`${name}.help`),
      onclick: () => {
        this.memory.layers[name] = !this.memory.layers[name];
        this.showToggles();
        this.paint();
        this.tell();
      } }, icon(name), h("span", {}, words.get(name)));
    if (name === "sheet") button.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && this.memory.layers.sheet && !calm() && this.flow());
    return button;
  }

  /** Two buttons of which one is pressed. */
  either(code, names, choose) {
    const { words } = this.ui;
    const buttons = names.map((name) =>
      h("button", { type: "button", class: "gl-choice", "data-name": name, "data-tip": words.get(`${name}.help`), onclick: () => choose(name) },
        words.get(name)));
    return { buttons, box: h("div", { class: "gl-switch", role: "group", "aria-label": words.get(code) }, ...buttons) };
  }

  choose(what) {
    if ("averaged" in what && what.averaged !== this.memory.averaged) this.trails.clear();
    Object.assign(this.memory, what);
    this.showToggles();
    this.glide = null;
    this.paint();
    this.ui.outputs?.paint();
    this.tell();
  }

  showToggles() {
    const { layers, averaged, pull } = this.memory;
    for (const button of this.toggles) button.setAttribute("aria-pressed", String(layers[button.dataset.name]));
    const [one, other] = [averaged ? "averaged" : "live", pull ? "pull" : "slope"];
    for (const button of [...this.weights.buttons, ...this.vectors.buttons]) {
      button.setAttribute("aria-pressed", String([one, other].includes(button.dataset.name)));
    }
    this.toggles[LAYERS.indexOf("ghost")].classList.toggle("gl-gone", !this.ui.ghost?.run);
    this.vectors.box.classList.toggle("gl-gone", !layers.arrows);
    this.play.classList.toggle("gl-absent", !layers.sheet);
  }

  listen() {
    wheelZoom(this.high, (event, factor) => this.zoomAt(event, factor));
    this.high.addEventListener("pointermove", (event) => this.hover(event));
    this.high.addEventListener("pointerleave", () => this.hover(null));
    this.high.addEventListener("blur", () => this.hover(null));
    this.high.addEventListener("pointerdown", (event) => this.grab(event));
    this.high.addEventListener("dblclick", () => this.press("whole"));
    this.high.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener(SIDE_BY_SIDE, (event) => this.follow(event.detail), { signal: this.ui.ends.signal });
    if (this.ui.only === "cell") document.dispatchEvent(new CustomEvent(SIDE_BY_SIDE, { detail: { from: this, ask: true } }));
  }

  /** Pictures side by side show the same layers and the same part of the plane. */
  tell() {
    if (!this.ui.alone) document.dispatchEvent(new CustomEvent(SIDE_BY_SIDE, { detail: { from: this, memory: this.memory } }));
  }

  follow({ from, memory, ask }) {
    if (ask && from !== this && this.legendBox.isConnected) this.tell(); // somebody has come later
    if (ask || from === this || this.ui.alone || this.ui.retired) return;
    const { layers, averaged, pull, look } = memory;
    if (averaged !== this.memory.averaged) this.trails.clear();
    Object.assign(this.memory, { layers: { ...layers }, averaged, pull, look });
    this.showToggles();
    this.paint();
    this.ui.outputs?.paint();
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
    const room = this.width > 420 ? Math.max(340, window.innerHeight / magnified - HEAD_ROOM) : Infinity; // all of it fits a laptop's screen
    const side = Math.max(10, Math.min(this.width - GUTTER.left, room));
    return { left: GUTTER.left, top: GUTTER.top, side };
  }

  camera() {
    const [x0, x1, y0, y1] = this.map?.noise || this.frame.header.extent;
    const span = Math.max(x1 - x0, y1 - y0);
    const look = (!this.map?.noise && this.memory.look) || { x: (x0 + x1) / 2, y: (y0 + y1) / 2, zoom: 1 };
    const { left, top, side } = this.plot();
    return { ...look, span, left, top, side, scale: (side * look.zoom) / span };
  }

  toData(event) {
    const [across, down] = placeOn(this.high, event);
    const c = this.camera();
    const px = across - c.left - c.side / 2;
    const py = down - c.top - c.side / 2;
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
    if (this.map?.noise) return; // another plane, always shown whole
    const [x0, x1, y0, y1] = this.frame.header.extent;
    const room = span / 2 / zoom;
    const inside = (v, low, high) => Math.min(Math.max(v, low + room), high - room);
    this.memory.look = zoom <= 1.001 ? null : { x: inside(x, x0, x1), y: inside(y, y0, y1), zoom };
    this.paint();
    this.tell();
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
      this.pan((last.clientX - now.clientX) / magnified, (now.clientY - last.clientY) / magnified);
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
    this.stage.style.height = `${(this.plot().side + GUTTER.top + GUTTER.bottom) * magnified}px`;
    this.paint();
  }

  show(frame) {
    if (!frame.header.extent) { // before the first look at a run there is nothing to draw; what was drawn of it stays
      if (this.frame && this.frame.header.run !== frame.header.run) this.clear();
      return;
    }
    const before = this.frame;
    const same = before && before.header.run === frame.header.run;
    this.frame = frame;
    this.field = null;
    this.densities = {};
    this.weights.box.classList.toggle("gl-absent", !(frame.arrays.fake && frame.arrays.fake_live));
    if (!same) this.trails.clear();
    const from = same ? this.generated(before) : null;
    const to = this.generated(frame);
    if (to && frame.header.status !== "past") this.trails.add(to, frame.header.step);
    const moves = !this.still && frame.header.status !== "past" && this.memory.layers.fake && from && to && from.length === to.length;
    this.glide = moves ? { from, to, start: performance.now() } : null;
    this.paint();
    this.read();
    if (this.glide) this.step();
  }

  clear() {
    this.frame = null;
    this.showMap(null);
    this.glide = null;
    this.trails.clear();
    for (const canvas of [this.low, this.high]) canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  }

  generated(frame) {
    const { fake, fake_live: live } = frame.arrays;
    return (this.memory.averaged ? fake || live : live || fake) || null;
  }

  /** What belongs to the generated points on the screen: `name` of the averaged generator, `name_live` of the present one. */
  of(name) {
    const { arrays } = this.frame;
    return arrays[this.memory.averaged ? name : `${name}_live`];
  }

  /** The ghost came, went or moved. */
  haunt() {
    const button = this.toggles[LAYERS.indexOf("ghost")];
    button.dataset.tip = this.ui.words.get("ghost.help", { run: this.ui.ghost.title() });
    this.showToggles();
    if (this.frame && this.width) this.paintLow();
  }

  /** Noise becomes output, once: the sheet and the points start where their noise is. */
  flow() {
    if (!this.frame?.arrays.sheet || this.morph !== null) return;
    this.morph = performance.now();
    const next = () => {
      if (this.morph === null) return;
      if (performance.now() - this.morph > MORPH_MS || document.hidden || this.ui.retired) this.morph = null;
      this.paintHigh();
      if (this.morph !== null) setTimeout(() => requestAnimationFrame(next), GLIDE_STEP_MS);
    };
    next();
  }

  /** How far the noise has come: 0 is still noise, 1 is output. */
  flowed() {
    if (this.morph === null) return 1;
    if (calm()) return performance.now() - this.morph < CALM_MS ? 0 : 1; // the noise, then the output
    const t = Math.min(1, Math.max(0, (performance.now() - this.morph) / MORPH_MS - 0.15) / 0.85); // it rests a moment as noise
    return t * t * (3 - 2 * t);
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
    const ratio = sharpness();
    const { theme } = this.ui;
    if (this.stampVersion === theme.version) return;
    this.stampVersion = theme.version;
    this.realStamp = marker("circle", theme.real, theme.bg, ratio);
    this.fakeStamp = marker("diamond", theme.fake, theme.bg, ratio);
    this.ghostStamp = marker("hollow", theme.muted, theme.bg, ratio);
    this.field = null;
  }

  /** Calls `draw` with a context that is clear and clipped to the picture. */
  on(canvas, draw) {
    const camera = this.camera();
    const height = camera.side + GUTTER.top + GUTTER.bottom;
    const context = fitCanvas(canvas, this.width, height);
    context.clearRect(0, 0, this.width, height);
    this.inside(context, camera, () => draw(context, camera));
    return [context, camera];
  }

  inside(context, camera, draw) {
    context.save();
    context.beginPath();
    context.rect(camera.left, camera.top, camera.side, camera.side);
    context.clip();
    draw();
    context.restore();
  }

  paintLow() {
    this.drawFrame(...this.on(this.low, (...on) => this.drawLow(...on)));
  }

  drawFrame(context, camera) {
    if (this.map?.line) this.map.paintAxes(context, camera, this.ui);
    else this.paintAxes(context, camera);
  }

  paintHigh() {
    if (this.frame) this.on(this.high, (...on) => this.drawHigh(...on));
  }

  /** What stays put between two frames: field, lines, real points. */
  drawLow(context, camera) {
    const { theme } = this.ui;
    const { layers } = this.memory;
    const { arrays, header } = this.frame;
    context.fillStyle = theme.plot;
    context.fillRect(camera.left, camera.top, camera.side, camera.side);
    if (arrays.field) this.field ??= new Field(this.frame, theme.lut);
    if (this.map) this.map.paint(context, camera, theme);
    else if (this.shows("field")) this.field?.paint(context, camera);
    if (layers.contours && !this.map) this.field?.paintContours(context, camera, theme.text);
    if ((layers.field || layers.contours) && !this.map) this.field?.paintBorder(context, camera, theme.text);
    if (!this.map?.line) this.paintGrid(context, camera);
    if (this.lit && this.lit !== "field" && !this.map) this.veil(context, camera);
    context.globalAlpha = this.strength("real");
    if (this.shows("real") && !this.map?.noise && !this.overlay) this.layReal(context, camera, arrays.real);
    context.globalAlpha = 1;
    if (this.draws("ghost") && !this.overlay) this.stamp(context, camera, this.ui.ghost?.points(this.memory.averaged), this.ghostStamp);
    if (!this.draws("density") || this.overlay) return;
    if (layers.real) paintDensity(context, camera, this.density("real", arrays.real), header.extent, theme.real, []);
    if (layers.fake) paintDensity(context, camera, this.density("fake", this.generated(this.frame)), header.extent, theme.fake, [5, 3]);
  }

  density(name, points) {
    this.densities[name + this.memory.averaged] ??= points ? densityLines(points, this.frame.header.extent) : [];
    return this.densities[name + this.memory.averaged];
  }

  /** What can move between two frames: the warped noise, the past and the present of the generated points, the reading. */
  drawHigh(context, camera) {
    if (this.map?.noise) return; // another space
    if (this.overlay) {
      this.overlay.paint(context, camera, this); // a phase in slow motion shows its own samples
      return;
    }
    const flowed = this.flowed();
    if (this.draws("sheet") && this.of("sheet")) this.drawSheet(context, camera, flowed);
    if (this.draws("trails") && flowed === 1 && this.frame.header.status !== "past") this.trails.paint(context, camera, this.ui.theme.fake);
    context.globalAlpha = this.strength("fake");
    if (this.shows("fake")) this.stamp(context, camera, flowed < 1 ? this.onItsWay(flowed) : this.between(), this.fakeStamp);
    context.globalAlpha = 1;
    if (this.draws("arrows") && flowed === 1 && this.of("slope")) this.drawArrows(context, camera);
    this.drawNear(context, camera);
  }

  drawSheet(context, camera, flowed) {
    const { arrays, header } = this.frame;
    const sheet = this.of("sheet");
    const places = flowed < 1 ? mixed(noisePlaces(arrays.sheet_noise, 2, header.extent), sheet, flowed) : sheet;
    paintSheet(context, camera, places, header.arrays.sheet.shape, this.ui.theme.fake);
  }

  /** The generated points between their noise and where the generator puts them. */
  onItsWay(flowed) {
    const { arrays, header } = this.frame;
    const to = this.generated(this.frame);
    return arrays.noise ? mixed(noisePlaces(arrays.noise, header.arrays.noise.shape[1], header.extent), to, flowed) : to;
  }

  drawArrows(context, camera) {
    const slope = this.of("slope");
    const pull = this.of("pull");
    const vectors = this.memory.pull ? slope.map((v, i) => v * pull[i >> 1]) : slope;
    paintArrows(context, camera, this.generated(this.frame), vectors, this.fullLength(usualLength(vectors)), this.ui.theme.text, this.ui.theme.bg);
  }

  /** What the lengths of arrows are compared with: each other; beside other pictures also theirs; in a lesson, the longest of the run so far,
   * so that a gradient is seen to vanish. */
  fullLength(usual) {
    const { run, step } = this.frame.header;
    const what = this.memory.pull ? "pull" : "slope";
    if (this.ui.only === "cell") {
      for (const other of ARROWS.keys()) if (!other.box.isConnected) ARROWS.delete(other);
      ARROWS.set(this, { usual, what });
      return Math.max(...[...ARROWS.values()].filter((one) => one.what === what).map((one) => one.usual));
    }
    if (this.ui.only !== "lesson") return usual;
    const before = this.longest;
    const goesOn = before && before.run === run && before.what === what && before.step <= step;
    this.longest = { run, what, step, usual: goesOn ? Math.max(before.usual, usual) : usual };
    return this.longest.usual;
  }

  /** A ring around the point that is being read. */
  drawNear(context, camera) {
    const points = this.near && this.pointsOf(this.near.kind);
    if (!points) return;
    const at = placer(camera);
    context.beginPath();
    context.arc(at.x(points[2 * this.near.index]), at.y(points[2 * this.near.index + 1]), 7.5, 0, 2 * Math.PI);
    context.strokeStyle = this.ui.theme.text;
    context.lineWidth = 1.75;
    context.stroke();
  }

  // -- what the picture of the model points at -------------------------------------------------------------------

  /** Brings one layer forward; null: all as usual. */
  emphasise(name) {
    if (this.lit === name) return;
    this.lit = name;
    this.paint();
  }

  hasLayer(name) {
    return name in this.memory.layers;
  }

  /** Shows a map in the place of the critic's field; null: the field again. */
  showMap(map) {
    if (this.map === map) return;
    this.map = map;
    this.glide = null;
    this.showKey();
    this.paint();
  }

  showKey() {
    const { words } = this.ui;
    const [low, high] = this.map?.ends(words) || [words.get("field.low"), words.get("field.high")];
    setText(this.fieldKey.firstChild, low);
    setText(this.fieldKey.lastChild, high);
    setText(this.title, this.map?.caption || "");
    this.fieldKey.classList.toggle("gl-absent", Boolean(this.map?.line)); // a curve has no colours to explain
    this.title.hidden = !this.map;
  }

  /** The picture without its axes, in small, on another canvas. */
  copy(context, side) {
    if (!this.frame || !this.width) return;
    const camera = this.camera();
    const ratio = this.low.width / this.width;
    const source = [camera.left, camera.top, camera.side, camera.side].map((v) => v * ratio);
    for (const canvas of [this.low, this.high]) context.drawImage(canvas, ...source, 0, 0, side, side);
  }

  /** Whether a layer is on; one that is being pointed at is for that moment. */
  shows(layer) {
    return this.lit === layer || this.memory.layers[layer];
  }

  /** Whether a layer that cannot be faded is drawn. */
  draws(layer) {
    return this.shows(layer) && !this.map && (!this.lit || this.lit === layer);
  }

  strength(layer) {
    if (this.map) return 0.3;
    return this.lit && this.lit !== layer ? 0.08 : 1;
  }

  veil(context, camera) {
    context.fillStyle = this.ui.theme.plot;
    context.globalAlpha = 0.75;
    context.fillRect(camera.left, camera.top, camera.side, camera.side);
    context.globalAlpha = 1;
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
    if (this.onSheet) return this.stampOnSheet(context, camera, points, image.look);
    const ratio = sharpness();
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

  /** The real points, which are the same in every frame: stamped once for a place and a size, and laid over the picture. */
  layReal(context, camera, points) {
    if (this.onSheet) return this.stamp(context, camera, points, this.realStamp);
    const { canvas } = context;
    const key = [canvas.width, canvas.height, camera.x, camera.y, camera.scale, this.stampVersion].join(" ");
    const laid = this.laid;
    if (laid?.key !== key || !sameBytes(laid.points, points)) {
      const own = laid?.canvas ?? canvasOf(1, 1);
      Object.assign(own, { width: canvas.width, height: canvas.height }); // which empties it
      this.stamp(own.getContext("2d"), camera, points, this.realStamp);
      this.laid = { key, points, canvas: own };
    }
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.laid.canvas, 0, 0);
    context.restore();
  }

  // -- on a sheet to be saved, see save.js --------------------------------------------------------------------------

  get vector() {
    return true;
  }

  legend() {
    const on = this.toggles.filter((button) => this.memory.layers[button.dataset.name] && (button.dataset.name !== "ghost" || this.ui.ghost?.run));
    return on.map(({ dataset: { name }, textContent }) => ({ name, text: textContent, color: this.ui.theme[name] || this.ui.theme.text, ramp: name === "field" }));
  }

  which() {
    const both = this.frame.arrays.fake && this.frame.arrays.fake_live;
    return this.memory.layers.fake && both ? this.ui.words.get(this.memory.averaged ? "averaged" : "live") : "";
  }

  sheetHeight(width) {
    return width - GUTTER.left + GUTTER.top + GUTTER.bottom;
  }

  paintSheet(context, width) {
    const before = this.width;
    this.width = width;
    this.onSheet = true;
    try {
      this.stamps();
      const camera = this.camera();
      this.inside(context, camera, () => this.drawLow(context, camera));
      this.drawFrame(context, camera);
      this.inside(context, camera, () => this.drawHigh(context, camera));
    } finally {
      this.width = before;
      this.onSheet = false;
    }
  }

  stampOnSheet(context, camera, points, { shape, color, halo }) {
    const places = [];
    const at = placer(camera);
    for (let i = 0; i + 1 < points.length; i += 2) {
      const [x, y] = [at.x(points[i]), at.y(points[i + 1])];
      const inside = Math.abs(x - camera.left - camera.side / 2) < camera.side / 2 + 8 && Math.abs(y - camera.top - camera.side / 2) < camera.side / 2 + 8;
      if (inside) places.push([x, y]);
    }
    stampAll(context, `${shape} ${color}`, places, (on) => paintMarker(on, shape, color, halo));
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
    const across = this.axisTicks(camera, camera.x);
    for (const x of across) {
      const px = camera.left + camera.side / 2 + (x - camera.x) * camera.scale;
      context.textAlign = px > end - 10 ? "right" : "center";
      context.fillText(words.tick(x, across), Math.min(px, end), camera.top + camera.side + 7);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    const upwards = this.axisTicks(camera, camera.y);
    for (const y of upwards) {
      const py = camera.top + camera.side / 2 - (y - camera.y) * camera.scale;
      const inside = Math.min(Math.max(py, camera.top + 5), camera.top + camera.side - 5);
      context.fillText(words.tick(y, upwards), camera.left - 6, inside, camera.left - 6);
    }
  }

  // -- reading a place -------------------------------------------------------------------------------------------

  hover(event) {
    this.pointer = event && this.frame ? this.toData(event) : null;
    const before = this.near;
    this.near = this.pointer ? this.nearest(this.pointer) : null;
    if (before?.kind !== this.near?.kind || before?.index !== this.near?.index) this.paintHigh();
    this.read();
  }

  pointsOf(kind) {
    return kind === "real" ? this.frame?.arrays.real : this.frame && this.generated(this.frame);
  }

  /** The visible point nearest to a place, if it is near; a generated one rather than a real one under it. */
  nearest({ x, y }) {
    const reach = NEAR / this.camera().scale;
    let best = null;
    if (this.map?.noise) return null;
    for (const [kind, handicap] of [["fake", 1], ["real", 1.3]]) {
      const points = this.memory.layers[kind] ? this.pointsOf(kind) : null;
      for (let i = 0; points && i + 1 < points.length; i += 2) {
        const distance = Math.hypot(points[i] - x, points[i + 1] - y) * handicap;
        if (distance < reach && !(best && best.distance <= distance)) best = { kind, index: i >> 1, distance };
      }
    }
    return best;
  }

  /** Says what is under the pointer: a point, or a place. */
  read() {
    const { words } = this.ui;
    if (!this.pointer || !this.frame) return setText(this.readout, words.get("hover"));
    const parts = this.near ? this.aboutPoint(this.near) : this.aboutPlace(this.pointer);
    return setText(this.readout, parts.filter(Boolean).join("  ·  "));
  }

  place(x, y) {
    const { words } = this.ui;
    return words.get("place", { x: words.number(x, 2), y: words.number(y, 2) });
  }

  aboutPlace({ x, y }) {
    return [this.place(x, y), this.map ? this.map.read(x, y, this.ui.words) : this.verdict(x, y)];
  }

  aboutPoint({ kind, index }) {
    const { words } = this.ui;
    const { arrays, header } = this.frame;
    const points = this.pointsOf(kind);
    const logit = (kind === "real" ? arrays.logits_real : this.memory.averaged ? arrays.logits_fake : arrays.logits_live)?.[index];
    const parts = [words.get(`point.${kind}`), this.place(points[2 * index], points[2 * index + 1])];
    if (logit !== undefined) parts.push(this.judged(logit));
    if (kind === "fake" && arrays.noise) {
      const width = header.arrays.noise.shape[1];
      const numbers = [...arrays.noise.slice(index * width, (index + 1) * width)].map((v) => words.number(v, 2));
      parts.push(words.get("point.noise", { noise: numbers.join(", ") }));
    }
    return parts;
  }

  /** D's output for one sample: a probability where the loss makes it one. */
  judged(logit) {
    const { words } = this.ui;
    if (this.frame.header.field_kind !== "probability") return words.get("point.output", { value: words.number(logit, 2) });
    return words.get("verdict.probability", { value: words.number(1 / (1 + Math.exp(-logit)), 0, "percent") });
  }

  /** What the critic says at (x, y), in words. */
  verdict(x, y) {
    const value = this.field?.at(x, y) ?? null;
    const { words } = this.ui;
    if (value === null) return "";
    if (this.frame.header.field_kind === "probability") return words.get("verdict.probability", { value: words.number(value / 255, 0, "percent") });
    if (value > 111 && value < 144) return words.get("verdict.undecided");
    return words.get(value > 127 ? "verdict.real" : "verdict.fake");
  }

  caption() {
    return this.ui.words.get("picture");
  }

  *sayings(header) {
    yield [this.high, saidOfPoints(this, header)];
  }
}
