// Directions as strips from −3 σ to 3 σ, how much each changes against chance, and the ones that are saved with the run.

const STRIP_COLUMNS = 7;
const STRIPS_SHOWN = 6;
const MEASURED_SAMPLES = 64;
const METER_FULL = 4; // times as much as by chance: a full bar

/** The directions that are saved with the run. */
class SavedDirections {
  constructor(desk) {
    this.desk = desk;
    this.list = [];
    this.readers = [];
  }

  get mine() {
    return this.desk.capability === "control";
  }

  load() {
    this.desk.latest("saved", "saved_directions", {}, ({ facts }) => this.take(facts), (error) => this.desk.say(error.message, true));
  }

  /** The list as it is by now. What was deleted moves nothing any more; where that was in another window, it is said. */
  take(facts, here = false) {
    const { desk } = this;
    const there = new Set(facts.directions.map(({ name }) => name));
    if (desk.walk.without((name) => name.startsWith("saved.") && !there.has(name))) {
      desk.era += 1;
      desk.walked(true);
      if (!here) desk.correct(desk.words.get("direction.gone"));
    } else desk.stage.showSteps();
    if (JSON.stringify(facts.directions) === JSON.stringify(this.list)) return;
    this.list = facts.directions;
    for (const told of this.readers) told();
  }

  /** Keeps one under a title; the promise fails with an Error whose message can be shown. */
  async save(one, title) {
    const { facts } = await this.desk.ask("save_direction", { ...one, title }).done;
    this.take(facts);
    return facts.saved;
  }

  async forget(name) {
    try {
      this.take((await this.desk.ask("forget_direction", { name }).done).facts, true);
    } catch (error) {
      this.desk.say(error.message, true);
    }
  }

  /** As a row of strips or sliders. */
  rows() {
    return this.list.map(({ name, title, step, accuracy, how }) => ({ name, index: 0, title, how, accuracy, step, saved: true }));
  }
}

/** A button to save a direction or to delete a saved one, and what it opens: where its name is written. */
function savingOf(desk, row) {
  const { words, saved } = desk;
  if (!saved.mine) return [];
  const button = (code, run, ...children) => h("button", { type: "button", class: "gx-back", "data-do": code, "aria-label": words.get(`direction.${code}.of`, { name: row.title }), "data-tip": words.get(`direction.${code}.help`), onclick: run }, ...children);
  if (row.saved) return [button("forget", () => saved.forget(row.name), icon("close"))];
  const input = h("input", { type: "text", class: "gx-number gx-title", maxlength: "60", "aria-label": words.get("direction.title"), placeholder: words.get("direction.title") });
  const problem = h("small", { class: "gx-problem", role: "alert" });
  const said = h("p", { class: "gx-saving-said", role: "status" });
  const store = async () => {
    try {
      await saved.save({ name: row.name, index: row.index, how: row.how, accuracy: row.accuracy ?? null }, input.value);
      close();
      setText(said, words.get("direction.saved", { name: input.value.trim() }));
    } catch (error) {
      setText(problem, error.message);
      input.focus();
    }
  };
  const form = h("span", { class: "gx-saving-form gl-gone" }, input, h("button", { type: "button", class: "gl-button", "data-do": "store", onclick: store }, words.get("direction.store")), h("button", { type: "button", class: "gl-button", "aria-label": words.get("direction.cancel"), onclick: () => close() }, icon("close")), problem);
  const open = button("save", () => {
    form.classList.toggle("gl-gone");
    setText(said, "");
    if (form.classList.contains("gl-gone")) return;
    input.focus();
  }, icon("star"));
  const close = () => {
    form.classList.add("gl-gone");
    setText(problem, "");
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") store();
    if (event.key === "Escape") close();
  });
  return [open, form, said];
}

/** Rows of samples, a direction each. A row: {name, index, title, …}; `below(row)`: what stands under its strip. */
class StripRows {
  constructor(desk, lane, below, failed) {
    this.desk = desk;
    this.lane = lane;
    this.below = below;
    this.failed = failed;
    this.rows = [];
    const { words } = desk;
    const steps = Array.from({ length: STRIP_COLUMNS }, (_, i) => i - 3);
    this.head = h("div", { class: "gx-strip gx-strip-head", "aria-hidden": "true" }, h("span", {}), ...steps.map((step) => h("span", {}, words.get("sigma", { value: signed(words, step) }))));
    this.list = h("div", { class: "gx-strips" });
    this.box = h("div", { class: "gx-strips-all gl-gone" }, this.head, this.list);
  }

