// The current place: its picture, large; what it is; and the ways back and forth.

const TRAIL = 160; // points of the way that a sample of a 2-D generator has come

class Stage {
  constructor(desk) {
    this.desk = desk;
    const { words } = desk;
    const button = (code, run, ...more) => h("button", { type: "button", class: "gl-button", "data-do": code, "aria-label": words.get(code), "data-tip": words.get(`${code}.help`), onclick: run }, ...more);
    this.canvas = h("canvas", { role: "img", class: "gx-picture" });
    this.frame = h("div", { class: "gx-frame" }, this.canvas);
    this.title = h("figcaption", { class: "gl-gone" }, words.get("data.title"));
    this.figure = h("figure", { class: "gx-data" }, this.title, this.frame);
    this.undo = button("undo", () => desk.walk.undo(), icon("undo"));
    this.redo = button("redo", () => desk.walk.redo(), icon("redo"));
    this.random = button("random", () => desk.walk.go(desk.seeded(chanceSeed())), icon("random"), h("span", {}, words.get("random")));
    this.seed = h("input", { type: "number", class: "gx-number", min: "0", max: String(LARGEST_SEED), step: "1", inputmode: "numeric", "aria-label": words.get("seed"), onchange: () => this.goToSeed() });
    this.classes = h("select", { class: "gl-select", "aria-label": words.get("class"), onchange: () => this.ask() });
    this.classLine = h("label", { class: "gx-line gl-gone" }, h("span", {}, words.get("class")), this.classes);
    this.facts = h("dl", { class: "gx-facts" });
    this.tools = h("div", { class: "gx-stage-tools" }, this.undo, this.redo, this.random);
    this.seedLine = h("label", { class: "gx-line" }, h("span", {}, words.get("seed")), this.seed);
    this.noise = new NoisePlane(desk);
    this.box = h("section", { class: "gx-stage", "aria-label": words.get("stage") }, this.noise.box, this.figure,
      h("div", { class: "gx-stage-side" }, this.tools, h("div", { class: "gx-lines" }, this.seedLine, this.classLine), this.facts), desk.favourites.box);
    this.trail = [];
  }

  /** Another generator, or another moment of it. */
  about() {
    const { about } = this.desk;
    this.box.classList.toggle("gx-points", about.kind === "points");
    this.title.classList.toggle("gl-gone", about.kind !== "points");
    this.noise.about();
    const names = about.classes;
    if (names.join() !== this.named) {
      this.named = names.join();
      this.classes.replaceChildren(h("option", { value: "" }, this.desk.words.get("class.own")), ...names.map((name, k) => h("option", { value: String(k) }, name)));
    }
    this.classLine.classList.toggle("gl-gone", !names.length);
    const word = this.desk.words.get(about.found ? "category" : "class");
    setText(this.classLine.firstChild, word);
    this.classes.setAttribute("aria-label", word);
    this.draw();
  }

  goToSeed() {
    const seed = Number(this.seed.value);
    if (this.seed.value === "" || !Number.isInteger(seed) || seed < 0 || seed > LARGEST_SEED) return this.desk.correct(this.desk.words.get("seed.bad"));
    this.desk.say("");
    return this.desk.walk.go(this.desk.seeded(seed));
  }

  /** Another class of the same latent. */
  ask() {
    const { desk } = this;
    const { base } = desk.walk.state;
    if (this.classes.value === "") {
      if ("seed" in base) desk.walk.end({ base: { seed: base.seed } });
      return;
    }
    const label = Number(this.classes.value);
    if ("seed" in base) desk.walk.end({ base: { seed: base.seed, class: label } });
    else desk.walk.end({ base: { of: desk.atBase ?? base, class: label } });
  }

  /** Whether there is a step back, and one forth. */
  showSteps() {
    const { walk } = this.desk;
    this.undo.disabled = !walk.canUndo;
    this.redo.disabled = !walk.future.length;
  }

  /** Asks for the picture of the place as it is now. */
  draw() {
    const { desk } = this;
    const began = performance.now();
    const { place, look, isMoving } = desk.walk;
    this.showSteps();
    const { base } = desk.walk.state;
    if (document.activeElement !== this.seed && desk.root.getRootNode().activeElement !== this.seed) this.seed.value = "seed" in base ? base.seed : "";
    const label = base.class ?? "";
    this.classes.value = String(label);
    desk.latest("stage", "draw", { places: [place], more: true, ...look }, (answer) => {
      this.shown = answer;
      if (!isMoving && !this.moving) this.trail = []; // a leap is no way
      this.moving = isMoving;
      this.latency = performance.now() - began;
      desk.settled(answer, place);
      this.paint();
      desk.root.dataset.drawn = String(Number(desk.root.dataset.drawn || 0) + 1);
      desk.root.dataset.latency = this.latency.toFixed(1);
    });
  }

