// Directions with a name: by a predicted class, by what D says, by a known factor, or by samples that somebody marks; with others locked.

const MARKED_GRID = 24;

class NamedTool {
  static code = "named";

  static fits() {
    return true;
  }

  constructor(desk) {
    this.desk = desk;
    const { words, memory } = desk;
    memory.named ??= { by: null, space: "z", klass: 0, factor: null, value: 0, locked: [], marks: [], grid: Array.from({ length: MARKED_GRID }, chanceSeed), results: [] };
    this.by = choice(words, "named.by", ["class", "d", "factor", "marks"], (by) => this.set({ by }));
    this.space = choice(words, "space", ["z", "w"], (space) => this.set({ space, locked: [] }));
    this.text = h("p", { class: "gx-hint" });
    const select = (code, changed) => h("select", { class: "gl-select", "aria-label": words.get(code), onchange: (event) => changed(event.target.value) });
    this.classes = select("named.class", (value) => this.set({ klass: Number(value) }));
    this.factor = select("named.factor", (factor) => this.set({ factor, value: 0 }));
    this.value = select("named.value", (value) => this.set({ value: Number(value) }));
    this.grid = h("div", { class: "gx-marking" });
    this.count = h("span", { class: "gx-state", role: "status" });
    const button = (code, run) => h("button", { type: "button", class: "gl-button", "data-do": code, onclick: run }, words.get(`marks.${code}`));
    this.marking = h("div", { class: "gx-marks" }, h("div", { class: "gx-bar" }, button("again", () => this.set({ grid: Array.from({ length: MARKED_GRID }, chanceSeed) })), button("clear", () => this.set({ marks: [] })), this.count), this.grid);
    this.locks = h("div", { class: "gx-bar gx-locks" });
    this.find = h("button", { type: "button", class: "gl-button", "data-do": "find", onclick: () => this.toggle() }, words.get("named.find"));
    this.state = h("p", { class: "gx-state", role: "status" });
    this.strips = new StripRows(desk, "named", (row) => this.below(row), (error) => this.lost(error));
    this.box = h("div", {}, h("p", { class: "gx-hint" }, words.get("named.hint")), h("div", { class: "gx-bar" }, this.by.box, this.classes, this.factor, this.value, this.space.box), this.text, this.marking, this.locks, h("div", { class: "gx-bar" }, this.find, this.state), this.strips.box);
    desk.saved.readers.push(() => desk.tool === this && this.refresh());
  }

  get said() {
    return this.desk.memory.named;
  }

  set(change) {
    Object.assign(this.said, change);
    this.refresh();
  }

  show() {
    this.desk.saved.load();
    this.desk.latest("factors", "factors", {}, ({ facts }) => {
      this.factors = facts.factors;
      this.refresh();
    });
    this.refresh();
  }

  hide() {
    this.stop();
  }

  moment() {
    this.desk.saved.load();
    this.painted = "";
    this.refresh();
  }

  moved(ended) {
    if (ended) this.strips.ask();
    else this.strips.mark();
  }

  resize() {
    this.strips.paint();
    this.paint();
  }

  /** By what a direction can be found here. */
  get ways() {
    const { about } = this.desk;
    const images = about.kind === "images";
    const ways = { class: images && about.labels.length > 0 && !(about.classes.length && !about.found), d: about.judged, factor: images && Boolean(this.factors?.length), marks: true };
    return Object.keys(ways).filter((code) => ways[code]);
  }