  set(rows) {
    this.rows = rows;
    this.box.classList.toggle("gl-gone", !rows.length);
    const { desk } = this;
    const { words } = desk;
    this.cells = rows.map((row) => Array.from({ length: STRIP_COLUMNS }, (_, i) => {
      const step = i - 3;
      return h("button", { type: "button", class: "gx-cell", "aria-pressed": "false", "aria-label": words.get("strip.cell", { name: row.title, value: signed(words, step) }), onclick: () => this.go(row, step) }, h("canvas", { "aria-hidden": "true" }));
    }));
    this.lower = rows.map((row) => h("div", { class: "gx-strip-below" }, ...this.below(row)));
    this.list.replaceChildren(...rows.map((row, r) => {
      const [button, ...form] = savingOf(desk, row);
      const name = h("span", { class: "gx-strip-name" }, h("span", {}, h("b", {}, row.title), row.note ? h("small", {}, row.note) : ""), button ?? "");
      return h("section", { class: "gx-strip-row", "aria-label": row.title }, h("div", { class: "gx-strip" }, name, ...this.cells[r]), ...form, this.lower[r]);
    }));
    this.ask();
  }

  /** What stands under the strips, anew. */
  rebelow() {
    this.rows.forEach((row, r) => this.lower[r].replaceChildren(...this.below(row)));
  }

  ask() {
    const { desk, rows } = this;
    if (!rows.length) return;
    const { state, look } = desk.walk;
    const by = Object.entries(state.moves).flatMap(([name, steps]) => Object.entries(steps).filter(([, far]) => far !== 0).map(([index, far]) => [name, Number(index), far]));
    const of = rows.map(({ name, index }) => [name, index]);
    desk.latest(this.lane, "strips", { place: state.base, by, of, columns: STRIP_COLUMNS, ...(state.layers ? { layers: state.layers } : {}), ...look }, (answer) => {
      if (rows !== this.rows) return;
      this.answer = answer;
      this.paint();
    }, (error) => this.failed(error));
    this.mark();
  }

  paint() {
    const { answer } = this;
    if (!answer) return;
    this.cells.flat().forEach((cell, i) => {
      if (i < answer.shapes.samples.shape[0]) this.desk.paintSample(cell.firstChild, answer, i, Math.max(28, roomIn(cell) - 6));
    });
    this.box.dataset.painted = String(Number(this.box.dataset.painted || 0) + 1);
  }

  /** Which picture of each strip is the current place. */
  mark() {
    const { moves } = this.desk.walk.state;
    this.rows.forEach(({ name, index }, r) => {
      const now = moves[name]?.[index] ?? 0;
      this.cells[r].forEach((cell, i) => cell.setAttribute("aria-pressed", String(Math.abs(i - 3 - now) < 0.02)));
    });
  }

  go({ name, index }, step) {
    const { walk } = this.desk;
    walk.end({ moves: { ...walk.state.moves, [name]: { ...walk.state.moves[name], [index]: step } } });
  }
}

function signed(words, step) {
  return step > 0 ? `+${words.number(step)}` : words.number(step);
}

/** How many times as much as by chance, as a bar with a mark where chance is. */
function meter(words, title, value, chance, text, help) {
  const times = chance > 1e-9 ? value / chance : 0;
  const bar = h("span", { class: "gx-meter-bar" }, h("i", {}), h("em", {}));
  bar.firstChild.style.width = `${(100 * Math.min(times, METER_FULL)) / METER_FULL}%`;
  bar.lastChild.style.left = `${100 / METER_FULL}%`;
  return h("span", { class: "gx-meter", "data-tip": help }, h("span", {}, title), bar, h("span", { class: "gx-meter-value" }, text ?? (chance > 1e-9 ? words.get("times", { value: words.number(times, 1) }) : words.get("times.none"))));
}

class DirectionsTool {
  static code = "directions";

  static fits() {
    return true;
  }

