// The curves: one panel for each group, a shared step axis, zoom and reading kept across frames and reruns.

const CURVE_PAD = { left: 50, right: 12, top: 8, bottom: 22 };
const PANEL_HEIGHT = 150;
const LOG_PANELS = new Set(["gradients", "divergence", "distance", "frechet"]); // whose values go through many sizes
const SPARSE_PANELS = new Set(["metrics", "divergence", "distance", "frechet", "translation", "psnr", "ssim"]); // measured from time to time: the line goes on in between
const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
// Blue belongs to real data alone, orange to what is generated; the discriminator has a colour of its own.
const ROLE_COLOR = { g: "fake", fake: "fake", d: "neutral", real: "real", neutral: "neutral" };
const CHARTED_AS = { modes: "coverage", class_modes: "class_coverage" }; // numbers that are drawn as shares
const ROLE_DASH = { g: 0, d: 1, real: 0, fake: 1, neutral: 0 };

/** Each curve with its colour and a dash that no other curve of the same colour in the panel has. */
function styleCurves(curves) {
  const used = new Set();
  return curves.map((curve) => {
    const color = ROLE_COLOR[curve.role] || "neutral";
    let dash = ROLE_DASH[curve.role] ?? 0;
    while (used.has(`${color}${dash % DASHES.length}`) && dash < 8) dash += 1;
    used.add(`${color}${dash % DASHES.length}`);
    return { ...curve, color, dash: DASHES[dash % DASHES.length] };
  });
}

/** What perfect samples would score, by the name of the curve. */
function floorsOf(header) {
  return { ...header.metrics?.floor, ...header.judged?.floor };
}

/** Among which figures of the frame a curve's are; null for what is not measured but read off the training. */
function sourceOf(header, name) {
  const among = (metrics) => metrics && Object.keys(metrics.values).some((key) => (CHARTED_AS[key] ?? key) === name);
  return among(header.judged) ? header.judged : among(header.metrics) ? header.metrics : null;
}

/** From how many samples, at which step and by which features. */
function fromWords(words, metrics) {
  const values = { samples: words.number(metrics.samples), step: words.number(metrics.step), features: words.judge(metrics.features) };
  return words.get(metrics.features ? "from.judged" : "from.samples", values);
}

/** Index of the last finite value at or before index `i`; -1 without one. */
function measuredAt(ys, i) {
  let at = ys ? i : -1;
  while (at >= 0 && !Number.isFinite(ys[at])) at -= 1;
  return at;
}

