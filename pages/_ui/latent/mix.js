// Mixing: styles of one place with those of another, layer by layer; or the same noise asked for every class. And the noise of each layer.

const MIX_SIZES = [4, 5, 6];
const CLASSES_SHOWN = [5, 10]; // at once: on a narrow screen, and on a wide one
const CLASSES_WIDE = 600; // pixels

class MixTool {
  static code = "mix";

  static fits(about) {
    return about.styles || about.classes.length > 0;
  }

  constructor(desk) {
    this.desk = desk;
    const { words, memory } = desk;
    memory.mix ??= { rows: [0, 1, 2, 3].map((seed) => ({ seed })), columns: [4, 5, 6, 7].map((seed) => ({ seed })), layers: null, first: 0 };
    this.hint = h("p", { class: "gx-hint" });
    this.presets = choice(words, "mix.part", ["coarse", "middle", "fine"], (code) => this.relayer(this.parts[code]));
    this.ends = ["from", "to"].map((end, k) => {
      const range = h("input", { type: "range", min: "0", step: "1", "aria-label": words.get(`mix.${end}`), oninput: () => this.reach(k, Number(range.value), false), onchange: () => this.reach(k, Number(range.value), true) });
      return { range, name: h("output", {}) };
    });
    this.reachBox = h("div", { class: "gx-mix-reach" }, ...this.ends.flatMap(({ range, name }, k) => [h("span", {}, words.get(`mix.${k ? "to" : "from"}`)), range, name]));
    this.size = h("select", { class: "gl-select", "aria-label": words.get("mix.size"), onchange: () => this.resizeTo(Number(this.size.value)) },
      ...MIX_SIZES.map((n) => h("option", { value: String(n) }, words.get("mix.rows", { count: n }))));
    this.page = h("select", { class: "gl-select", "aria-label": words.get("mix.classes"), onchange: () => {
      this.said.first = Number(this.page.value);
      this.build();
      this.draw();
    } });
    this.again = h("button", { type: "button", class: "gl-button", "data-do": "mix-others", onclick: () => this.others() }, icon("random"), h("span", {}, words.get("mix.others")));
    this.bar = h("div", { class: "gx-bar" }, this.presets.box, this.size, this.page, this.again);
    this.table = h("div", { class: "gx-mix", role: "group", "aria-label": words.get("mix.table") });
    this.noise = new NoiseRows(desk);
    this.box = h("div", {}, this.hint, this.bar, this.reachBox, this.table, this.noise.box);
  }

  get said() {
    return this.desk.memory.mix;
  }

  get styles() {
    return this.desk.about.styles;
  }

  /** The layers [first, behind the last] of each preset: thirds of them, from the form to the surface. */
  get parts() {
    const count = this.desk.about.layers.length;
    const [one, two] = [Math.round(count / 3), Math.round((2 * count) / 3)];
    return { coarse: [0, one], middle: [one, two], fine: [two, count] };
  }

  /** For how many classes there is room. */
  get room() {
    return CLASSES_SHOWN[this.desk.root.clientWidth < CLASSES_WIDE ? 0 : 1];
  }

  /** The class of each column. */
  get classes() {
    return this.desk.about.classes.map((name, k) => ({ name, k })).slice(this.said.first, this.said.first + this.most);
  }

  get width() {
    return this.styles ? this.said.columns.length : this.classes.length;
  }

  cell(row, column) {
    const a = this.said.rows[row];
    if (!this.styles) {
      const { k } = this.classes[column];
      return "seed" in a ? { seed: a.seed, class: k } : { of: a, class: k };
    }
    const b = this.said.columns[column];
    const [first, last] = this.said.layers;
    if (last === this.desk.about.layers.length) return { mix: [a, b], from: first };
    return first === 0 ? { mix: [b, a], from: last } : { mix: [{ mix: [a, b], from: first }, a], from: last };
  }

  show() {
    const { about, words } = this.desk;
    const parts = this.parts;
    const count = about.layers.length;
    if (this.styles && (!this.said.layers || this.said.layers[1] > count)) this.said.layers = parts.fine;
    setText(this.hint, words.get(this.styles ? "mix.hint.styles" : "mix.hint.classes"));
    for (const part of [this.presets.box, this.reachBox, this.noise.box]) part.classList.toggle("gl-gone", !this.styles);
    for (const [code, button] of Object.entries(this.presets.buttons)) {
      if (this.styles) button.dataset.tip = words.get("mix.part.layers", { first: this.layerName(parts[code][0]), last: this.layerName(parts[code][1] - 1) });
    }
    this.most = this.room;
    this.said.first -= this.said.first % this.most;
    const pages = Math.ceil(about.classes.length / this.most);
    this.page.classList.toggle("gl-gone", this.styles || pages < 2);
    this.page.replaceChildren(...Array.from({ length: pages }, (_, i) => h("option", { value: String(i * this.most) }, `${about.classes[i * this.most]} – ${about.classes[Math.min(about.classes.length, (i + 1) * this.most) - 1]}`)));
    if (this.said.first >= Math.max(1, about.classes.length)) this.said.first = 0;
    this.page.value = String(this.said.first);
    this.size.value = String(this.said.rows.length);
    this.showLayers();
    this.build();
    this.draw();
    if (this.styles) this.noise.show();
    this.known = JSON.stringify([about.layers, about.classes]);
  }