  constructor(desk) {
    this.desk = desk;
    const { words, memory } = desk;
    memory.directions ??= { how: foundHows(desk.about)[0], space: "z", shown: STRIPS_SHOWN };
    this.how = choice(words, "how", [...foundHows(desk.about), "chance", "axes", "saved"], (how) => this.set({ how, shown: STRIPS_SHOWN }));
    this.space = choice(words, "space", ["z", "w"], (space) => this.set({ space }));
    this.hint = h("p", { class: "gx-hint" });
    this.state = h("p", { class: "gx-state", role: "status" });
    this.measure = h("button", { type: "button", class: "gl-button", "data-do": "measure", "data-tip": words.get("measure.help", { samples: MEASURED_SAMPLES }), onclick: () => this.toggle() }, words.get("measure"));
    this.again = desk.searched.againButton(() => this.search());
    this.strips = new StripRows(desk, "directions", (row) => this.below(row), (error) => this.failed(error));
    this.more = h("button", { type: "button", class: "gl-button", onclick: () => this.set({ shown: this.said.shown + STRIPS_SHOWN }) }, words.get("sliders.more"));
    this.whole = h("div", { class: "gx-told" });
    this.box = h("div", {}, h("p", { class: "gx-hint" }, words.get("directions.hint")), h("div", { class: "gx-bar" }, this.how.box, this.space.box, this.measure, this.again), this.hint, this.state, this.strips.box, h("div", { class: "gx-bar" }, this.more), this.whole);
    this.measured = {};
    desk.saved.readers.push(() => desk.tool === this && this.said.how === "saved" && this.build());
  }

  get said() {
    return this.desk.memory.directions;
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

  hide() {
    this.stop();
  }

  moment() {
    this.desk.saved.load();
    this.refresh();
  }

  moved(ended) {
    if (ended) this.strips.ask();
    else this.strips.mark();
  }

  resize() {
    this.strips.paint();
  }

  refresh() {
    const { about, words } = this.desk;
    const { how } = this.said;
    if (!about.styles) this.said.space = "z";
    this.space.box.classList.toggle("gl-gone", !about.styles || how === "axes" || how === "saved");
    this.how.set(how);
    this.space.set(this.said.space);
    setText(this.hint, words.get(`how.${how}.text`));
    this.again.classList.toggle("gl-gone", !this.desk.searched.isOld(this.key));
    if (how === "saved" || this.desk.searched.sets[this.key]) this.build();
    else this.search();
  }

  async search() {
    const { desk, key } = this;
    this.strips.set([]);
    this.more.classList.add("gl-gone");
    this.measure.disabled = true;
    this.whole.replaceChildren();
    setText(this.state, desk.words.get("sliders.finding"));
    try {
      await desk.searched.find(this.said.how, this.said.space);
      if (key === this.key) this.refresh();
    } catch (error) {
      if (key === this.key) setText(this.state, error.message);
    }
  }

  /** All directions of the chosen set. */
  all() {
    const { desk, said } = this;
    const { words, about } = desk;
    if (said.how === "saved") {
      return desk.saved.rows().map((row) => ({ ...row, note: desk.atStep("direction.step", row.step) }));
    }
    const found = this.desk.searched.sets[this.key];
    const title = (k) => {
      if (said.how !== "axes") return words.get(`direction.${said.how}`, { index: k + 1 });
      return k < about.dim ? words.get("axis", { index: k + 1 }) : words.get("axis.code", { index: k - about.dim + 1 });
    };
    const note = (k) => (SHARES[found.how] ? words.number(found.share[k], 0, "percent") : "");
    const rows = found.sigma.map((_, k) => ({ name: found.name, index: k, title: title(k), note: note(k), how: said.how }));
    return [...rows.slice(about.dim), ...rows.slice(0, about.dim)]; // a code comes before the noise
  }

  build() {
    const { words } = this.desk;
    const all = this.all();
    const rows = all.slice(0, this.said.shown);
    this.more.classList.toggle("gl-gone", rows.length >= all.length);
    this.measure.disabled = !rows.length;
    setText(this.state, rows.length ? "" : words.get("saved.none"));
    if (this.said.how !== "saved") setText(this.hint, this.desk.searched.text(this.key));
    const wanted = JSON.stringify(rows);
    if (wanted === this.built) this.strips.ask();
    else this.strips.set(rows);
    this.built = wanted;
    this.showWhole();
  }

  failed(error) {
    if (error.kind !== "ConfigError" || this.searchedAgain) return this.desk.failed(error);
    this.searchedAgain = true; // what the server has forgotten is found again, once
    this.desk.searched.forget();
    this.built = "";
    return this.refresh();
  }

  // -- how much they change --------------------------------------------------------------------------------------

  toggle() {
    if (this.measuring) this.stop();
    else this.run();
  }

  stop() {
    this.measuring?.drop();
    this.measuring = null;
    this.idle();
  }

  idle() {
    setText(this.measure, this.desk.words.get("measure"));
    setText(this.state, "");
  }

  /** Measures the strips on the screen; of saved ones each is a set by itself. */
  async run() {
    const { desk } = this;
    const { words } = desk;
    const sets = new Map();
    for (const { name, index } of this.strips.rows) sets.set(name, [...(sets.get(name) ?? []), index]);
    setText(this.measure, words.get("measure.stop"));
    let done = 0;
    for (const [name, indices] of sets) {
      const tell = ({ share }) => setText(this.state, words.get("measure.running", { share: words.number((done + share) / sets.size, 0, "percent") }));
      tell({ share: 0 });
      const asked = desk.ask("measured", { name, indices, samples: MEASURED_SAMPLES, ...desk.walk.look }, tell);
      this.measuring = asked;
      try {
        const { facts } = await asked.done;
        for (const one of facts.directions) this.measured[`${name} ${one.index}`] = { ...facts, one };
        if (facts.told) this.measured[name] = facts;
        this.strips.rebelow();
        this.showWhole();
      } catch (error) {
        this.stop();
        setText(this.state, error.message);
        return;
      }
      if (this.measuring !== asked) return;
      done += 1;
    }
    this.measuring = null;
    this.idle();
  }

  below(row) {
    return measuredOf(this.desk, this.measured[`${row.name} ${row.index}`]);
  }

  /** What the whole set of directions says of the known factors. */
  showWhole() {
    const { words } = this.desk;
    const facts = this.said.how === "saved" ? null : this.measured[this.desk.searched.sets[this.key]?.name];
    if (!facts) return this.whole.replaceChildren();
    const { told } = facts;
    const lines = ["mig", "disentanglement", "completeness", "informativeness"].map((code) => h("tr", {},
      h("th", { scope: "row", "data-tip": words.get(`told.${code}.help`) }, words.get(`told.${code}`)), h("td", {}, words.number(told.found[code], 2)), h("td", {}, words.number(told.chance[code], 2))));
    const read = facts.factors.map(({ name, score, accuracy }) => words.get(accuracy === null ? "factor.score" : "factor.accuracy", { name: factorName(words, name), score: words.number(accuracy ?? score, accuracy === null ? 2 : 0, accuracy === null ? "decimal" : "percent") }));
    const left = words.list(facts.left_out.map(({ name }) => factorName(words, name)));
    return this.whole.replaceChildren(
      h("h3", {}, words.get("told.title")), h("table", { class: "gx-table" }, h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, words.get("told.found")), h("th", { scope: "col" }, words.get("told.chance")))), h("tbody", {}, ...lines)),
      h("p", { class: "gx-hint" }, words.joined([words.get("told.text", { samples: words.number(told.samples), directions: words.number(told.directions), step: words.number(facts.step), factors: words.list(read) }), left && words.get("told.left", { factors: left })])));
  }
}