/** Index of the first x that is >= value. */
function lowerBound(xs, value) {
  let low = 0;
  let high = xs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

class Panel {
  constructor(owner, name, curves) {
    const { words } = owner.ui;
    this.owner = owner;
    this.name = name;
    this.curves = styleCurves(curves);
    this.canvas = h("canvas", { role: "img", tabindex: "0" });
    this.values = this.curves.map(() => h("b", {}, "–"));
    this.names = this.curves.map((curve) => h("span", {}, this.title(curve.name)));
    this.items = this.curves.map((curve, i) => h("span", { class: "gl-series", "data-tip": this.tip(curve.name) }, this.sample(curve),
      this.names[i], this.values[i]));
    const title = words.has(`panel.${name}`) ? words.get(`panel.${name}`) : pretty(name);
    this.empty = h("div", { class: "gl-empty" }, words.get("curves.empty"));
    this.stage = h("div", { class: "gl-chart" }, this.canvas, this.empty);
    this.box = h("section", { class: "gl-panel", "aria-label": title },
      h("div", { class: "gl-title" }, h("h3", {}, title), h("span", {}, words.has(`panel.${name}.hint`) ? words.get(`panel.${name}.hint`) : "")),
      h("div", { class: "gl-keys" }, ...this.items), this.stage);
    this.heading = title;
    this.canvas.setAttribute("aria-label", title);
  }

  title(name) {
    const { words } = this.owner.ui;
    return words.has(`curve.${name}`) ? words.get(`curve.${name}`) : pretty(name);
  }

  tip(name) {
    const { words } = this.owner.ui;
    return words.has(`curve.${name}.help`) ? words.get(`curve.${name}.help`) : null;
  }

  sample(curve) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", `gl-line gl-line-${curve.color}`);
    svg.setAttribute("viewBox", "0 0 26 8");
    svg.setAttribute("aria-hidden", "true");
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", "M1 4h24");
    line.setAttribute("stroke-dasharray", curve.dash.join(" "));
    svg.append(line);
    return svg;
  }

  /** Each curve of the run, and of its ghost, as {xs, ys}. */
  seen(xs, arrays) {
    const own = this.curves.map(({ name }) => ({ xs, ys: arrays[`curve:${name}`] }));
    return [...own, ...this.curves.map(({ name }) => this.owner.ui.ghost?.curve(name))].filter((curve) => curve?.ys);
  }

  /** Lowest and highest visible value, or null when nothing is visible. */
  bounds(curves, [from, to], floors) {
    let low = Infinity;
    let high = -Infinity;
    for (const { xs, ys } of curves) {
      const first = Math.max(0, lowerBound(xs, from) - 1);
      const last = Math.min(xs.length, lowerBound(xs, to) + 2);
      for (let i = first; i < last; i += 1) {
        if (ys[i] < low) low = ys[i];
        if (ys[i] > high) high = ys[i];
      }
    }
    if (low > high) return null;
    for (const { name } of this.curves) {
      if (Number.isFinite(floors?.[name])) [low, high] = [Math.min(low, floors[name]), Math.max(high, floors[name])];
    }
    return [low, high];
  }

  /** The value axis: round ends, so that it rests while values wander; logarithmic for gradients of many sizes. */
  axis([low, high], height) {
    if (LOG_PANELS.has(this.name) && low > 0 && high / low > 60) return this.logAxis(low, high, height);
    const flat = high - low < 1e-9 * Math.max(1, Math.abs(high));
    let [a, b] = flat ? [low - 0.5, high + 0.5] : [low, high];
    const step = (() => {
      const marks = ticks(a, b, 4);
      return marks.length > 1 ? marks[1] - marks[0] : b - a;
    })();
    a = Math.floor(a / step + 1e-6) * step;
    b = Math.ceil(b / step - 1e-6) * step;
    return { marks: ticks(a, b, 4), y: (v) => CURVE_PAD.top + ((b - v) / (b - a)) * height };
  }

  logAxis(low, high, height) {
    const a = Math.floor(Math.log10(low));
    const b = Math.ceil(Math.log10(high));
    const every = Math.ceil((b - a) / 4);
    const marks = [];
    for (let k = a; k <= b; k += every) marks.push(10 ** k);
    return { marks, log: true, y: (v) => CURVE_PAD.top + ((b - Math.log10(v)) / (b - a)) * height };
  }

  paint(frame, domain) {
    const { owner } = this;
    const xs = frame.arrays.curve_x;
    const context = fitCanvas(this.canvas, owner.width, PANEL_HEIGHT);
    context.clearRect(0, 0, owner.width, PANEL_HEIGHT);
    const range = xs?.length ? this.bounds(this.seen(xs, frame.arrays), domain, floorsOf(frame.header)) : null;
    this.empty.hidden = Boolean(range) || Boolean(owner.memory.zoom);
    this.read(frame);
    if (!range) return;
    const height = PANEL_HEIGHT - CURVE_PAD.top - CURVE_PAD.bottom;
    const axis = this.axis(range, height);
    this.paintAxes(context, axis, domain, height);
    context.save();
    context.beginPath();
    context.rect(CURVE_PAD.left, CURVE_PAD.top - 4, owner.plotWidth(), height + 8);
    context.clip();
    this.paintFloors(context, axis, floorsOf(frame.header));
    this.paintMarks(context, frame.header.marks || [], height);
    this.paintGhost(context, axis);
    for (const curve of this.curves) this.paintCurve(context, curve, xs, frame.arrays[`curve:${curve.name}`], axis);
    this.paintCursor(context, frame, axis, height);
    context.restore();
  }

  paintAxes(context, axis, domain, height) {
    const { theme, words } = this.owner.ui;
    context.font = `12px ${theme.font}`;
    context.fillStyle = theme.muted;
    context.strokeStyle = theme.line;
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.beginPath();
    for (const mark of axis.marks) {
      const y = Math.round(axis.y(mark)) + 0.5;
      context.moveTo(CURVE_PAD.left, y);
      context.lineTo(CURVE_PAD.left + this.owner.plotWidth(), y);
      context.fillText(axis.log ? words.short(mark) : words.tick(mark, axis.marks), CURVE_PAD.left - 7, y);
    }
    context.stroke();
    context.textBaseline = "top";
    if (axis.log) context.fillText(words.get("axis.log"), CURVE_PAD.left + this.owner.plotWidth(), CURVE_PAD.top + 4);
    context.textAlign = "left";
    context.fillText(words.get("axis.step"), 0, CURVE_PAD.top + height + 8);
    context.textAlign = "center";
    const room = CURVE_PAD.left + this.owner.plotWidth();
    for (const mark of ticks(domain[0], domain[1], Math.max(2, this.owner.plotWidth() / 90))) {
      const text = words.compact(mark);
      const half = context.measureText(text).width / 2;
      const x = Math.min(this.owner.px(mark), room + CURVE_PAD.right - half);
      if (x >= CURVE_PAD.left - half) context.fillText(text, x, CURVE_PAD.top + height + 8);
    }
  }

  paintMarks(context, marks, height) {
    context.strokeStyle = this.owner.ui.theme.text;
    context.fillStyle = this.owner.ui.theme.text;
    context.globalAlpha = 0.55;
    context.setLineDash([2, 3]);
    context.lineWidth = 1;
    for (const mark of marks) {
      const x = Math.round(this.owner.px(mark.step)) + 0.5;
      context.beginPath();
      context.moveTo(x, CURVE_PAD.top);
      context.lineTo(x, CURVE_PAD.top + height);
      context.stroke();
      context.beginPath(); // a small flag, to be seen and pointed at
      context.moveTo(x, CURVE_PAD.top - 3);
      context.lineTo(x + 6, CURVE_PAD.top + 0.5);
      context.lineTo(x, CURVE_PAD.top + 4);
      context.fill();
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /** What a perfect generator would score, as a dotted line. */
  paintFloors(context, axis, floors) {
    const { owner } = this;
    context.lineWidth = 1.25;
    context.setLineDash([1, 4]);
    context.lineCap = "round";
    for (const { name, color } of this.curves) {
      const floor = floors?.[name];
      if (!Number.isFinite(floor)) continue;
      context.strokeStyle = owner.ui.theme[color];
      context.beginPath();
      context.moveTo(CURVE_PAD.left, axis.y(floor));
      context.lineTo(CURVE_PAD.left + owner.plotWidth(), axis.y(floor));
      context.stroke();
    }
    context.setLineDash([]);
    context.lineCap = "butt";
  }

  paintCurve(context, curve, xs, ys, axis) {
    if (!ys) return;
    context.strokeStyle = this.owner.ui.theme[curve.color];
    context.fillStyle = context.strokeStyle;
    context.lineWidth = 1.75;
    context.lineJoin = "round";
    context.setLineDash(curve.dash);
    context.beginPath();
    const sparse = SPARSE_PANELS.has(this.name);
    let drawing = false; // NaN lifts the pen
    for (let i = 0; i < xs.length; i += 1) {
      const there = Number.isFinite(ys[i]);
      if (there && drawing) context.lineTo(this.owner.px(xs[i]), axis.y(ys[i]));
      else if (there) context.moveTo(this.owner.px(xs[i]), axis.y(ys[i]));
      drawing = there || (drawing && sparse);
    }
    context.stroke();
    context.setLineDash([]);
    if (!sparse) this.paintLoners(context, xs, ys, axis);
    else if (ys.filter(Number.isFinite).length === 1) this.paintLoners(context, xs, ys, axis);
  }

  /** The same curves of the run that is pinned behind this one, in grey. */
  paintGhost(context, axis) {
    const { ghost } = this.owner.ui;
    context.globalAlpha = GHOST_STRENGTH;
    for (const curve of this.curves) {
      const past = ghost?.curve(curve.name);
      if (past) this.paintCurve(context, { ...curve, color: "muted" }, past.xs, past.ys, axis);
    }
    context.globalAlpha = 1;
  }

  /** Points without neighbours, which a line cannot show. */
  paintLoners(context, xs, ys, axis) {
    for (let i = 0; i < xs.length; i += 1) {
      if (!Number.isFinite(ys[i]) || Number.isFinite(ys[i - 1]) || Number.isFinite(ys[i + 1])) continue;
      context.beginPath();
      context.arc(this.owner.px(xs[i]), axis.y(ys[i]), 2.5, 0, 2 * Math.PI);
      context.fill();
    }
  }

  paintCursor(context, frame, axis, height) {
    const i = this.owner.cursorIndex(frame);
    if (this.owner.at() === null || i < 0) return;
    const { theme } = this.owner.ui;
    const x = this.owner.px(frame.arrays.curve_x[i]);
    context.strokeStyle = theme.text;
    context.globalAlpha = 0.45;
    context.lineWidth = 1;
    context.strokeRect(Math.round(x) + 0.5, CURVE_PAD.top, 0.01, height);
    context.globalAlpha = 1;
    for (const curve of this.curves) {
      const ys = frame.arrays[`curve:${curve.name}`];
      const at = measuredAt(ys, i);
      if (at < 0) continue;
      context.beginPath();
      context.arc(this.owner.px(frame.arrays.curve_x[at]), axis.y(ys[at]), 3.5, 0, 2 * Math.PI);
      context.fillStyle = theme[curve.color];
      context.fill();
      context.strokeStyle = theme.bg;
      context.lineWidth = 1.5;
      context.stroke();
    }
    this.paintBrush(context, height);
  }

  paintBrush(context, height) {
    const { brush, ui } = this.owner;
    if (!brush) return;
    context.fillStyle = ui.theme.text;
    context.globalAlpha = 0.1;
    context.fillRect(Math.min(brush.from, brush.to), CURVE_PAD.top, Math.abs(brush.to - brush.from), height);
    context.globalAlpha = 1;
  }

  /** The legend's figures: at the cursor, else the newest; of what is measured from time to time, what was measured last before. */
  read(frame) {
    const i = this.owner.cursorIndex(frame);
    this.curves.forEach((curve, k) => {
      const ys = frame.arrays[`curve:${curve.name}`];
      const at = measuredAt(ys, i);
      setText(this.values[k], at >= 0 ? this.owner.ui.words.short(ys[at]) : "–");
      this.explain(k, frame.header);
    });
  }

  /** The legend's sentence: what it is, from how many samples, by which features, and what the dotted line is. */
  explain(k, header) {
    const { name } = this.curves[k];
    const source = sourceOf(header, name);
    if (!source) return;
    const { words } = this.owner.ui;
    const floor = source.floor?.[name];
    const dotted = source.features ? (name === "as_asked" ? "floor.asked" : "floor.real") : "floor.perfect";
    const parts = [this.tip(name), words.stopped(capital(fromWords(words, source))), Number.isFinite(floor) && words.get(dotted, { value: words.short(floor) })];
    const tip = parts.filter(Boolean).join("\n");
    if (this.items[k].dataset.tip !== tip) this.items[k].dataset.tip = tip;
    if (source.by && words.has(`curve.${name}.by`)) setText(this.names[k], words.get(`curve.${name}.by`, { by: this.owner.ui.words.judge(source.by) }));
  }
}

/** "d_loss" -> "D loss": a last resort for a curve without a translated title. */
function pretty(name) {
  return capital(name.replaceAll("_", " "));
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

class CurvesView {
  /** `shows`: which panels stand here. `lead`: other curves of the same run, whose zoom and cursor these share; they have the buttons. */
  constructor(ui, memory, { shows = () => true, lead = null } = {}) {
    this.ui = ui;
    this.memory = memory;
    this.shows = shows;
    this.peers = [];
    if (lead) [lead.peers, this.peers] = [[...lead.peers, this], [lead]];
    memory.zoom ??= null; // null = everything, else [from, to] in steps
    this.panels = [];
    this.cursor = null; // the step under the pointer
    this.brush = null;
    const { words } = ui;
    this.where = h("span", { class: "gl-where" });
    this.reset = h("button", { type: "button", class: "gl-text", onclick: () => this.setZoom(null) }, icon("whole"), words.get("zoom.reset"));
    const zoom = [["plus", "zoom.in", 2], ["minus", "zoom.out", 0.5]].map(([name, code, factor]) =>
      h("button", { type: "button", class: "gl-mini gl-plain", "aria-label": words.get(code), "data-tip": words.get(code),
        onclick: () => this.zoomBy(factor) }, icon(name)));
    this.nothing = h("div", { class: "gl-chart" }, h("div", { class: "gl-empty" }, words.get("curves.empty")));
    this.list = h("div", { class: "gl-panels" }, this.nothing);
    const bar = h("div", { class: "gl-curves-bar" }, this.where, h("span", { class: "gl-curves-zoom" }, this.reset, ...zoom));
    this.box = h("div", { class: "gl-curves" }, ...(lead ? [] : [bar]), this.list);
    if (lead) this.nothing.classList.add("gl-gone");
    this.watcher = new IntersectionObserver((entries) => this.sight(entries));
    this.showZoom();
  }

  /** The panels that were there before are kept, so that the eye and the focus stay. */
  arrange(curves) {
    const signature = curves.map((c) => `${c.panel}/${c.name}/${c.role}`).join();
    if (signature === this.signature) return;
    this.signature = signature;
    const groups = new Map();
    for (const curve of curves.filter((c) => this.shows(c.panel))) groups.set(curve.panel, [...(groups.get(curve.panel) || []), curve]);
    this.panels = [...groups].map(([name, members]) => this.panel(name, members));
    const boxes = this.panels.map((panel) => panel.box);
    for (const box of [...this.list.children]) if (!boxes.includes(box)) box.remove();
    boxes.forEach((box, i) => this.list.children[i] !== box && this.list.insertBefore(box, this.list.children[i] || null));
    if (!boxes.length) this.list.append(this.nothing);
    this.painted = "";
    this.measure();
  }

  /** The panel with these curves that is already there, or a new one. */
  panel(name, members) {
    const made = members.map((c) => `${c.name}/${c.role}`).join();
    const old = this.panels.find((panel) => panel.name === name && panel.made === made);
    if (old) return old;
    const panel = new Panel(this, name, members);
    panel.made = made;
    this.watcher.observe(panel.stage);
    this.listen(panel.canvas);
    return panel;
  }

  /** All panels have one width, whether they stand in a column or in a row. */
  measure() {
    this.width = roomIn(this.panels[0]?.stage || this.list);
  }

  show(frame) {
    this.frame = frame;
    this.arrange(frame.header.curves || []);
    this.paint();
  }

  resize() {
    this.measure();
    for (const panel of this.panels) panel.drawn = false; // those out of sight, too: they would stay as wide as they were
    this.paint();
  }

  // -- the step axis ---------------------------------------------------------------------------------------------

  plotWidth() {
    return Math.max(10, this.width - CURVE_PAD.left - CURVE_PAD.right);
  }

  whole() {
    const xs = this.frame?.arrays.curve_x;
    if (!xs?.length) return [0, 1];
    const last = xs[xs.length - 1];
    const first = xs[0] < last * 0.05 ? 0 : xs[0]; // a run seen from its start has its zero on the axis
    return first === last ? [first - 1, first + 1] : [first, last];
  }

  domain() {
    return this.memory.zoom || this.whole();
  }

  px(step) {
    const [from, to] = this.domain();
    return CURVE_PAD.left + ((step - from) / (to - from)) * this.plotWidth();
  }

  step(px) {
    const [from, to] = this.domain();
    return from + ((px - CURVE_PAD.left) / this.plotWidth()) * (to - from);
  }

  setZoom(range) {
    if (range) {
      const [low, high] = this.whole();
      const from = Math.max(low, range[0]);
      const to = Math.min(Math.max(high, from + 1), range[1]);
      if (from <= low && to >= high) range = null;
      else if (to - from < 2) return;
      else range = [from, to];
    }
    this.memory.zoom = range;
    for (const view of [this, ...this.peers]) {
      view.showZoom();
      view.paint();
    }
  }

  /** Around the middle; from the whole, into the newest part. */
  zoomBy(factor) {
    const [from, to] = this.domain();
    const middle = this.memory.zoom ? (from + to) / 2 : to;
    if (factor > 1 || this.memory.zoom) this.setZoom([middle - (middle - from) / factor, middle + (to - middle) / factor]);
  }

  /** Moves the zoomed part by `px` pixels, no further than the ends. */
  slide(px) {
    const [from, to] = this.domain();
    const [low, high] = this.whole();
    const move = Math.max(low - from, Math.min(high - to, (px / this.plotWidth()) * (to - from)));
    this.setZoom([from + move, to + move]);
  }

  showZoom() {
    const { words } = this.ui;
    const { zoom } = this.memory;
    this.reset.classList.toggle("gl-absent", !zoom);
    const text = zoom ? words.get("zoom.range", { from: words.number(zoom[0]), to: words.number(zoom[1]) })
      : matchMedia("(hover: hover)").matches ? words.get("zoom.hint") : "";
    setText(this.where, text);
  }

  // -- pointer and keys ------------------------------------------------------------------------------------------

  listen(canvas) {
    const at = (event) => placeOn(canvas, event)[0];
    wheelZoom(canvas, (event, factor) => this.wheel(at(event), event, factor));
    canvas.addEventListener("pointermove", (event) => this.hover(canvas, at(event), event));
    canvas.addEventListener("pointerleave", () => this.setCursor(null));
    canvas.addEventListener("dblclick", () => this.setZoom(null));
    canvas.addEventListener("pointerdown", (event) => this.grab(canvas, event, at));
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => this.setCursor(null));
  }

  wheel(x, event, factor) {
    const [from, to] = this.domain();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      if (this.memory.zoom) this.slide(event.deltaX / magnified);
      return Boolean(this.memory.zoom);
    }
    if (factor < 1 && !this.memory.zoom) return false;
    const middle = this.step(x);
    this.setZoom([middle - (middle - from) / factor, middle + (to - middle) / factor]);
    return true;
  }

  grab(canvas, event, at) {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") {
      this.drag(canvas, event);
      return;
    }
    this.brush = { from: at(event), to: at(event) };
    const move = (now) => {
      this.brush = { from: this.brush.from, to: at(now) };
    };
    canvas.addEventListener("pointermove", move);
    const drop = () => {
      canvas.removeEventListener("pointermove", move);
      const { from, to } = this.brush;
      this.brush = null;
      if (Math.abs(to - from) > 6) this.setZoom([from, to].sort((a, b) => a - b).map((px) => this.step(px)));
      else this.paint();
    };
    canvas.addEventListener("lostpointercapture", drop, { once: true });
  }

  /** A finger moves the zoomed part; without zoom it only reads. */
  drag(canvas, start) {
    let last = start.clientX;
    const move = (now) => {
      if (this.memory.zoom) this.slide((last - now.clientX) / magnified);
      last = now.clientX;
    };
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("lostpointercapture", () => canvas.removeEventListener("pointermove", move), { once: true });
  }

  key(event) {
    const xs = this.frame?.arrays.curve_x;
    if (!xs?.length) return;
    const i = this.cursorIndex(this.frame);
    const [from, to] = this.domain();
    const quarter = (to - from) / 4;
    const actions = {
      ArrowLeft: () => this.setCursor(xs[Math.max(0, i - 1)]),
      ArrowRight: () => this.setCursor(xs[Math.min(xs.length - 1, i + 1)]),
      "+": () => this.setZoom([from + quarter, to - quarter]),
      "-": () => this.setZoom([from - quarter, to + quarter]),
      0: () => this.setZoom(null),
    };
    if (!(event.key in actions)) return;
    actions[event.key]();
    event.preventDefault();
  }

  hover(canvas, x, event) {
    this.setCursor(this.step(x));
    const { words } = this.ui;
    const marks = (this.frame?.header.marks || []).filter((m) => Math.abs(this.px(m.step) - x) < 7);
    if (!marks.length) return this.ui.tooltip.hide();
    const box = canvas.getBoundingClientRect();
    const text = marks.map((m) => words.get("mark", { step: words.number(m.step), text: words.change(m) })).join("\n");
    return this.ui.tooltip.show(text, event.clientX, box.top + (CURVE_PAD.top + 18) * magnified);
  }

  setCursor(step) {
    if (this.cursor === step && !this.brush) return;
    for (const view of [this, ...this.peers]) view.cursor = step;
    if (step === null) this.ui.tooltip.hide();
    if (this.queued) return;
    this.queued = true;
    requestAnimationFrame(() => {
      this.queued = false;
      for (const view of [this, ...this.peers]) view.paint();
    });
  }

  /** The step that is read: under the pointer, else the one of the past that is shown; null: the newest. */
  at() {
    return this.cursor ?? this.pinned ?? null;
  }

  /** Reads the curves at this step of the past while the pointer reads nothing else; null: at the newest again. */
  pin(step) {
    if (this.pinned === step) return;
    this.pinned = step;
    this.paint();
  }

  /** Index of the point under the cursor; the newest without one; -1 without points. */
  cursorIndex(frame) {
    const xs = frame.arrays.curve_x;
    if (!xs?.length) return -1;
    const at = this.at();
    return at === null ? xs.length - 1 : nearestIndex(xs, at);
  }

  /** Draws only what differs from what is there already. */
  paint() {
    if (!this.frame || !this.width) return;
    const xs = this.frame.arrays.curve_x;
    const state = [xs?.length, xs?.[xs.length - 1], this.frame.header.run, this.frame.header.marks?.length, this.frame.header.judged?.step, this.domain(), this.width,
      this.cursor, this.pinned, this.brush?.to, this.ui.theme.version, this.signature, this.ui.ghost?.version].join();
    if (state === this.painted) return;
    this.painted = state;
    const domain = this.domain();
    for (const panel of this.panels) {
      panel.stale = panel.hidden && Boolean(panel.drawn); // never empty, and up to date once it is seen
      if (panel.stale) panel.read(this.frame);
      else panel.paint(this.frame, domain);
      panel.drawn = true;
    }
  }

  close() {
    this.watcher.disconnect();
  }

  /** Charts that are scrolled out of sight are not drawn. */
  sight(entries) {
    for (const { target, isIntersecting } of entries) {
      const panel = this.panels.find(({ stage }) => stage === target);
      if (!panel) continue;
      panel.hidden = !isIntersecting;
      if (isIntersecting && panel.stale) {
        panel.stale = false;
        panel.paint(this.frame, this.domain());
      }
    }
  }
}
