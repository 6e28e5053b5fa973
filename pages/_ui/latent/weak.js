// Where the generator fails: what D takes for the least real, what is far from all data, and holes between what it can do.

const WEAK_SAMPLES = [300, 1000, 2000];
const WEAK_SORTS = ["low", "far", "holes"];
const WEAK_SHAPES = { low: 4, far: 3, holes: 1 }; // as on the map: triangle down, diamond, square
const WEAK_COLORS = { low: "held", far: "neutral", holes: "fake" };
const WEAK_PLOT = 340; // pixels

class WeakTool {
  static code = "weak";

  static fits(about) {
    return about.known;
  }

  constructor(desk) {
    this.desk = desk;
    const { words, memory } = desk;
    memory.weak ??= { samples: 1000 };
    this.turn = 0;
    this.samples = h("select", { class: "gl-select", "aria-label": words.get("map.samples"), onchange: () => {
      this.said.samples = Number(this.samples.value);
      this.search();
    } }, ...WEAK_SAMPLES.map((n) => h("option", { value: String(n) }, words.get("map.count", { count: words.number(n) }))));
    this.again = h("button", { type: "button", class: "gl-button", "data-do": "weak-again", onclick: () => this.search() }, h("span", {}, words.get("weak.again")));
    this.state = h("p", { class: "gx-state gx-map-state", role: "status" });
    this.plot = h("canvas", { role: "img", "aria-label": words.get("weak.plot") });
    this.plotBox = h("figure", { class: "gx-weak-plot gl-gone" }, this.plot);
    this.rows = h("div", { class: "gx-weak-rows" });
    this.box = h("div", { class: "gx-weak" }, h("p", { class: "gx-hint" }, words.get("weak.hint")), h("div", { class: "gx-bar" }, this.samples, this.again), this.state, this.plotBox, this.rows);
  }

  get said() {
    return this.desk.memory.weak;
  }

  show() {
    this.samples.value = String(this.said.samples);
    if (!this.found && !this.pending) this.search();
    else this.tell();
  }

  /** Another moment: what was found stays until it is looked for again. */
  moment() {
    this.tell();
  }

  async search() {
    const { desk } = this;
    const { words } = desk;
    this.turn += 1;
    const { turn } = this;
    this.pending?.drop();
    this.look = JSON.stringify(desk.walk.look);
    setText(this.state, words.get("weak.searching"));
    this.pending = desk.ask("weak", { samples: this.said.samples, ...desk.walk.look }, (answer) => turn === this.turn && setText(this.state, `${words.get("weak.searching")} ${words.number(answer.share, 0, "percent")}`));
    try {
      const found = await this.pending.done;
      if (turn !== this.turn) return;
      this.found = found;
      this.box.dataset.step = String(found.step);
      this.build();
    } catch (error) {
      if (turn === this.turn) setText(this.state, error.message);
      return;
    } finally {
      if (turn === this.turn) this.pending = null;
    }
    this.tell();
  }

  tell() {
    const { words, step } = this.desk;
    if (this.pending || !this.found) return;
    const { facts } = this.found;
    const text = words.get("weak.found", { count: words.number(facts.samples), step: words.number(this.found.step) });
    const older = this.found.step !== step || this.look !== JSON.stringify(this.desk.walk.look);
    setText(this.state, words.joined([text, older && words.get("weak.older")]));
  }

  moved(ended) {
    if (ended) this.tell();
    this.paint();
  }

  settled() {
    this.paint();
  }

  // -- what was found --------------------------------------------------------------------------------------------

  build() {
    const { desk } = this;
    this.pointed = null;
    this.plotBox.classList.toggle("gl-gone", desk.about.kind !== "points");
    this.rows.replaceChildren(...WEAK_SORTS.map((sort) => this.row(sort)));
    this.paint();
  }

  row(sort) {
    const { words } = this.desk;
    const { facts } = this.found;
    const key = h("canvas", { "aria-hidden": "true" });
    const title = h("h3", {}, this.desk.about.kind === "points" ? key : "", words.get(`weak.${sort}`));
    this.paintKey(key, sort);
    const said = facts[sort];
    const text = h("p", { class: "gx-hint" }, said ? this.sentence(sort) : words.get(this.desk.about.judged ? "weak.low.unsaid" : "weak.low.none"));
    const items = said ? h("div", { class: `gx-weak-items gx-weak-${sort}` }, ...said.at.map((at, i) => this.item(sort, at, i))) : "";
    return h("section", { class: "gx-weak-row", "data-sort": sort }, title, text, items);
  }

  paintKey(canvas, sort) {
    const context = fitCanvas(canvas, 16, 16);
    context.fillStyle = this.desk.theme[WEAK_COLORS[sort]];
    mapShape(context, WEAK_SHAPES[sort], 8, 8, 6);
    context.fill();
  }

