// The map: many samples laid out by what they look like, or a flat slice through latent space. Sweeping over it draws every place on the way.

const MAP_SAMPLES = [300, 600, 1000, 2000];
const NEAREST = 12; // samples beside the pointer
const MAP_MARGIN = 1.08; // around a layout
const MAP_LARGEST = 560; // pixels
const MAP_LEAST = 320;
const MAP_ASIDE = 224; // of the grid beside it
const MAP_BESIDE = 600; // from which width on it is beside
const CLICK = 4; // pixels: what moves less is a click
const ON_SAMPLE = 9; // pixels around a sample that mean it
const SETTLE_MS = 350; // after the last turn of the wheel

class MapTool {
  static code = "map";

  static fits() {
    return true;
  }

  constructor(desk) {
    this.desk = desk;
    const { words, memory } = desk;
    memory.map ??= { how: "pca", samples: 600, seed: 0, by: "places", through: [{ seed: 1 }, { seed: 2 }, { seed: 3 }], set: "axes", ways: [0, 1], colour: null, shade: true, both: false };
    this.view = { x: 0, y: 0, half: MAP_MARGIN };
    this.turn = 0;
    this.near = [];
    this.layouts = {}; // what was laid out, by `key`
    this.makeControls();
    this.makeSurface();
    this.hint = h("p", { class: "gx-hint" });
    this.differ = h("p", { class: "gx-hint gx-map-differ" }, words.get("map.differ"));
    this.state = h("p", { class: "gx-state gx-map-state", role: "status" });
    this.box = h("div", { class: "gx-maps" }, this.hint, h("div", { class: "gx-bar" }, this.how.box, this.samples, this.by.box, this.anew), this.differ, this.sliceBar, this.state,
      h("div", { class: "gx-map" }, h("div", { class: "gx-map-side" }, this.surface, this.viewBar), h("div", { class: "gx-map-more" }, this.colourLine, this.shadeLine, this.legends, this.grid)));
  }

  makeControls() {
    const { words } = this.desk;
    const button = (code, run, ...more) => h("button", { type: "button", class: "gl-button", "data-do": `map-${code}`, "aria-label": words.get(`map.${code}`), "data-tip": words.has(`map.${code}.help`) ? words.get(`map.${code}.help`) : null, onclick: run }, ...more);
    const select = (name, run, ...options) => h("select", { class: "gl-select", "aria-label": words.get(name), onchange: run }, ...options);
    this.how = choice(words, "map.how", ["pca", "tsne", "umap", "slice"], (how) => this.set({ how }));
    this.by = choice(words, "map.by", ["places", "ways"], (by) => this.set({ by }));
    this.samples = select("map.samples", () => this.set({ samples: Number(this.samples.value) }), ...MAP_SAMPLES.map((n) => h("option", { value: String(n) }, words.get("map.count", { count: words.number(n) }))));
    this.anew = button("anew", () => this.make(true), h("span", {}, words.get("map.anew")));
    this.slots = this.said.through.map((place, i) => new Slot(this.desk, words.get("map.corner", { name: "ABC"[i] }), place, (chosen) => {
      this.set({ through: this.said.through.map((old, k) => (k === i ? chosen : old)) });
    }));
    const others = button("others", () => this.takePlaces([0, 1, 2].map(() => this.desk.seeded(chanceSeed()))), icon("random"), h("span", {}, words.get("map.others")));
    this.placesBar = h("div", { class: "gx-bar" }, ...this.slots.map((slot, i) => h("span", { class: "gx-map-slot" }, h("b", {}, "ABC"[i]), slot.box)), others);
    this.sets = select("how", () => this.set({ set: this.sets.value, ways: [0, 1] }), ...["axes", ...foundHows(this.desk.about), "chance"].map((how) => h("option", { value: how }, words.get(`how.${how}`))));
    this.ways = [0, 1].map((k) => select(`map.way.${k}`, () => this.set({ ways: this.ways.map((way) => Number(way.value)) })));
    const here = button("here", () => this.recentre(), h("span", {}, words.get("map.here")));
    this.waysBar = h("div", { class: "gx-bar" }, this.sets, ...this.ways, here);
    this.sliceBar = h("div", {}, this.placesBar, this.waysBar);
    this.colour = select("map.colour", () => this.repaint({ colour: this.colour.value }));
    this.colourLine = h("label", { class: "gx-line" }, h("span", {}, words.get("map.colour")), this.colour);
    this.shade = h("input", { type: "checkbox", onchange: () => this.repaint({ shade: this.shade.checked }) });
    this.shadeLine = h("label", { class: "gx-check", "data-tip": words.get("map.rate.help") }, this.shade, h("span", {}, words.get("map.shade")));
    this.legends = h("div", { class: "gx-legends" });
    this.zoomIn = button("closer", () => this.zoom(1.5), icon("plus"));
    this.zoomOut = button("farther", () => this.zoom(1 / 1.5), icon("minus"));
    this.whole = button("whole", () => this.seeAll(), icon("whole"));
    this.pan = button("pan", () => this.togglePan(), h("span", {}, words.get("map.pan")));
    this.pan.setAttribute("aria-pressed", "false");
    this.viewBar = h("div", { class: "gx-bar" }, this.zoomIn, this.zoomOut, this.whole, this.pan);
  }

