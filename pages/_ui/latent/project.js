// Projection: a picture that somebody draws or brings, and the search for the latent whose sample is most like it.

const PICTURE_BYTES = 10 * 2 ** 20;
const PICTURE_PIXELS = 40e6;
const SEARCH_STEPS = [100, 300, 1000];
const SKETCH_SIDE = 256; // pixels
const HELD_OUT_SHOWN = 8;
const LIKENESS = [[30, "same"], [20, "close"], [14, "shape"], [-Infinity, "far"]]; // decibels from which a sentence holds

class ProjectTool {
  static code = "project";

  static fits() {
    return true;
  }

  constructor(desk) {
    this.desk = desk;
    const { words, memory, about } = desk;
    memory.project ??= { source: "draw", way: "fit", invert: false, steps: 300, space: "w", label: "", features: true, follow: true, seed: 0 };
    this.points = about.kind === "points";
    this.source = choice(words, "project.source", ["draw", "upload", ...(about.known ? ["held"] : [])], (source) => this.set({ source }));
    this.sketch = new Sketch(words, about.shape[0] === 3, () => this.said.source === "draw" && this.sketched(), (sketch) => desk.walk.end({ sketch }));
    this.drop = this.dropBox();
    this.held = h("div", { class: "gx-held" });
    this.others = h("button", { type: "button", class: "gl-button", onclick: () => this.set({ seed: this.said.seed + 1 }) }, icon("random"), h("span", {}, words.get("project.others")));
    this.heldBox = h("div", { class: "gx-source" }, this.held, this.others);
    this.plane = h("canvas", { class: "gx-plane", tabindex: "0", role: "img", "aria-label": words.get("project.plane") });
    this.planeBox = h("div", { class: "gx-source gx-plane-box" }, this.plane);
    this.target = h("canvas", { class: "gx-thing", role: "img", "aria-label": words.get("project.target") });
    this.found = h("canvas", { class: "gx-thing gx-thing-fake", role: "img", "aria-label": words.get("project.found") });
    this.figures = h("div", { class: "gx-figures" }, ...[["target", this.target], ["found", this.found]].map(([code, canvas]) => h("figure", {}, canvas, h("figcaption", {}, words.get(`project.${code}`)))));
    this.steps = this.selection("steps", SEARCH_STEPS.map((n) => [String(n), words.get("project.steps.count", { count: words.number(n) })]), (value) => this.set({ steps: Number(value) }));
    this.space = this.selection("space", ["w", "w+", "z"].map((code) => [code, words.get(`project.space.${code}`)]), (value) => this.set({ space: value }));
    this.label = this.selection("label", [["", words.get("project.label.all")], ...about.classes.map((name, k) => [String(k), name])], (value) => this.set({ label: value }));
    this.features = h("input", { type: "checkbox", onchange: () => this.set({ features: this.features.checked }) });
    this.featuresLine = h("label", { class: "gx-check", "data-tip": words.get("project.features.help") }, this.features, h("span", {}, words.get("project.features")));
    this.follow = h("input", { type: "checkbox", onchange: () => this.set({ follow: this.follow.checked }) });
    const followLine = h("label", { class: "gx-check", "data-tip": words.get("project.follow.help") }, this.follow, h("span", {}, words.get("project.follow")));
    this.start = h("button", { type: "button", class: "gl-button gl-button-pause", "data-do": "find", onclick: () => this.find() }, icon("resume"), h("span", {}, words.get("project.find")));
    this.stop = h("button", { type: "button", class: "gl-button", "data-do": "stop", onclick: () => this.end(words.get("project.stopped")) }, icon("stop"), h("span", {}, words.get("project.stop")));
    this.cancel = h("button", { type: "button", class: "gl-button", "data-do": "cancel", onclick: () => this.callOff() }, icon("close"), h("span", {}, words.get("project.cancel")));
    this.go = h("button", { type: "button", class: "gl-button", "data-do": "go", onclick: () => this.desk.walk.go({ at: this.at }) }, icon("forth"), h("span", {}, words.get("slot.go")));
    this.bar = h("i", {});
    this.progress = h("div", { class: "gl-progress gx-progress", role: "progressbar", "aria-label": words.get("project.progress"), "aria-valuemin": "0", "aria-valuemax": "100" }, this.bar);
    this.problem = h("p", { class: "gl-note", role: "alert" });
    this.state = h("p", { class: "gx-state", role: "status" });
    this.facts = h("dl", { class: "gx-facts" });
    this.moments = h("p", { class: "gx-hint", "data-of": "step" });
    this.curve = h("canvas", { role: "img", "aria-label": words.get("project.curve") });
    this.curveBox = h("figure", { class: "gx-curve gl-gone" }, h("figcaption", { "data-tip": words.get("project.curve.help") }, words.get("project.curve")), this.curve);
    this.box = h("div", { class: "gx-project" }, h("p", { class: "gx-hint" }, words.get(this.points ? "project.hint.points" : about.open ? "project.hint" : "project.hint.closed", { count: words.number(2 * about.dim) })), h("div", { class: "gx-bar" }, this.source.box, this.label.box, this.space.box, this.steps.box, this.featuresLine, followLine),
      h("div", { class: "gx-search" }, h("div", { class: "gx-sources" }, this.sketch.box, this.drop, this.heldBox, this.planeBox),
        h("div", { class: "gx-result" }, this.figures, this.problem, h("div", { class: "gx-bar" }, this.start, this.stop, this.cancel, this.go, this.state), this.progress, this.facts, this.moments, this.curveBox)));
    this.losses = [];
    this.of = 0;
    dragging(this.plane, (x, y) => this.aim(x, y));
    this.plane.addEventListener("keydown", (event) => this.key(event));
    this.running(false);
    this.show();
    if (!this.points) this.sketch.follow(desk.walk.state.sketch);
  }