  paint() {
    const { desk, shown } = this;
    if (!shown || !desk.about) return;
    if (desk.about.kind === "points") {
      const [x, y] = shown.arrays.samples;
      this.trail = [...this.trail, [x, y]].slice(-TRAIL);
      paintData(desk, this.canvas, innerWidthOf(this.frame), [x, y], this.trail);
      this.noise.paint();
    } else {
      paintPixels(this.canvas, shown.arrays.samples, shown.shapes.samples.shape, 0);
      this.canvas.classList.toggle("gx-smooth", Math.max(...desk.about.shape.slice(1)) > 64);
    }
    this.describe();
  }

  describe() {
    const { desk } = this;
    const { words, about } = desk;
    const { norms, logits, chances } = this.shown.facts;
    const rows = [];
    if (about.judged && logits[0] !== null) {
      const output = words.short(logits[0]);
      rows.push(["d.says", chances[0] === null ? words.get("d.output", { value: output }) : words.get("d.chance", { value: words.number(chances[0], 0, "percent"), output })]);
    }
    if (norms[0] !== null) {
      const usual = about.distribution === "uniform" ? Math.sqrt(about.dim / 3) : Math.sqrt(about.dim);
      rows.push(["norm", words.get("norm.value", { value: words.number(norms[0], 1), usual: words.number(usual, 1) })]);
    } else rows.push(["space", words.get("space.w")]);
    const said = [rows.map(([code, text]) => `${code} ${text}`), about.kind === "points" ? [...this.shown.arrays.samples].slice(0, 2) : ""].join();
    if (said === this.said) return;
    this.said = said;
    this.facts.replaceChildren(...rows.flatMap(([code, text]) => [h("dt", { "data-tip": words.get(`${code}.help`) }, words.get(code)), h("dd", {}, text)]));
    const at = about.kind === "points" ? [words.get("stage.at", Object.fromEntries(["x", "y"].map((axis, k) => [axis, words.number(this.shown.arrays.samples[k], 2)])))] : [];
    this.canvas.setAttribute("aria-label", words.list([words.get("stage"), ...at, ...rows.map(([code, text]) => `${words.get(code)} ${text}`)]));
  }

  resize() {
    this.paint();
  }
}

/** The plane of two coordinates of the noise: where the current latent lies among the others; drag it. */
class NoisePlane {
  constructor(desk) {
    this.desk = desk;
    const { words } = desk;
    this.canvas = h("canvas", { role: "img", tabindex: "0", "aria-label": words.get("noise.plane") });
    this.axes = ["x", "y"].map((axis) => h("select", { class: "gl-select", "aria-label": words.get(`noise.${axis}`), onchange: () => this.paint() }));
    this.choice = h("div", { class: "gx-axes" }, ...this.axes);
    this.title = h("figcaption", {}, words.get("noise.title"));
    this.box = h("figure", { class: "gx-noise gl-gone" }, this.title, h("div", { class: "gx-frame" }, this.canvas), this.choice);
    dragging(this.canvas, (x, y, ended) => this.drag(x, y, ended));
    this.canvas.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!by || !this.latent) return;
      event.preventDefault();
      const [i, j] = this.chosen;
      this.put({ [i]: this.latent[i] + 0.1 * by[0], [j]: this.latent[j] + (i === j ? 0 : 0.1 * by[1]) }, true);
    });
  }

  get chosen() {
    return this.axes.map((axis) => Number(axis.value || 0));
  }

  get reach() {
    return this.desk.about.distribution === "uniform" ? 1.25 : 3.5;
  }

  about() {
    const { about, words } = this.desk;
    this.box.classList.toggle("gl-gone", about.kind !== "points");
    if (this.dim === about.dim) return;
    this.dim = about.dim;
    this.axes.forEach((axis, k) => {
      axis.replaceChildren(...Array.from({ length: about.dim }, (_, i) => h("option", { value: String(i) }, words.get("noise.coordinate", { index: i + 1 }))));
      axis.value = String(Math.min(k, about.dim - 1));
    });
    this.choice.classList.toggle("gl-gone", about.dim < 3);
  }

  get latent() {
    const at = this.desk.at?.at;
    return at ? decodeFloats(at) : null;
  }

  put(changes, ended) {
    const next = new Float32Array(this.latent);
    for (const [index, value] of Object.entries(changes)) next[index] = value;
    this.desk.walk.go({ at: encodeFloats(next) }, ended);
  }

  drag(x, y, ended) {
    if (!this.latent) return;
    const [i, j] = this.chosen;
    const far = (share) => Math.max(-1, Math.min(1, 2 * share - 1)) * this.reach;
    this.put(i === j ? { [i]: far(x) } : { [i]: far(x), [j]: -far(y) }, ended);
  }

  paint() {
    const { desk } = this;
    const size = innerWidthOf(this.canvas.parentElement);
    const { latent } = this;
    if (!size || !latent || !desk.background) return;
    const context = fitCanvas(this.canvas, size, size);
    const { theme, about, words } = desk;
    const place = (value) => ((value / this.reach + 1) / 2) * size;
    const [i, j] = this.chosen;
    const { latents, count } = desk.background;
    const at = (row, k) => latents[row * about.inputs + k];
    paintAxes(context, size, [-this.reach, this.reach, -this.reach, this.reach], desk);
    context.fillStyle = theme.fake;
    context.globalAlpha = 0.45;
    for (let row = 0; row < count; row += 1) {
      const y = i === j ? size / 2 : size - place(at(row, j));
      context.fillRect(place(at(row, i)) - 1, y - 1, 2.2, 2.2);
    }
    context.globalAlpha = 1;
    const [one, other] = [i, j].map((k) => words.get("noise.said", { name: words.get("noise.coordinate", { index: k + 1 }), value: words.number(latent[k], 2) }));
    this.canvas.setAttribute("aria-label", words.joined([words.get("noise.plane"), one, ...(i === j ? [] : [other])]));
    paintHere(context, place(latent[i]), i === j ? size / 2 : size - place(latent[j]), theme);
  }
}

