// Projection: a picture that somebody draws or brings, and the search for the latent whose sample is most like it.

const SEARCH_STEPS = [100, 300, 1000];
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
    if (!this.points) rows.push(["compared", facts.features ? words.get("project.compared.features", { features: words.judge(facts.features) }) : words.get("project.compared.pixels")]);
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
    if (message) this.problem.scrollIntoView({ block: "nearest" }); // on a narrow page it stands below what was chosen
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
      if (this.bytes) paintPixels(this.target, this.bytes, shape, 0);
      else Object.assign(this.target, { width: shape[3], height: shape[2] });
      if (this.sample) paintPixels(this.found, this.sample.arrays.samples, this.sample.shapes.samples.shape, 0);
      else Object.assign(this.found, { width: shape[3], height: shape[2] });
    }
    this.curveBox.classList.toggle("gl-gone", !this.losses.length);
    if (this.losses.length) paintLosses(desk, this.curve, roomIn(this.curveBox), 130, this.losses, this.of);
  }

  paintPlane() {
    const size = Math.min(420, roomIn(this.planeBox));
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