  refresh() {
    const { about, words } = this.desk;
    const { said, ways } = this;
    if (!about.styles) said.space = "z";
    if (said.by === null || (!ways.includes(said.by) && this.factors)) said.by = ways[0];
    for (const [code, button] of Object.entries(this.by.buttons)) button.classList.toggle("gl-gone", !ways.includes(code));
    this.by.set(said.by);
    this.space.box.classList.toggle("gl-gone", !about.styles);
    this.space.set(said.space);
    setText(this.text, words.get(`named.${said.by}.text`));
    this.options(this.classes, said.by === "class", about.labels ?? [], said.klass);
    const factors = this.factors ?? [];
    if (!factors.some(({ name }) => name === said.factor)) said.factor = factors[0]?.name ?? null;
    this.options(this.factor, said.by === "factor", factors.map(({ name }) => factorName(words, name)), said.factor, factors.map(({ name }) => name));
    const chosen = factors.find(({ name }) => name === said.factor);
    this.options(this.value, said.by === "factor" && chosen?.kind === "choice", Array.from({ length: chosen?.count ?? 0 }, (_, k) => this.valueName(said.factor, k)), said.value);
    this.marking.classList.toggle("gl-gone", said.by !== "marks");
    if (said.by === "marks") this.showMarks();
    this.showLocks();
    this.enable();
    const rows = said.results.map((one) => ({ name: one.name, index: 0, title: one.title, how: one.by, accuracy: one.accuracy, note: "", facts: one }));
    const wanted = JSON.stringify(rows);
    if (wanted === this.built) this.strips.ask();
    else this.strips.set(rows);
    this.built = wanted;
  }

  options(select, shown, names, value, values = names.map((_, k) => String(k))) {
    select.classList.toggle("gl-gone", !shown);
    if (!shown) return;
    const wanted = names.join("\n");
    if (select.dataset.of !== wanted) select.replaceChildren(...names.map((name, k) => h("option", { value: values[k] }, name)));
    select.dataset.of = wanted;
    select.value = String(value);
  }

  /** The first factor is the label of the set; the values of the others have numbers. */
  valueName(factor, k) {
    const { about, words } = this.desk;
    return factor === about.factors[0] && about.labels.length < 100 ? about.labels[k] : words.get("named.value.number", { value: k });
  }

  // -- marks -----------------------------------------------------------------------------------------------------

  markOf(place) {
    const key = JSON.stringify(place);
    return this.said.marks.find((mark) => mark.key === key)?.kind ?? "";
  }

  /** These, the others, neither. */
  turn(place) {
    const key = JSON.stringify(place);
    const kind = { "": "these", these: "others", others: "" }[this.markOf(place)];
    const marks = this.said.marks.filter((mark) => mark.key !== key);
    this.said.marks = kind ? [...marks, { key, place, kind }] : marks;
    this.mark();
  }

  showMarks() {
    const { desk, said } = this;
    const wanted = JSON.stringify([desk.step, said.grid, desk.walk.look]);
    if (this.painted !== wanted) {
      this.painted = wanted;
      const places = said.grid.map((seed) => desk.seeded(seed));
      this.cells = places.map((place) => h("button", { type: "button", class: "gx-cell gx-mark", onclick: () => this.turn(place) }, h("canvas", { "aria-hidden": "true" }), h("i", { "aria-hidden": "true" })));
      this.places = places;
      this.grid.replaceChildren(...this.cells);
      desk.latest("marks", "draw", { places, ...desk.walk.look }, (answer) => {
        this.samples = answer;
        this.paint();
      });
    }
    this.mark();
  }

  paint() {
    if (!this.samples || !this.cells) return;
    this.cells.forEach((cell, i) => this.desk.paintSample(cell.firstChild, this.samples, i, Math.max(28, roomIn(cell) - 6)));
    this.grid.dataset.painted = "true";
  }

  counts() {
    return ["these", "others"].map((kind) => this.said.marks.filter((mark) => mark.kind === kind).length);
  }

  mark() {
    const { words } = this.desk;
    this.cells?.forEach((cell, i) => {
      const kind = this.markOf(this.places[i]);
      cell.dataset.mark = kind;
      setText(cell.lastChild, { these: "+", others: "\u2212" }[kind] ?? "");
      cell.setAttribute("aria-label", words.get("marks.cell", { index: i + 1, kind: words.get(kind ? `marks.${kind}` : "marks.none") }));
    });
    const [these, others] = this.counts();
    setText(this.count, words.get("marks.count", { these, others }));
    this.enable();
  }

  enable() {
    this.find.disabled = !this.finding && this.said.by === "marks" && Math.min(...this.counts()) < 4;
  }

  // -- what is locked --------------------------------------------------------------------------------------------