  get said() {
    return this.desk.memory.project;
  }

  selection(code, options, chosen) {
    const { words } = this.desk;
    const select = h("select", { class: "gl-select", "data-code": code, onchange: () => chosen(select.value) }, ...options.map(([value, text]) => h("option", { value }, text)));
    return { select, box: h("label", { class: "gx-line", "data-tip": words.get(`project.${code}.help`) }, h("span", {}, words.get(`project.${code}`)), select) };
  }

  set(change) {
    Object.assign(this.said, change);
    if ("source" in change) {
      this.forget();
      this.desk.walk.forget("sketch");
      this.desk.stage.showSteps();
      if (change.source === "draw") this.sketched();
    }
    this.show();
    if ("way" in change || "invert" in change) this.retake();
  }

  show() {
    const { about } = this.desk;
    const { source } = this.said;
    const is = (code) => !this.points && source === code;
    this.source.box.classList.toggle("gl-gone", this.points);
    this.source.set(source);
    this.sketch.box.classList.toggle("gl-gone", !is("draw"));
    this.drop.classList.toggle("gl-gone", !is("upload"));
    this.heldBox.classList.toggle("gl-gone", !is("held"));
    this.planeBox.classList.toggle("gl-gone", !this.points);
    this.figures.classList.toggle("gl-gone", this.points);
    this.featuresLine.classList.toggle("gl-gone", this.points || !about.known);
    this.label.box.classList.toggle("gl-gone", !about.classes.length);
    this.space.box.classList.toggle("gl-gone", !about.styles);
    this.way.set(this.said.way);
    this.invert.checked = this.said.invert;
    this.features.checked = this.said.features;
    this.follow.checked = this.said.follow;
    this.steps.select.value = String(this.said.steps);
    this.space.select.value = this.said.space;
    this.label.select.value = this.said.label;
    if (is("held")) this.offer();
    requestAnimationFrame(() => this.paint());
  }

  hide() {
    this.desk.walk.forget("sketch");
    if (!this.leads) return;
    this.leads = false; // the other tools go on from where it is by now
    if (this.desk.walk.isMoving) this.desk.walk.end();
  }

  moment() {
    this.tellMoment();
    if (this.points) this.paint();
  }

  /** Something else has moved the place, or a step was taken back: the search goes on, and leads it no more. */
  moved() {
    const { state } = this.desk.walk;
    if (this.leads && !this.own && (state.base.at ?? JSON.stringify(state.base)) !== this.ahead) this.leads = false;
    if (!this.points) this.sketch.follow(state.sketch);
    if (this.points) this.paint();
  }

  /** The current place is what the search has found so far. */
  lead(at, ended) {
    this.ahead = at;
    this.own = true;
    this.desk.walk.go({ at }, ended);
    this.own = false;
  }