  makeSurface() {
    const { words } = this.desk;
    this.picture = new MapPicture(this);
    this.surface = h("div", { class: "gx-map-surface" }, this.picture.canvas, this.picture.over);
    this.cells = Array.from({ length: NEAREST }, (_, k) => {
      const cell = h("button", { type: "button", class: "gx-mapnear", "data-k": String(k), onclick: () => this.near[k] !== undefined && this.goTo(this.near[k]) }, h("canvas", { "aria-hidden": "true" }), h("canvas", { "aria-hidden": "true" }));
      for (const name of ["pointerenter", "focus"]) cell.addEventListener(name, () => this.point(this.near[k]));
      for (const name of ["pointerleave", "blur"]) cell.addEventListener(name, () => this.point(null));
      return cell;
    });
    this.both = h("input", { type: "checkbox", onchange: () => this.repaint({ both: this.both.checked }) });
    this.bothText = h("span", {});
    this.bothLine = h("label", { class: "gx-check gl-gone", "data-tip": words.get("map.both.help") }, this.both, this.bothText);
    this.grid = h("div", { class: "gx-map-grid" }, h("h3", {}, words.get("map.near")), this.bothLine, h("div", { class: "gx-nears" }, ...this.cells));
    this.listen();
  }

  get said() {
    return this.desk.memory.map;
  }

  get isSlice() {
    return this.said.how === "slice";
  }

  get isPictures() {
    return this.desk.about.kind === "images";
  }

  /** What is on the map now: a layout with the samples of this moment, or a slice. */
  get shown() {
    return this.isSlice ? this.sheet : this.now;
  }

  /** Whether it shows another moment, or another look at it. */
  get isOld() {
    return this.shown?.step !== this.desk.step || this.shown?.look !== JSON.stringify(this.desk.walk.look);
  }

  /** What a map depends on: another one has to be made when this is another. */
  get key() {
    const { how, samples, seed, by, through, set, ways } = this.said;
    if (how !== "slice") return JSON.stringify([how, samples, seed]);
    return JSON.stringify(by === "places" ? [how, through] : [how, set, ways, this.of ?? null]);
  }

  // -- making it -------------------------------------------------------------------------------------------------

  set(change) {
    Object.assign(this.said, change);
    this.refresh();
    this.make();
  }

  /** A slice through these places. */
  takePlaces(places) {
    this.slots.forEach((slot, i) => {
      slot.place = places[i];
      slot.describe();
    });
    this.set({ how: "slice", by: "places", through: places });
  }

  recentre() {
    this.of = this.desk.at;
    this.make();
  }

  show() {
    this.refresh();
    if (this.key !== this.made) this.make();
    else if (this.isOld && !this.pending) this.again();
    this.resize();
  }

  moment() {
    if (this.pending) this.stale = true;
    else this.again();
  }

  /** Made, or shown again where it was made before; `anew`: made in any case. */
  make(anew = false) {
    if (this.isSlice && this.said.by === "ways" && !this.of) {
      if (!this.desk.at) {
        this.waits = true; // for the current place
        return;
      }
      this.of = this.desk.at;
    }
    this.made = this.key;
    this.mark = null;
    if (this.isSlice) {
      this.sheet = null;
      this.run(() => this.sliceAsked(), (answer) => this.gotSlice(answer, true));
    } else {
      const { made } = this;
      this.first = this.now = anew ? null : (this.layouts[made] ?? null);
      this.seeAll();
      const { how, samples, seed } = this.said;
      if (this.now) return this.reuse();
      this.run(() => ({ how, samples, seed }), (answer) => {
        this.first = this.now = this.layouts[made] = answer;
      });
    }
    return this.picture.paint();
  }