  /** The same table by another generator: it is not built anew, so that an open menu stays. */
  moment() {
    const { about } = this.desk;
    if (this.known !== JSON.stringify([about.layers, about.classes])) return this.show();
    this.draw();
    return this.styles && this.noise.moved(true);
  }

  hide() {
    this.noise.hide();
  }

  moved(ended) {
    this.mark();
    if (this.styles) this.noise.moved(ended);
    if (ended && JSON.stringify(this.desk.walk.look) !== this.looked) this.draw();
  }

  layerName(k) {
    return nameOfLayer(this.desk, k);
  }

  // -- which layers come from the column --------------------------------------------------------------------------

  showLayers() {
    if (!this.styles) return;
    const count = this.desk.about.layers.length;
    const { layers } = this.said;
    this.ends.forEach(({ range, name }, k) => {
      range.max = String(count - 1);
      range.value = String(layers[k] - k);
      const text = this.layerName(layers[k] - k);
      range.setAttribute("aria-valuetext", text);
      setText(name, text);
    });
    for (const [code, button] of Object.entries(this.presets.buttons)) button.setAttribute("aria-pressed", String(this.parts[code].join() === layers.join()));
  }

  relayer(layers) {
    this.said.layers = layers;
    this.showLayers();
    this.draw();
  }

  /** The first (0) or the last (1) layer is this one; the other end follows where it must. */
  reach(k, layer) {
    const [first, last] = this.said.layers;
    this.relayer(k ? [Math.min(first, layer), layer + 1] : [layer, Math.max(last, layer + 1)]);
  }

  // -- the table ---------------------------------------------------------------------------------------------------

  resizeTo(count) {
    const filled = (places) => [...places.slice(0, count), ...Array.from({ length: Math.max(0, count - places.length) }, () => ({ seed: chanceSeed() }))];
    Object.assign(this.said, { rows: filled(this.said.rows), columns: filled(this.said.columns) });
    this.build();
    this.draw();
  }

  others() {
    const anew = (places) => places.map(() => ({ seed: chanceSeed() }));
    Object.assign(this.said, { rows: anew(this.said.rows), columns: anew(this.said.columns) });
    this.build();
    this.draw();
  }

  build() {
    const { words } = this.desk;
    const slot = (side, i) => new Slot(this.desk, words.get(`mix.${side}.slot`, { index: i + 1 }), this.said[side][i], (place) => {
      this.said[side] = this.said[side].map((old, k) => (k === i ? place : old));
      this.draw();
    });
    this.rows = this.said.rows.map((_, i) => slot("rows", i));
    this.heads = this.styles ? this.said.columns.map((_, i) => slot("columns", i)) : [];
    this.cells = [];
    const { width } = this;
    const head = this.styles ? this.heads.map((one) => one.box) : this.classes.map(({ name }) => h("span", { class: "gx-mix-class", title: name }, name));
    const lines = this.rows.flatMap((one, row) => {
      const cells = Array.from({ length: width }, (_, column) => h("button", { type: "button", class: "gx-cell", "aria-label": words.get("mix.cell", { row: row + 1, column: this.styles ? column + 1 : this.classes[column].name }), onclick: () => this.desk.walk.go(this.cell(row, column)) }, h("canvas", { "aria-hidden": "true" })));
      this.cells.push(...cells);
      return [one.box, ...cells];
    });
    this.table.style.setProperty("--gx-columns", width + 1);
    this.table.replaceChildren(h("span", { class: "gx-mix-key" }, words.get(this.styles ? "mix.key.styles" : "mix.key.classes")), ...head, ...lines);
    this.mark();
  }

  get places() {
    return this.said.rows.flatMap((_, row) => Array.from({ length: this.width }, (_one, column) => this.cell(row, column)));
  }

  draw() {
    const { desk } = this;
    this.looked = JSON.stringify(desk.walk.look);
    const { rows, columns } = this.said;
    const heads = this.styles ? columns : [];
    const places = [...rows, ...heads, ...this.places];
    const { cells } = this;
    desk.latest("mix", "draw", { places, ...desk.walk.look }, (answer) => {
      if (cells !== this.cells) return; // another table
      this.rows.forEach((slot, i) => slot.paint(answer, i));
      this.heads.forEach((slot, i) => slot.paint(answer, rows.length + i));
      cells.forEach((cell, i) => desk.paintSample(cell.firstChild, answer, rows.length + heads.length + i));
      this.table.dataset.drawn = String(Number(this.table.dataset.drawn || 0) + 1);
    });
    this.mark();
  }