  // -- the picture that is searched for --------------------------------------------------------------------------

  dropBox() {
    const { words } = this.desk;
    this.file = h("input", { type: "file", class: "gx-file", accept: "image/png,image/jpeg,image/webp,image/gif", onchange: () => this.file.files[0] && this.bring(this.file.files[0]) });
    const zone = h("label", { class: "gx-drop" }, this.file, h("b", {}, words.get("project.choose")), h("span", {}, words.get("project.choose.what")));
    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("gx-over");
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("gx-over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("gx-over");
      if (event.dataTransfer.files[0]) this.bring(event.dataTransfer.files[0]);
    });
    this.way = choice(words, "project.way", ["fit", "crop"], (way) => this.set({ way }));
    this.invert = h("input", { type: "checkbox", onchange: () => this.set({ invert: this.invert.checked }) });
    const invert = h("label", { class: "gx-check", "data-tip": words.get("project.invert.help") }, this.invert, h("span", {}, words.get("project.invert")));
    return h("div", { class: "gx-source" }, zone, h("div", { class: "gx-bar" }, this.way.box, invert));
  }

  async bring(file) {
    this.forget();
    this.file.value = "";
    const asked = (this.brought = {});
    try {
      const picture = await readPicture(file, this.desk.words);
      if (asked !== this.brought) return picture.close();
      this.picture = picture;
      this.retake();
    } catch (error) {
      if (asked === this.brought) this.complain(error.message);
    }
    return undefined;
  }

  /** The file that was brought, at the model's size. */
  retake() {
    if (this.said.source !== "upload" || !this.picture) return;
    this.take(inSquare(this.picture, this.said.way, this.desk.about.shape[2], this.said.invert), this.said.invert);
  }

  sketched() {
    if (this.sketch.empty) return this.forget();
    return this.take(inSquare(this.sketch.canvas, "crop", this.desk.about.shape[2], false), false);
  }

  take(canvas, invert) {
    this.setTarget(bytesOf(canvas, this.desk.about.shape, invert));
  }

  setTarget(bytes) {
    this.complain("");
    if (this.pending) this.end("", false);
    this.bytes = bytes;
    this.empty();
  }

  /** Nothing has been found of this target yet. */
  empty() {
    Object.assign(this, { at: null, sample: null, losses: [] });
    this.go.classList.add("gl-gone");
    setText(this.state, "");
    this.facts.replaceChildren();
    this.tellMoment();
    this.paint();
  }

  forget() {
    this.complain("");
    if (this.pending) this.end("", false);
    this.picture?.close();
    Object.assign(this, { picture: null, bytes: null, brought: null });
    this.empty();
  }

  offer() {
    const { desk } = this;
    const { words } = desk;
    desk.latest("project.held", "held_out", { count: HELD_OUT_SHOWN, seed: this.said.seed }, ({ arrays, shapes, facts }) => {
      this.others.classList.toggle("gl-gone", !arrays.pictures);
      if (!arrays.pictures) return this.held.replaceChildren(h("p", { class: "gx-hint" }, words.get("project.held.none")));
      const { shape } = shapes.pictures;
      const size = shape[1] * shape[2] * shape[3];
      return this.held.replaceChildren(...Array.from({ length: shape[0] }, (_, i) => {
        const canvas = h("canvas", { "aria-hidden": "true" });
        paintPixels(canvas, arrays.pictures, shape, i);
        const label = facts.labels[i] ?? "";
        return h("button", { type: "button", class: "gx-held-one", "aria-label": words.get("project.held.one", { index: i + 1, label }), onclick: () => this.setTarget(arrays.pictures.slice(i * size, (i + 1) * size)) }, canvas, h("span", {}, label));
      }));
    });
  }

  // -- a point as the target -------------------------------------------------------------------------------------

  aim(x, y) {
    const [x0, x1, y0, y1] = this.desk.about.extent;
    const inside = (value) => Math.max(0, Math.min(1, value));
    if (this.pending) this.end("", false);
    this.point = [x0 + inside(x) * (x1 - x0), y1 - inside(y) * (y1 - y0)];
    this.complain("");
    this.empty();
  }

  key(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    const [x0, x1, y0, y1] = this.desk.about.extent;
    const [x, y] = this.point ?? [(x0 + x1) / 2, (y0 + y1) / 2];
    this.aim((x - x0) / (x1 - x0) + 0.02 * by[0], (y1 - y) / (y1 - y0) + 0.02 * by[1]);
  }

  // -- the search ------------------------------------------------------------------------------------------------

  get asked() {
    const { about, walk } = this.desk;
    const { steps, space, label, features } = this.said;
    return {
      target: this.points ? this.point : encodeBytes(this.bytes), steps, ...walk.look,
      ...(this.points ? {} : { features }),
      ...(about.styles ? { space } : {}),
      ...(about.classes.length && !(about.styles && space !== "z") ? { class: label === "" ? null : Number(label) } : {}),
    };
  }

  async find() {
    const { desk } = this;
    const { words } = desk;
    if (this.points ? !this.point : !this.bytes) return this.complain(words.get(this.points ? "project.none.point" : "project.none"));
    this.complain("");
    this.empty();
    this.of = this.said.steps;
    const { base } = desk.walk.state;
    Object.assign(this, { leads: true, ahead: base.at ?? JSON.stringify(base) });
    setText(this.state, words.get("project.starting"));
    this.running(true);
    this.far(0);
    this.paint();
    const pending = desk.ask("project", this.asked, (answer) => pending === this.pending && this.soFar(answer));
    this.pending = pending;
    try {
      const answer = await pending.done;
      if (pending !== this.pending) return undefined;
      this.soFar(answer);
      this.end("");
    } catch (error) {
      if (pending !== this.pending) return undefined;
      this.end("", false);
      setText(this.state, "");
      this.complain(error.message);
    }
    return undefined;
  }

  soFar(answer) {
    const { words, about } = this.desk;
    const { facts, arrays } = answer;
    this.far(answer.share);
    if (!arrays.samples) return;
    this.sample = answer;
    this.at = facts.at;
    this.losses = arrays.losses;
    setText(this.state, words.get("project.step", { step: words.number(facts.step), steps: words.number(facts.steps) }));
    const rows = [];
    if (this.points) rows.push(["distance", words.short(facts.distance ?? NaN)]);
    else {
      const likeness = facts.psnr ?? Infinity;
      const sentence = words.get(`project.likeness.${LIKENESS.find(([from]) => likeness >= from)[1]}`);
      rows.push(["psnr", facts.psnr === null ? sentence : words.get("project.psnr.value", { value: words.number(facts.psnr, 1), sentence })]);
    }
    if (facts.class !== null) rows.push(["label.found", about.classes[facts.class]]);
    if (facts.encoder !== null) rows.push(["encoder", words.get("project.decibels", { value: words.number(facts.encoder, 1) })]);
    if (!this.points) rows.push(["compared", facts.features ? words.get("project.compared.features", { features: facts.features }) : words.get("project.compared.pixels")]);
    if (this.leads && this.said.follow && answer.share < 1 && this.at !== this.ahead) this.lead(this.at, false);
    this.tellMoment();
    this.facts.replaceChildren(...rows.flatMap(([code, text]) => [h("dt", { "data-tip": words.get(`project.${code}.help`) }, words.get(`project.${code}`)), h("dd", {}, text)]));
    this.paint();
  }

  /** Which moment's generator was searched. */
  tellMoment() {
    const { words, step } = this.desk;
    if (!this.sample || !this.desk.about.open) return setText(this.moments, "");
    const said = { step: words.number(this.sample.step), now: words.number(step) };
    return setText(this.moments, words.get(this.sample.step === step ? "project.of" : "project.of.other", said));
  }

  /** Nothing is kept of it, and the place is the one before. */
  callOff() {
    const back = this.leads;
    this.leads = false;
    this.end("", false);
    this.empty();
    setText(this.state, this.desk.words.get("project.cancelled"));
    if (back && this.desk.walk.isMoving) this.desk.walk.drop();
  }

  /** It is over: what was found is where the walk goes, if somebody still looks, and has gone nowhere else. */
  end(message, going = true) {
    const { desk } = this;
    this.pending?.drop();
    this.pending = null;
    this.running(false);
    if (message) setText(this.state, message);
    if (!going) this.at = null;
    this.go.classList.toggle("gl-gone", !this.at);
    const { leads } = this;
    this.leads = false;
    if (!leads || desk.tools.project !== this) return;
    if (this.at) this.lead(this.at, true);
    else if (desk.walk.isMoving) desk.walk.end();
  }

  running(is) {
    this.start.classList.toggle("gl-gone", is);
    for (const button of [this.stop, this.cancel]) button.classList.toggle("gl-gone", !is);
    this.go.classList.toggle("gl-gone", is || !this.at);
    this.progress.classList.toggle("gl-absent", !is);
    this.box.dataset.running = String(is);
  }

  far(share) {
    this.bar.style.transform = `scaleX(${share})`;
    this.progress.setAttribute("aria-valuenow", String(Math.round(100 * share)));
  }

  complain(message) {
    setText(this.problem, message);
    this.problem.classList.toggle("gl-note-bad", Boolean(message));
  }

  // -- what is seen ----------------------------------------------------------------------------------------------

  resize() {
    this.paint();
  }

  paint() {
    const { desk } = this;
    if (!desk.about || !this.box.isConnected) return;
    if (this.points) this.paintPlane();
    else {
      const shape = [1, ...desk.about.shape];
      for (const canvas of [this.target, this.found]) canvas.classList.toggle("gx-smooth", desk.about.shape[2] > 64);
      this.target.classList.toggle("gx-blank", !this.bytes);
      this.found.classList.toggle("gx-blank", !this.sample);
      paintPixels(this.target, this.bytes ?? new Uint8Array(shape.reduce((a, b) => a * b)), shape, 0);
      if (this.sample) paintPixels(this.found, this.sample.arrays.samples, this.sample.shapes.samples.shape, 0);
      else Object.assign(this.found, { width: shape[3], height: shape[2] });
    }
    this.curveBox.classList.toggle("gl-gone", !this.losses.length);
    if (this.losses.length) paintLosses(desk, this.curve, this.curveBox.clientWidth, 130, this.losses, this.of);
  }

  paintPlane() {
    const size = Math.min(420, this.planeBox.clientWidth);
    const { desk } = this;
    if (!size || !desk.background) return;
    const here = this.sample ? [...this.sample.arrays.samples] : desk.stage.shown ? [...desk.stage.shown.arrays.samples] : null;
    if (here) paintData(desk, this.plane, size, here);
    if (!this.point) return;
    const [x0, x1, y0, y1] = desk.about.extent;
    const x = ((this.point[0] - x0) / (x1 - x0)) * size;
    const y = size - ((this.point[1] - y0) / (y1 - y0)) * size;
    const context = this.plane.getContext("2d");
    for (const [color, width] of [[desk.theme.bg, 6], [desk.theme.text, 2]]) {
      Object.assign(context, { strokeStyle: color, lineWidth: width });
      context.beginPath();
      context.moveTo(x - 9, y - 9);
      context.lineTo(x + 9, y + 9);
      context.moveTo(x - 9, y + 9);
      context.lineTo(x + 9, y - 9);
      context.stroke();
    }
  }
}