  /** A layout that was made before. */
  reuse() {
    this.turn += 1; // what is on its way is not wanted any more
    this.pending?.drop?.();
    this.stale = false;
    this.done();
  }

  /** The same latents by the generator of this moment: the layout, or the window of the slice, stays. */
  again() {
    if (this.isSlice) {
      if (this.sheet) this.run(() => this.sliceAsked(this.view), (answer) => this.gotSlice(answer, false));
      this.paintSlots();
    } else if (this.first) {
      this.run(() => ({ how: this.said.how, like: this.first.facts.name }), (answer) => {
        this.now = answer;
      });
    } else this.make();
  }

  async sliceAsked(view = null) {
    const { by, through, set, ways } = this.said;
    const window_ = view ? { centre: [view.x, view.y], reach: view.half } : {};
    const side = this.size < 420 ? 7 : 9;
    if (by === "places") return { how: "slice", through, side, ...window_ };
    const space = set === "axes" || !this.desk.about.styles ? "z" : "w";
    const found = await this.desk.ask("find", { how: set, space, count: 32 }).done;
    this.found = found.facts;
    this.fillWays();
    return { how: "slice", of: this.of, by: ways.map((k) => [found.facts.name, k]), side, ...window_ };
  }

  gotSlice(answer, fit) {
    this.sheet = answer;
    const { centre, reach } = answer.facts;
    if (fit) {
      this.view = { x: centre[0], y: centre[1], half: reach };
      this.wholeView = { ...this.view };
    }
  }

  /** Asks, with progress; what is on the screen stays until the answer is there. */
  async run(asking, got) {
    const { desk } = this;
    const { words } = desk;
    this.turn += 1;
    const { turn } = this;
    this.stale = false;
    this.pending?.drop?.();
    this.pending = {};
    this.look = JSON.stringify(desk.walk.look);
    const making = words.get(this.isSlice ? "map.making.slice" : "map.making");
    setText(this.state, making);
    let asked = {};
    try {
      asked = { ...(await asking()), ...desk.walk.look };
      if (turn !== this.turn) return;
      this.pending = desk.ask("map", asked, (answer) => {
        if (turn !== this.turn) return;
        setText(this.state, `${making} ${words.number(answer.share, 0, "percent")}`);
        if (!answer.arrays.samples || this.sheet) return;
        answer.look = this.look;
        this.gotSlice(answer, true);
        this.picture.paint();
      });
      const answer = await this.pending.done;
      if (turn !== this.turn) return;
      answer.look = this.look;
      got(answer);
      this.done();
    } catch (error) {
      if (turn !== this.turn) return;
      this.pending = null;
      if (asked.like && error.kind === "ConfigError") this.make(true); // the server has begun anew
      else setText(this.state, error.message);
    }
  }

  done() {
    this.pending = null;
    this.tell();
    this.box.dataset.map = this.isSlice ? "slice" : this.now.facts.name;
    this.box.dataset.step = String(this.shown.step);
    this.refresh();
    this.picture.paint();
    this.showNear();
    if (this.desk.tool === this && (this.stale || this.isOld)) this.again();
  }

  /** What it is that is seen. */
  tell() {
    const { desk } = this;
    const { words } = desk;
    const says = (...sentences) => setText(this.state, words.joined(sentences));
    if (this.isSlice) return says(words.get(`map.made.${this.said.by}`, { width: words.short(2 * this.sheet.facts.reach) }), desk.atStep("map.of", this.sheet.step));
    const { facts, step } = this.now;
    const made = words.get(`map.made.${facts.by}`, { count: words.number(facts.samples), eyes: words.judge(facts.eyes) });
    return says(made, desk.atStep("map.of", this.first.step), step === this.first.step ? "" : desk.atStep("map.later", step));
  }

  /** The server has forgotten the map that the current place lies on. */
  lost() {
    if (!this.pending) this.make(true);
  }

  // -- its controls ----------------------------------------------------------------------------------------------

