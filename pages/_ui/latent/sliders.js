// Sliders along directions: the coordinates of the noise, and directions that were found. All of them move one place.

const SHOWN = 10; // directions of a set, at first
const REACH = 3; // standard deviations each way

/** The directions that were searched for, of all tools: each set is found once for a generator, whoever asks for it first. */
class FoundDirections {
  constructor(desk) {
    this.desk = desk;
    this.sets = {};
    this.asked = {};
  }

  key(how, space) {
    return `${how}.${how === "axes" ? "z" : space}`;
  }

  async find(how, space) {
    const key = this.key(how, space);
    this.asked[key] ??= this.desk.ask("find", { how, space: how === "axes" ? "z" : space, count: 32 }).done;
    try {
      const { facts, step } = await this.asked[key];
      this.sets[key] = { ...facts, step };
    } finally {
      delete this.asked[key];
    }
  }

  /** Whether another moment would give others: coordinates and chance are the same in each. */
  isOld(key) {
    const found = this.sets[key];
    return Boolean(found && ["ganspace", "sefa"].includes(found.how) && found.step !== this.desk.step);
  }

  /** What they are, from how many samples, and of which step. */
  text(key) {
    const { words } = this.desk;
    const { how, samples, step } = this.sets[key];
    const share = SHARES[how];
    const text = words.get(`how.${how}.text`);
    return share ? words.joined([text, words.get(share, { samples: words.number(samples) }), this.desk.atStep("directions.of", step)]) : text;
  }

  /** A button that has them searched in the generator that is explored now. */
  againButton(run) {
    const { words } = this.desk;
    return h("button", { type: "button", class: "gl-button gl-gone", "data-do": "directions-again", "data-tip": words.get("directions.again.help"), onclick: run }, words.get("directions.again"));
  }

  /** The server may have forgotten them. */
  forget() {
    this.sets = {};
  }
}

/** How directions can be found in a generator; into one that came as ONNX nobody can look. */
function foundHows(about) {
  return about.open ? ["ganspace", "sefa"] : ["pictures"];
}

/** How sure a set of directions is of itself: the words for it, null for a set that says nothing. */
const SHARES = { ganspace: "share.variance", pictures: "share.variance", sefa: "share.weight" };

class SlidersTool {
  static code = "sliders";

  static fits() {
    return true;
  }

  constructor(desk) {
    this.desk = desk;
    const { words, memory } = desk;
    memory.sliders ??= { how: "axes", space: "z", shown: SHOWN, layers: null };
    this.how = choice(words, "how", ["axes", ...foundHows(desk.about), "chance", "saved"], (how) => this.set({ how, shown: SHOWN }));
    this.space = choice(words, "space", ["z", "w"], (space) => this.set({ space }));
    this.about = h("p", { class: "gx-hint" });
    this.rows = h("div", { class: "gx-sliders" });
    this.more = h("button", { type: "button", class: "gl-button", onclick: () => this.set({ shown: this.said.shown + SHOWN }) }, words.get("sliders.more"));
    this.reset = h("button", { type: "button", class: "gl-button", "data-do": "reset-all", onclick: () => this.desk.walk.end({ moves: {} }) }, words.get("sliders.reset"));
    this.layers = ["first", "last"].map((end) => h("select", { class: "gl-select", "aria-label": words.get(`layers.${end}`), onchange: () => this.relayer(end) }));
    this.layerLine = h("div", { class: "gx-line gl-gone", "data-tip": words.get("layers.help") }, h("span", {}, words.get("layers")), this.layers[0], h("span", {}, "–"), this.layers[1]);
    this.state = h("p", { class: "gx-state", role: "status" });
    this.again = desk.searched.againButton(() => this.search());
    this.box = h("div", {}, h("p", { class: "gx-hint" }, words.get("sliders.hint")), h("div", { class: "gx-bar" }, this.how.box, this.space.box, this.again), this.about, this.layerLine, this.state, this.rows, h("div", { class: "gx-bar" }, this.more, this.reset));
    desk.saved.readers.push(() => desk.tool === this && this.said.how === "saved" && this.refresh());
  }

  get said() {
    return this.desk.memory.sliders;
  }

  get key() {
    return this.desk.searched.key(this.said.how, this.said.space);
  }

  set(change) {
    Object.assign(this.said, change);
    this.refresh();
  }

  show() {
    this.desk.saved.load();
    this.refresh();
  }

  moment() {
    this.refresh();
  }