function factorName(words, name) {
  return words.has(`factor.${name}`) ? words.get(`factor.${name}`) : name;
}

/** What was measured of a direction: bars, and a sentence. */
function measuredOf(desk, facts) {
  if (!facts) return [];
  const { words } = desk;
  const { one, control } = facts;
  const times = (value, chance) => words.number(chance > 1e-9 ? value / chance : 0, 1);
  const meters = [meter(words, words.get(`measured.${facts.unit}`), one.change, control.change, null, words.get(`measured.${facts.unit}.help`))];
  const says = [words.get(`measured.says.${facts.unit}`, { times: times(one.change, control.change), samples: words.number(facts.samples) })];
  if (one.classes !== null) {
    meters.push(meter(words, words.get("measured.classes"), one.classes, control.classes, words.number(one.classes, 0, "percent"), words.get("measured.classes.help")));
    says.push(words.get("measured.says.classes", { share: words.number(one.classes, 0, "percent"), chance: words.number(control.classes, 0, "percent") }));
  }
  if (one.logit !== null && control.logit !== null) meters.push(meter(words, words.get("measured.d"), one.logit, control.logit, null, words.get("measured.d.help")));
  if (one.factors?.length) {
    const ratios = one.factors.map((value, k) => (control.factors[k] > 1e-9 ? value / control.factors[k] : 0));
    one.factors.forEach((value, k) => meters.push(meter(words, factorName(words, facts.factors[k].name), value, control.factors[k], null, words.get("measured.factor.help"))));
    const k = ratios.indexOf(Math.max(...ratios));
    says.push(words.get("measured.says.factor", { factor: factorName(words, facts.factors[k].name), times: words.number(ratios[k], 1) }));
  }
  says.push(desk.atStep("measured.of", facts.step));
  return [h("div", { class: "gx-meters" }, ...meters), h("p", { class: "gx-strip-says" }, words.joined(says))];
}