  refresh() {
    const { words, about } = this.desk;
    const { said } = this;
    const flat = about.dim < 2; // a line has no planes
    this.how.buttons.slice.classList.toggle("gl-gone", flat);
    if (flat && said.how === "slice") said.how = "pca";
    const { isSlice } = this;
    this.how.set(said.how);
    this.by.set(said.by);
    this.samples.value = String(said.samples);
    this.sets.value = said.set;
    const hidden = [[this.samples, isSlice], [this.anew, isSlice], [this.by.box, !isSlice], [this.placesBar, !isSlice || said.by !== "places"], [this.waysBar, !isSlice || said.by !== "ways"], [this.sliceBar, !isSlice], [this.differ, isSlice],
      [this.grid, isSlice], [this.shadeLine, !isSlice || !this.isPictures]];
    for (const [element, gone] of hidden) element.classList.toggle("gl-gone", gone);
    setText(this.hint, words.get(`map.hint.${{ tsne: "near", umap: "near" }[said.how] ?? said.how}`));
    this.shade.checked = said.shade;
    this.both.checked = said.both;
    const later = !isSlice && this.first && this.now.step !== this.first.step;
    this.bothLine.classList.toggle("gl-gone", !later);
    if (later) setText(this.bothText, words.get("map.both", { step: words.number(this.first.step) }));
    this.grid.classList.toggle("gx-both", Boolean(later && said.both));
    this.fillWays();
    this.fillColours();
    if (isSlice) this.paintSlots();
  }

  fillWays() {
    const { words, about } = this.desk;
    const count = this.found && this.found.how === this.said.set ? this.found.sigma.length : Math.max(2, about.dim);
    const code = this.said.set === "axes" ? "axis" : `direction.${this.said.set}`;
    const named = `${code} ${count}`;
    if (named !== this.wayNames) {
      this.wayNames = named;
      this.ways.forEach((way) => way.replaceChildren(...Array.from({ length: count }, (_, k) => h("option", { value: String(k) }, words.get(code, { index: k + 1 })))));
    }
    this.ways.forEach((way, k) => (way.value = String(Math.min(count - 1, this.said.ways[k]))));
  }

  /** By what can be coloured. */
  get colours() {
    const { shown } = this;
    if (!shown) return [];
    const codes = shown.facts.kinds.map((kinds) => kinds.code);
    if (shown.arrays.logits) codes.push("d");
    if (this.isSlice && !this.isPictures) codes.unshift("rate");
    return codes;
  }

  /** A slice of points is nothing but its colours. */
  get without() {
    return this.isSlice && !this.isPictures ? [] : ["none"];
  }

  get chosenColour() {
    const { colours } = this;
    return [...colours, ...this.without].includes(this.said.colour) ? this.said.colour : (colours[0] ?? "none");
  }

  fillColours() {
    const { words } = this.desk;
    const codes = [...this.colours, ...this.without];
    this.colourLine.classList.toggle("gl-gone", codes.length < 2);
    if (codes.join() !== this.colourCodes) {
      this.colourCodes = codes.join();
      this.colour.replaceChildren(...codes.map((code) => h("option", { value: code }, words.get(`map.colour.${code}`))));
    }
    this.colour.value = this.chosenColour;
  }

  paintSlots() {
    if (this.said.by !== "places") return;
    this.desk.latest("map.slots", "draw", { places: this.said.through, ...this.desk.walk.look }, (answer) => this.slots.forEach((slot, i) => slot.paint(answer, i)));
  }

  repaint(change) {
    Object.assign(this.said, change);
    this.refresh();
    this.picture.paint();
    this.showNear();
  }

  // -- moving over it --------------------------------------------------------------------------------------------

  placeOf([x, y]) {
    if (!this.isSlice) return { laid: this.first.facts.name, point: [x, y] };
    const { by, through, ways } = this.said;
    if (by === "places") return { slice: through, point: [x, y] };
    return { moved: this.of, by: [[this.found.name, ways[0], x], [this.found.name, ways[1], y]] };
  }

  go(point, ended) {
    if (!this.shown || (this.isSlice && this.said.by === "ways" && !this.found)) return;
    const most = this.isSlice ? (this.said.by === "ways" ? 20 : 100) : 10;
    this.mark = point.map((value) => Math.max(-most, Math.min(most, value)));
    this.own = true;
    this.desk.walk.go(this.placeOf(this.mark), ended);
    this.own = false;
    this.markAt = null;
    this.loose = false;
    this.picture.paintOver();
  }