function paintAxes(context, size, [x0, x1, y0, y1], desk) {
  const { theme, words } = desk;
  context.clearRect(0, 0, size, size);
  context.fillStyle = theme.plot;
  context.fillRect(0, 0, size, size);
  Object.assign(context, { strokeStyle: theme.line, lineWidth: 1, font: `11px ${theme.font}`, fillStyle: theme.muted });
  const xs = ticks(x0, x1, 4);
  const ys = ticks(y0, y1, 4);
  context.beginPath();
  for (const value of xs) {
    const x = Math.round(((value - x0) / (x1 - x0)) * size) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, size);
  }
  for (const value of ys) {
    const y = Math.round(size - ((value - y0) / (y1 - y0)) * size) + 0.5;
    context.moveTo(0, y);
    context.lineTo(size, y);
  }
  context.stroke();
  context.textAlign = "left";
  context.textBaseline = "bottom";
  for (const value of xs) context.fillText(words.short(value), ((value - x0) / (x1 - x0)) * size + 3, size - 2);
  for (const value of ys.slice(1)) context.fillText(words.short(value), 3, size - ((value - y0) / (y1 - y0)) * size - 2);
}

/** The current place: a ring that stands out on everything. */
function paintHere(context, x, y, theme) {
  for (const [color, width] of [[theme.bg, 6], [theme.text, 2.5]]) {
    Object.assign(context, { strokeStyle: color, lineWidth: width });
    context.beginPath();
    context.arc(x, y, 8, 0, 2 * Math.PI);
    context.stroke();
  }
  paintIcon(context, "fake", x - 8, y - 8, theme.fake);
}

/** Data space: real points, generated ones, the way the current one has come, and where it is. */
function paintData(desk, canvas, size, [x, y], trail = []) {
  const { background, about, theme } = desk;
  if (!size || !background) return;
  const context = fitCanvas(canvas, size, size);
  const [x0, x1, y0, y1] = about.extent;
  const px = (value) => ((value - x0) / (x1 - x0)) * size;
  const py = (value) => size - ((value - y0) / (y1 - y0)) * size;
  paintAxes(context, size, about.extent, desk);
  for (const [role, alpha] of [["real", 0.5], ["fake", 0.5]]) {
    Object.assign(context, { fillStyle: theme[role], globalAlpha: alpha });
    const points = background[role];
    for (let i = 0; i < points.length; i += 2) {
      if (role === "real") context.fillRect(px(points[i]) - 1.2, py(points[i + 1]) - 1.2, 2.4, 2.4);
      else {
        context.beginPath();
        context.moveTo(px(points[i]), py(points[i + 1]) - 2);
        context.lineTo(px(points[i]) + 2, py(points[i + 1]));
        context.lineTo(px(points[i]), py(points[i + 1]) + 2);
        context.lineTo(px(points[i]) - 2, py(points[i + 1]));
        context.fill();
      }
    }
  }
  context.globalAlpha = 1;
  if (trail.length > 1) {
    Object.assign(context, { strokeStyle: theme.text, lineWidth: 1.5, globalAlpha: 0.6 });
    context.beginPath();
    trail.forEach(([a, b], i) => (i ? context.lineTo(px(a), py(b)) : context.moveTo(px(a), py(b))));
    context.stroke();
    context.globalAlpha = 1;
  }
  paintHere(context, px(x), py(y), theme);
}

/** The width of what a frame can hold, without its padding. */
function innerWidthOf(frame) {
  return Math.floor((frame.clientWidth - 2 * parseFloat(getComputedStyle(frame).paddingLeft || "0")) / magnified);
}