  sentence(sort) {
    const { words } = this.desk;
    const { facts } = this.found;
    if (sort === "low") {
      const values = { middle: words.short(facts.low.middle), real: words.short(facts.low.real ?? NaN) };
      return words.get(facts.low.real === null ? "weak.low.text" : "weak.low.text.real", values);
    }
    const distance = words.get(`weak.unit.${facts.unit}`);
    if (sort === "far") {
      if (!facts.held_out) return words.get("weak.far.text", { distance });
      const parts = [words.get("weak.far.text.held", { distance, usual: this.distance(facts.held_out[0]), high: this.distance(facts.held_out[1]), share: words.number(facts.beyond, 0, "percent") })];
      if (facts.outside !== null) parts.push(words.get("weak.outside", { share: words.number(facts.outside, 0, "percent") }));
      return words.joined(parts);
    }
    return words.get(`weak.holes.text.${facts.holes.by || "any"}`, { pairs: words.number(facts.holes.pairs), distance });
  }

  distance(value) {
    return this.found.facts.unit === "pixels" ? this.desk.words.number(value, 1, "percent") : this.desk.words.short(value);
  }

  item(sort, at, i) {
    const { desk } = this;
    const { words } = desk;
    const { facts } = this.found;
    const large = (name, index) => {
      const canvas = h("canvas", { "aria-hidden": "true" });
      desk.paintSample(canvas, this.found, index, 64, name);
      return canvas;
    };
    const value = sort === "low" ? words.short(facts.low.logits[i]) : this.distance(facts[sort].distances[i]);
    const go = (place, pictures, label, kind = "") => h("button", { type: "button", class: `gx-weak-go ${kind}`, "aria-label": label, onclick: () => desk.walk.go({ at: place }), onpointerenter: () => this.point(sort, i), onfocus: () => this.point(sort, i), onpointerleave: () => this.point(null), onblur: () => this.point(null) }, ...pictures);
    const label = words.get(`weak.${sort}.item`, { index: i + 1, value });
    if (sort === "low") return h("figure", {}, go(at, [large("low", i)], label), h("figcaption", {}, value));
    if (sort === "far") {
      const pair = desk.about.kind === "images" ? [h("span", { class: "gx-weak-near", "data-tip": words.get("weak.near") }, large("near", i))] : [];
      return h("figure", {}, h("span", { class: "gx-weak-pair" }, go(at, [large("far", i)], label), ...pair), h("figcaption", {}, value));
    }
    const [a, b] = facts.holes.ends[i];
    const names = facts.holes.kinds[i]?.map((kind) => facts.holes.names[kind] ?? String(kind + 1)) ?? ["A", "B"];
    const end = (place, k) => go(place, [large("ends", 2 * i + k)], words.get("weak.end", { name: names[k] }), "gx-weak-end");
    const slice = h("button", { type: "button", class: "gx-weak-slice", "data-tip": words.get("weak.slice.help"), onclick: () => this.slice(a, b, at) }, words.get("weak.slice"));
    return h("figure", {}, h("span", { class: "gx-weak-pair" }, end(a, 0), go(at, [large("holes", i)], label), end(b, 1)), h("figcaption", {}, value, " ", h("small", {}, `${names[0]} – ${names[1]}`)), slice);
  }

  /** The plane through both ends and the middle, on the map. */
  slice(a, b, middle) {
    const { desk } = this;
    desk.walk.go({ at: middle });
    desk.choose("map");
    desk.tool.takePlaces([{ at: a }, { at: b }, { at: middle }]);
  }

  // -- of points: in data space ----------------------------------------------------------------------------------

  point(sort, index) {
    const next = sort === null ? null : `${sort} ${index}`;
    if (next === this.pointed) return;
    this.pointed = next;
    this.paint();
  }

  paint() {
    const { desk, found } = this;
    if (desk.about?.kind !== "points" || !found || desk.tool !== this) return;
    const size = Math.min(WEAK_PLOT, roomIn(this.plotBox));
    const here = desk.stage.shown?.arrays.samples;
    if (!size || !here) return;
    paintData(desk, this.plot, size, [here[0], here[1]]);
    const context = this.plot.getContext("2d");
    const [x0, x1, y0, y1] = desk.about.extent;
    const px = (value) => ((value - x0) / (x1 - x0)) * size;
    const py = (value) => size - ((value - y0) / (y1 - y0)) * size;
    for (const sort of WEAK_SORTS) {
      const points = found.arrays[sort];
      for (let i = 0; points && i < points.length / 2; i += 1) {
        const pointed = this.pointed === `${sort} ${i}`;
        Object.assign(context, { fillStyle: desk.theme[WEAK_COLORS[sort]], strokeStyle: pointed ? desk.theme.text : desk.theme.bg, lineWidth: pointed ? 3 : 1.5 });
        mapShape(context, WEAK_SHAPES[sort], px(points[2 * i]), py(points[2 * i + 1]), pointed ? 10 : 6);
        context.stroke();
        context.fill();
      }
    }
  }

  resize() {
    this.paint();
  }
}