  goTo(index) {
    this.go(this.sampleAt(index), true);
  }

  /** Drawn: from now on the place is its latent, and does not need the map any more. */
  settled(answer, place) {
    const { walk } = this.desk;
    if (this.waits) {
      this.waits = false;
      this.make();
    }
    if (!this.mark || walk.state !== walk.kept || this.loose || JSON.stringify(place) !== JSON.stringify(walk.place) || JSON.stringify(walk.state.base) !== JSON.stringify(this.placeOf(this.mark))) return;
    this.markAt = answer.facts.at[0];
    walk.settle({ at: this.markAt });
  }

  /** Something else has moved: the mark stays where the map was left. */
  moved(ended) {
    if (this.own) return;
    const { walk } = this.desk;
    this.loose = Boolean(this.mark) && !(walk.state.base.at === this.markAt && this.markAt && !("moved" in walk.place));
    this.picture.paintOver();
    if (ended && this.shown && this.isOld) this.moment();
  }

  sampleAt(index) {
    const { places } = this.first.arrays;
    return [places[2 * index], places[2 * index + 1]];
  }

  /** Pixels -> the map, and back. */
  toMap(px, py) {
    const { x, y, half } = this.view;
    return [x + (2 * px / this.size - 1) * half, y + (1 - 2 * py / this.size) * half];
  }

  toPixels([x, y]) {
    const { view, size } = this;
    return [((x - view.x) / view.half + 1) * 0.5 * size, (1 - (y - view.y) / view.half) * 0.5 * size];
  }

  /** The sample that lies under a pixel, or null. */
  sampleUnder(px, py) {
    if (this.isSlice || !this.first) return null;
    const half = this.picture.thumb / 2;
    const pictured = this.picture.pictured.filter((i) => {
      const [x, y] = this.toPixels(this.sampleAt(i));
      return Math.abs(x - px) <= half && Math.abs(y - py) <= half;
    });
    if (pictured.length) return pictured.at(-1);
    const [nearest] = this.nearestTo(this.toMap(px, py), 1);
    const [x, y] = this.toPixels(this.sampleAt(nearest));
    return Math.hypot(x - px, y - py) <= ON_SAMPLE ? nearest : null;
  }

  nearestTo([x, y], count) {
    const { places } = this.first.arrays;
    const n = places.length / 2;
    const distances = new Float32Array(n);
    for (let i = 0; i < n; i += 1) distances[i] = (places[2 * i] - x) ** 2 + (places[2 * i + 1] - y) ** 2;
    return Array.from({ length: n }, (_, i) => i).sort((a, b) => distances[a] - distances[b]).slice(0, count);
  }

  listen() {
    const { over } = this.picture;
    over.style.touchAction = "none";
    let held = null;
    const at = (event) => placeOn(over, event);
    over.addEventListener("pointerdown", (event) => {
      if (event.button > 1 || !this.shown) return;
      const [px, py] = at(event);
      const pans = this.panning || event.shiftKey || event.button === 1;
      if (held) return;
      if (event.button === 1) event.preventDefault(); // or the page would scroll by itself
      over.setPointerCapture(event.pointerId);
      held = { id: event.pointerId, px, py, pans, view: { ...this.view }, moved: false };
      if (pans) return;
      const sample = this.sampleUnder(px, py);
      held.point = sample === null ? this.toMap(px, py) : this.sampleAt(sample);
      this.go(held.point, false);
    });
    over.addEventListener("pointermove", (event) => {
      const [px, py] = at(event);
      if (!held) return this.hover(px, py);
      if (event.pointerId !== held.id) return undefined;
      held.moved ||= Math.hypot(px - held.px, py - held.py) > CLICK;
      if (held.pans) {
        const scale = (2 * held.view.half) / this.size;
        return this.see({ x: held.view.x - (px - held.px) * scale, y: held.view.y + (py - held.py) * scale });
      }
      if (!held.moved) return undefined;
      const inside = (value) => Math.max(0, Math.min(this.size, value));
      held.point = this.toMap(inside(px), inside(py));
      this.go(held.point, false);
      return this.hover(px, py);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      over.addEventListener(name, (event) => {
        if (event.pointerId !== held?.id) return;
        if (!held.pans) this.go(held.point, true);
        held = null;
      });
    }
    over.addEventListener("pointerleave", () => this.point(null));
    over.addEventListener("keydown", (event) => this.key_(event));
    wheelZoom(over, (event, factor) => this.shown && this.zoom(factor, at(event)));
  }

  key_(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!this.shown) return;
    if (by) {
      const [x, y] = this.mark ?? [this.view.x, this.view.y];
      this.go([x + 0.05 * this.view.half * by[0], y + 0.05 * this.view.half * by[1]], true);
      if (!this.isSlice) this.showNear(this.mark);
    } else if (event.key === "+" || event.key === "-") this.zoom(event.key === "+" ? 1.5 : 1 / 1.5);
    else if (event.key === "Enter" && this.mark && !this.isSlice) this.goTo(this.nearestTo(this.mark, 1)[0]);
    else return;
    event.preventDefault();
  }