  refresh() {
    const { about, words } = this.desk;
    const space = this.desk.walk.state.moves && !["axes", "saved"].includes(this.said.how) && about.styles;
    this.space.box.classList.toggle("gl-gone", !space);
    if (!about.styles) this.said.space = "z";
    this.how.set(this.said.how);
    this.space.set(this.said.space);
    setText(this.about, words.get(`how.${this.said.how}.text`));
    this.showLayers();
    this.again.classList.toggle("gl-gone", !this.desk.searched.isOld(this.key));
    if (this.said.how === "saved") this.buildSaved();
    else if (this.desk.searched.sets[this.key]) this.build();
    else this.search();
  }

  showLayers() {
    const { about, words, walk } = this.desk;
    const inStyles = about.styles && (this.said.how === "saved" ? this.desk.saved.list.some((one) => one.space === "w") : this.said.space === "w" && this.said.how !== "axes");
    this.layerLine.classList.toggle("gl-gone", !inStyles);
    if (!inStyles || this.layers[0].children.length) return;
    this.layers.forEach((select) => select.replaceChildren(...about.layers.map((name, i) => h("option", { value: String(i) }, words.has(`layer.${name}`) ? words.get(`layer.${name}`) : name))));
    const [first, last] = walk.state.layers ?? [0, about.layers.length];
    this.layers[0].value = String(first);
    this.layers[1].value = String(last - 1);
  }

  /** The other end goes along where it would be passed. */
  relayer(moved) {
    const [from, to] = this.layers.map((select) => Number(select.value));
    const [first, last] = moved === "first" ? [from, Math.max(from, to)] : [Math.min(from, to), to];
    [first, last].forEach((layer, i) => (this.layers[i].value = String(layer)));
    this.desk.walk.end({ layers: [first, last + 1] });
  }

  /** Has the chosen directions found; what was found stays for this generator, at whatever moment it is looked at. */
  async search() {
    const { desk, key } = this;
    const { words } = desk;
    this.rows.replaceChildren();
    setText(this.state, words.get("sliders.finding"));
    try {
      await desk.searched.find(this.said.how, this.said.space);
      if (key === this.key) this.refresh();
    } catch (error) {
      if (key === this.key) setText(this.state, error.message);
    }
  }

  build() {
    const { words } = this.desk;
    const found = this.desk.searched.sets[this.key];
    setText(this.state, "");
    const count = Math.min(found.sigma.length, this.said.shown);
    this.more.classList.toggle("gl-gone", count >= found.sigma.length);
    this.rows.replaceChildren(...Array.from({ length: count }, (_, k) => {
      const code = found.how === "axes" ? "axis" : `direction.${found.how}`;
      const share = SHARES[found.how] ? words.number(found.share[k], 0, "percent") : "";
      return this.row(found.name, k, words.get(code, { index: k + 1 }), share);
    }));
    this.moved();
    this.box.dataset.found = found.name;
    setText(this.about, this.desk.searched.text(this.key));
  }

  /** The saved directions, and those that have been found for a name and are not saved yet. */
  buildSaved() {
    const { words, saved, memory } = this.desk;
    const rows = [...saved.rows(), ...(memory.named?.results ?? [])];
    this.more.classList.add("gl-gone");
    setText(this.state, rows.length ? "" : words.get("saved.none"));
    this.rows.replaceChildren(...rows.map(({ name, title }) => this.row(name, 0, title, "")));
    this.box.dataset.found = "saved";
    this.moved();
  }

  row(set, k, name, share) {
    const { words, walk } = this.desk;
    const range = h("input", { type: "range", min: String(-REACH), max: String(REACH), step: "0.05", value: "0", "aria-label": name, "data-k": String(k),
      oninput: () => this.steer(set, k, Number(range.value)), onchange: () => walk.end() });
    const back = h("button", { type: "button", class: "gx-back", "aria-label": words.get("sliders.back", { name }), onclick: () => {
      this.steer(set, k, 0);
      walk.end();
    } }, icon("undo"));
    return h("div", { class: "gx-slider", "data-k": String(k), "data-set": set }, h("span", { title: name }, name, " ", share ? h("small", {}, share) : ""), range, h("output", {}), back);
  }

  steer(name, k, steps) {
    const moves = { ...this.desk.walk.state.moves };
    moves[name] = { ...moves[name], [k]: steps };
    this.desk.walk.move({ moves });
  }

  moved() {
    const { walk, words } = this.desk;
    for (const row of this.rows.children) {
      const value = walk.state.moves[row.dataset.set]?.[row.dataset.k] ?? 0;
      const range = row.querySelector("input");
      if (Number(range.value) !== value) range.value = String(value);
      setText(row.querySelector("output"), words.get("sigma", { value: words.number(value, 2) }));
      row.querySelector(".gx-back").disabled = value === 0;
    }
    this.reset.disabled = !Object.values(walk.state.moves).some((set) => Object.values(set).some(Boolean));
  }

  /** What the server has forgotten is found again. */
  lost() {
    this.desk.searched.forget();
    this.refresh();
  }
}