/** A black board to draw on in white, or in colours: with a mouse, a finger or the keyboard. */
class Sketch {
  /** `changed()`: it looks different; `kept(strokes)`: a stroke is done, or all are wiped away. */
  constructor(words, coloured, changed, kept) {
    Object.assign(this, { changed, kept, strokes: [] });
    this.canvas = h("canvas", { class: "gx-board", width: String(SKETCH_SIDE), height: String(SKETCH_SIDE), tabindex: "0", role: "img", "aria-label": words.get("sketch.board") });
    this.brush = h("i", { class: "gx-brush" });
    this.tool = choice(words, "sketch", ["pen", "eraser"], (tool) => {
      this.erasing = tool === "eraser";
    });
    this.color = h("input", { type: "color", class: "gx-color", value: "#ffffff", "aria-label": words.get("sketch.color") });
    const clear = h("button", { type: "button", class: "gl-button", "data-do": "clear", onclick: () => this.clear() }, words.get("sketch.clear"));
    this.box = h("div", { class: "gx-source" }, h("div", { class: "gx-board-box" }, this.canvas, this.brush), h("div", { class: "gx-bar" }, this.tool.box, ...(coloured ? [this.color] : []), clear),
      h("p", { class: "gx-hint gx-keys" }, words.get("sketch.keys")));
    this.at = [0.5, 0.5];
    this.down = false;
    dragging(this.canvas, (x, y, ended) => {
      this.stroke([x, y]);
      if (ended) this.lift();
    });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("blur", () => this.down && this.toggle());
    this.wipe();
  }