  lockable() {
    const { said, desk } = this;
    const known = [...desk.saved.list.map(({ name, title, space }) => ({ name, title, space })), ...said.results];
    return known.filter(({ space }) => space === said.space);
  }

  showLocks() {
    const { words } = this.desk;
    const known = this.lockable();
    this.said.locked = this.said.locked.filter((name) => known.some((one) => one.name === name));
    this.locks.replaceChildren(h("span", { class: "gx-line", "data-tip": words.get("named.locked.help") }, words.get("named.locked")), ...(known.length ? known.map(({ name, title }) => {
      const box = h("input", { type: "checkbox", onchange: () => {
        this.said.locked = box.checked ? [...this.said.locked, name] : this.said.locked.filter((other) => other !== name);
      } });
      box.checked = this.said.locked.includes(name);
      return h("label", { class: "gx-check" }, box, h("span", {}, title));
    }) : [h("span", { class: "gx-state" }, words.get("named.locked.none"))]));
  }

  // -- to find one -----------------------------------------------------------------------------------------------

  toggle() {
    if (this.finding) this.stop();
    else this.run();
  }

  stop() {
    this.finding?.drop();
    this.finding = null;
    setText(this.find, this.desk.words.get("named.find"));
    setText(this.state, "");
    this.enable();
  }

  title() {
    const { words, about } = this.desk;
    const { by, klass, factor, value } = this.said;
    if (by === "class") return words.get("named.title.class", { name: about.labels[klass] });
    if (by === "factor") return this.value.classList.contains("gl-gone") ? factorName(words, factor) : words.pair(factorName(words, factor), this.valueName(factor, value));
    return words.get(`named.by.${by}`);
  }

  async run() {
    const { desk, said } = this;
    const { words } = desk;
    const { by, space } = said;
    const locks = this.lockable().filter(({ name }) => said.locked.includes(name));
    const more = {
      class: () => ({ class: said.klass }), d: () => ({}), factor: () => ({ factor: said.factor, value: said.value }),
      marks: () => Object.fromEntries(["these", "others"].map((kind) => [kind, said.marks.filter((mark) => mark.kind === kind).map(({ place }) => place)])),
    }[by]();
    const title = this.title() + (locks.length ? ` (${words.get("named.without", { names: words.list(locks.map((one) => one.title)) })})` : "");
    setText(this.find, words.get("measure.stop"));
    const tell = ({ share }) => setText(this.state, words.get("named.finding", { share: words.number(share, 0, "percent") }));
    tell({ share: 0 });
    const asked = desk.ask("name", { by, space, ...(desk.about.classes.length && !desk.about.found ? { place: desk.walk.place } : {}), locked: locks.map(({ name }) => [name, 0]), ...more, ...desk.walk.look }, tell);
    this.finding = asked;
    try {
      const { facts } = await asked.done;
      const result = { ...facts, title, locks: locks.map((one) => one.title) };
      said.results = [result, ...said.results.filter((one) => one.name !== facts.name)].slice(0, 12);
      this.stop();
      this.refresh();
    } catch (error) {
      this.stop();
      setText(this.state, error.message);
    }
  }

  below(row) {
    const { words } = this.desk;
    const { accuracy, held_out: held, learned, these, others, left, locks, step } = row.facts;
    const says = [words.get("named.says", { accuracy: words.number(accuracy, 0, "percent"), held: words.number(held), learned: words.number(learned), these: words.number(these), others: words.number(others) }), this.desk.atStep("directions.of", step)];
    if (held < 20) says.push(words.get("named.says.few"));
    else if (accuracy < 0.6) says.push(words.get("named.says.poor"));
    if (locks.length) says.push(words.get("named.says.locked", { names: words.list(locks), left: words.number(left, 0, "percent") }));
    return [h("p", { class: "gx-strip-says" }, words.joined(says))];
  }

  /** What the server has forgotten is not offered any more. */
  lost(error) {
    this.desk.failed(error);
    if (error.kind !== "ConfigError" || !this.said.results.length) return;
    this.said.results = [];
    this.refresh();
  }
}