  /** The cell that is the current place. */
  mark() {
    const here = JSON.stringify(this.desk.walk.place);
    const places = this.styles && !this.said.layers ? [] : this.places;
    this.cells?.forEach((cell, i) => cell.setAttribute("aria-pressed", String(JSON.stringify(places[i]) === here)));
  }

  /** Turned to its side, a screen has room for more. */
  resize() {
    if (!this.styles && this.most !== this.room) this.show();
  }
}

/** The noise of each layer: the generator's own, another one, or none; and which part of the picture is its doing. */
class NoiseRows {
  constructor(desk) {
    this.desk = desk;
    const { words } = desk;
    this.rows = h("div", { class: "gx-noises" });
    this.reset = h("button", { type: "button", class: "gl-button", "data-do": "noise-reset", onclick: () => desk.walk.end({ noise: [] }) }, words.get("noises.reset"));
    this.all = h("button", { type: "button", class: "gl-button", "data-do": "noise-off", onclick: () => desk.walk.end({ noise: this.layers.map((k) => [k, null]) }) }, words.get("noises.off"));
    this.scale = h("p", { class: "gx-hint" });
    this.box = h("section", { class: "gx-noise-part" }, h("h3", {}, words.get("noises.title")), h("p", { class: "gx-hint" }, words.get("noises.hint")), h("div", { class: "gx-bar" }, this.all, this.reset), this.rows, this.scale);
  }

  get layers() {
    return this.desk.about.layers.slice(0, -1).map((_, k) => k); // the picture itself has none
  }

  show() {
    this.build();
    this.moved(true);
  }

  hide() {
    this.pending?.drop();
    this.pending = null;
  }

  build() {
    const { words } = this.desk;
    this.lines = this.layers.map((k) => {
      const name = nameOfLayer(this.desk, k);
      const how = choice(words, "noise.how", ["own", "other", "off"], (code) => this.set(k, code));
      how.box.setAttribute("aria-label", words.get("noises.layer", { layer: name }));
      const map = h("canvas", { role: "img", "aria-label": words.get("noises.map", { layer: name }) });
      const mean = h("output", {});
      return { how, map, mean, box: h("div", { class: "gx-noise-row", "data-layer": String(k) }, map, h("b", {}, name), mean, how.box) };
    });
    this.rows.replaceChildren(...this.lines.map((line) => line.box));
  }

  /** "other" draws a new one each time. */
  set(layer, code) {
    const rest = this.desk.walk.state.noise.filter(([k]) => k !== layer);
    const own = code === "own" ? [] : [[layer, code === "off" ? null : chanceSeed()]];
    this.desk.walk.end({ noise: [...rest, ...own].sort(([a], [b]) => a - b) });
  }

  moved(ended) {
    const { state } = this.desk.walk;
    const seeds = new Map(state.noise);
    this.lines?.forEach(({ how }, k) => how.set(!seeds.has(k) ? "own" : seeds.get(k) === null ? "off" : "other"));
    this.reset.disabled = !state.noise.length;
    if (ended) this.ask();
  }

  async ask() {
    const { desk } = this;
    this.hide();
    const question = desk.ask("noises", { place: desk.walk.place, ...desk.walk.look });
    this.pending = question;
    try {
      const answer = await question.done;
      if (this.pending !== question) return;
      this.pending = null;
      this.answer = answer;
      this.paint();
    } catch (error) {
      if (this.pending === question) setText(this.scale, error.message);
    }
  }

  paint() {
    const { words } = this.desk;
    const { facts, arrays, shapes } = this.answer;
    if (this.lines.length !== facts.means.length) return;
    const share = (value) => words.number(value, value < 0.1 ? 2 : 0, "percent");
    this.lines.forEach(({ map, mean, box }, k) => {
      paintPixels(map, arrays.spread, shapes.spread.shape, k);
      setText(mean, share(facts.means[k]));
      mean.dataset.tip = words.get("noises.mean.help", { mean: share(facts.means[k]), draws: words.number(facts.draws), strength: words.short(facts.strengths[k]) });
      box.dataset.mean = String(facts.means[k]);
    });
    setText(this.scale, words.get("noises.scale", { draws: words.number(facts.draws), most: share(facts.most) }));
  }
}

/** What a layer of a style-based generator is called here. */
function nameOfLayer(desk, k) {
  const name = desk.about.layers[k];
  return desk.words.has(`layer.${name}`) ? desk.words.get(`layer.${name}`) : name;
}