  /** The pointer is over these pixels: the samples around it are shown beside. */
  hover(px, py) {
    if (this.isSlice || !this.first) return;
    this.showNear(this.toMap(px, py));
    this.point(this.sampleUnder(px, py));
  }

  /** One sample is meant, on the map and in the grid. */
  point(index) {
    this.pointed = index ?? null;
    this.cells.forEach((cell, k) => cell.classList.toggle("gx-pointed", this.pointed !== null && this.near[k] === this.pointed));
    this.picture.paintOver();
  }

  // -- what is seen of it ----------------------------------------------------------------------------------------

  togglePan() {
    this.panning = !this.panning;
    this.pan.setAttribute("aria-pressed", String(this.panning));
    this.picture.over.classList.toggle("gx-panning", this.panning);
  }

  get fullHalf() {
    return this.isSlice ? (this.wholeView?.half ?? 1) : MAP_MARGIN;
  }

  seeAll() {
    this.see(this.isSlice ? { ...this.wholeView } : { x: 0, y: 0, half: MAP_MARGIN });
  }

  zoom(factor, around = [this.size / 2, this.size / 2]) {
    const half = Math.max(this.fullHalf / 40, Math.min(this.fullHalf * (this.isSlice ? 3 : 1.5), this.view.half / factor));
    if (half === this.view.half) return false;
    const [x, y] = this.toMap(...around);
    const share = half / this.view.half;
    this.see({ x: x + (this.view.x - x) * share, y: y + (this.view.y - y) * share, half });
    return true;
  }

  see(view) {
    const next = { ...this.view, ...view };
    const far = this.isSlice ? 3 * this.fullHalf : 1;
    const middle = this.isSlice ? (this.wholeView ?? { x: 0, y: 0 }) : { x: 0, y: 0 };
    for (const axis of ["x", "y"]) next[axis] = Math.max(middle[axis] - far, Math.min(middle[axis] + far, next[axis]));
    this.view = next;
    this.picture.paint();
    if (!this.isSlice || !this.sheet) return;
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.desk.tool === this && this.again(), SETTLE_MS);
  }

  // -- painting --------------------------------------------------------------------------------------------------

  resize() {
    const width = roomIn(this.surface.parentElement.parentElement);
    const beside = width >= MAP_BESIDE ? MAP_ASIDE : 0; // what is beside it has its place
    const size = Math.floor(Math.min(width - beside, MAP_LARGEST, Math.max(MAP_LEAST, (0.72 * window.innerHeight) / magnified)));
    if (size < 40) return;
    this.size = size;
    this.surface.style.width = this.surface.style.height = `${size * magnified}px`;
    this.picture.paint();
    this.showNear();
  }

  /** The samples nearest to a place of the map, beside it. */
  showNear(around = this.around ?? [0, 0]) {
    if (this.isSlice || !this.first) return;
    this.around = around;
    this.near = this.nearestTo(around, NEAREST);
    const both = this.grid.classList.contains("gx-both");
    this.cells.forEach((cell, k) => {
      const i = this.near[k];
      cell.classList.toggle("gl-gone", i === undefined);
      if (i === undefined) return;
      const [before, now] = cell.children;
      before.classList.toggle("gl-gone", !both);
      if (both) this.desk.paintSample(before, this.first, i, 56);
      this.desk.paintSample(now, this.now, i, 56);
      cell.setAttribute("aria-label", this.desk.words.get("map.sample", { index: i + 1 }));
    });
  }
}