  wipe() {
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = "#000000";
    context.fillRect(0, 0, SKETCH_SIDE, SKETCH_SIDE);
  }

  /** Whether nothing is drawn on it. */
  get empty() {
    return ![...this.strokes, this.now].some((stroke) => stroke && !stroke.erasing);
  }

  clear() {
    this.now = null;
    this.keep([]);
  }

  keep(strokes) {
    this.follow(strokes, false);
    this.kept(strokes);
  }

  /** These strokes are on it now: one may have been taken back. */
  follow(strokes, anew = true) {
    if (strokes === this.strokes || !(strokes.length || this.strokes.length)) return;
    this.strokes = strokes;
    if (anew || !strokes.length) {
      this.wipe();
      for (const stroke of strokes) stroke.points.forEach((point, i) => this.line(stroke, stroke.points[Math.max(0, i - 1)], point));
    }
    this.changed();
  }

  line({ erasing, color }, from, to) {
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    Object.assign(context, { lineCap: "round", lineJoin: "round", lineWidth: SKETCH_SIDE * (erasing ? 0.14 : 0.085), strokeStyle: erasing ? "#000000" : color });
    context.beginPath();
    context.moveTo(from[0] * SKETCH_SIDE, from[1] * SKETCH_SIDE);
    context.lineTo(to[0] * SKETCH_SIDE + 0.01, to[1] * SKETCH_SIDE);
    context.stroke();
  }

  stroke(to) {
    this.now ??= { erasing: Boolean(this.erasing), color: this.color.value, points: [] };
    this.line(this.now, this.now.points.at(-1) ?? to, to);
    this.now.points.push(to.map((value) => Math.round(value * 1e4) / 1e4));
    this.at = to;
    this.place();
    this.changed();
  }

  lift() {
    if (!this.now) return;
    const strokes = [...this.strokes, this.now];
    this.now = null;
    this.keep(strokes);
  }

  toggle() {
    this.down = !this.down;
    this.brush.classList.toggle("gx-down", this.down);
    if (this.down) this.stroke(this.at);
    else this.lift();
  }

  key(event) {
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      this.toggle();
      return;
    }
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    const to = this.at.map((value, k) => Math.max(0, Math.min(1, value + 0.04 * by[k])));
    if (this.down) this.stroke(to);
    this.at = to;
    this.place();
  }

  place() {
    this.brush.style.left = `${100 * this.at[0]}%`;
    this.brush.style.top = `${100 * this.at[1]}%`;
  }
}

/** A picture file -> an ImageBitmap, turned as its camera says. Throws an Error whose message can be shown. */
async function readPicture(file, words) {
  const megabytes = (value) => words.number(value / 2 ** 20, 1);
  if (file.size > PICTURE_BYTES) throw new Error(words.get("project.large", { size: megabytes(file.size), most: megabytes(PICTURE_BYTES) }));
  const bytes = new Uint8Array(await file.arrayBuffer());
  const known = pictureHead(bytes);
  if (!known) throw new Error(words.get("project.broken"));
  if (known.width * known.height > PICTURE_PIXELS) throw new Error(words.get("project.pixels", { width: words.number(known.width), height: words.number(known.height), most: words.number(PICTURE_PIXELS / 1e6) }));
  try {
    return await createImageBitmap(new Blob([bytes], { type: known.type }), { imageOrientation: "from-image" });
  } catch {
    throw new Error(words.get("project.broken"));
  }
}

/** The kind and the size of a PNG, GIF, JPEG or WebP file by its first bytes, so that a huge one is never unpacked; null for anything else. */
function pictureHead(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (from, to) => String.fromCharCode(...bytes.subarray(from, to));
  const found = (type, width, height) => (width > 0 && height > 0 ? { type, width, height } : null);
  if (bytes.length < 30) return null;
  if (bytes[0] === 0x89 && text(1, 4) === "PNG" && text(12, 16) === "IHDR") return found("image/png", view.getUint32(16), view.getUint32(20));
  if (text(0, 4) === "GIF8") return found("image/gif", view.getUint16(6, true), view.getUint16(8, true));
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") {
    const kind = text(12, 16);
    const three = (at) => 1 + (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16));
    if (kind === "VP8X") return found("image/webp", three(24), three(27));
    if (kind === "VP8L") return found("image/webp", 1 + (view.getUint32(21, true) & 0x3fff), 1 + ((view.getUint32(21, true) >>> 14) & 0x3fff));
    return found("image/webp", view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
  }
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  for (let at = 2; at + 9 < bytes.length;) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1];
    if (marker === 0xff) at += 1; // padding
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) return found("image/jpeg", view.getUint16(at + 7), view.getUint16(at + 5));
    else at += 2 + view.getUint16(at + 2);
  }
  return null;
}

/** A picture in a square of `size` pixels: all of it between bars, or its middle. Halved step by step, so that fine lines stay grey and do not vanish. */
function inSquare(source, way, size, invert) {
  const { width, height } = source;
  let side = size;
  while (side * 2 <= Math.min(1024, Math.max(width, height))) side *= 2;
  let canvas = canvasOf(side, side);
  const context = canvas.getContext("2d");
  context.fillStyle = invert ? "#ffffff" : "#000000"; // black in the end
  context.fillRect(0, 0, side, side);
  const factor = (way === "crop" ? Math.max : Math.min)(side / width, side / height);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, (side - width * factor) / 2, (side - height * factor) / 2, width * factor, height * factor);
  for (; side > size; side /= 2) {
    const half = canvasOf(side / 2, side / 2);
    half.getContext("2d").drawImage(canvas, 0, 0, side / 2, side / 2);
    canvas = half;
  }
  return canvas;
}

/** A canvas of the model's size as the server takes it: channel by channel; grey by brightness (ITU-R BT.601). */
function bytesOf(canvas, [channels, height, width], invert) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const plane = width * height;
  const bytes = new Uint8Array(channels * plane);
  for (let i = 0; i < plane; i += 1) {
    const [r, g, b] = data.subarray(4 * i, 4 * i + 3);
    for (let c = 0; c < channels; c += 1) {
      const value = channels === 1 ? Math.round(0.299 * r + 0.587 * g + 0.114 * b) : data[4 * i + c];
      bytes[c * plane + i] = invert ? 255 - value : value;
    }
  }
  return bytes;
}

/** Uint8Array -> base64. */
function encodeBytes(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}

/** The loss of the nearest one so far after each step; the height goes by its logarithm. */
function paintLosses(desk, canvas, width, height, losses, steps) {
  if (width < 80) return;
  const context = fitCanvas(canvas, width, height);
  const { theme, words } = desk;
  const left = 52;
  const bottom = 32;
  const logs = Array.from(losses, (loss) => Math.log10(Math.max(loss, 1e-8))).filter(Number.isFinite);
  const low = Math.min(...logs) - 0.05;
  const high = Math.max(...logs, low + 0.3) + 0.05;
  const px = (step) => left + ((step - 1) / Math.max(1, steps - 1)) * (width - left - 10);
  const py = (log) => 8 + ((high - log) / (high - low)) * (height - bottom - 8);
  context.clearRect(0, 0, width, height);
  Object.assign(context, { fillStyle: theme.muted, strokeStyle: theme.line, lineWidth: 1, font: `11px ${theme.font}`, textAlign: "right", textBaseline: "middle" });
  const marks = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power += 1) for (const factor of high - low < 2 ? [1, 2, 5] : [1]) marks.push(factor * 10 ** power);
  for (const mark of marks) {
    const log = Math.log10(mark);
    if (log < low || log > high) continue;
    const y = Math.round(py(log)) + 0.5;
    context.beginPath();
    context.moveTo(left, y);
    context.lineTo(width - 10, y);
    context.stroke();
    context.fillText(words.short(mark), left - 6, y);
  }
  Object.assign(context, { textAlign: "center", textBaseline: "top" });
  for (const step of ticks(1, steps, 4)) if (step >= 1 && px(step) < width - 16) context.fillText(words.number(step), px(step), height - bottom + 4);
  context.textAlign = "right";
  context.fillText(words.get("step"), width - 10, height - 14);
  Object.assign(context, { strokeStyle: theme.fake, lineWidth: 2 });
  context.beginPath();
  logs.forEach((log, i) => (i ? context.lineTo(px(i + 1), py(log)) : context.moveTo(px(1), py(log))));
  context.stroke();
}
