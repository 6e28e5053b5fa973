// Arithmetic with latents: averages of examples, a − b + c, the result, and what is most like it.

const GROUPS = ["a", "b", "c"];
const MOST_EXAMPLES = 4;
const NEIGHBOURS = 6;
const AMONG = 1000; // generated samples
const STILL_MS = 350; // nothing moves for so long: then neighbours are looked for

class ArithmeticTool {
  static code = "arithmetic";

  static fits() {
    return true;
  }

  constructor(desk) {
    this.desk = desk;
    const { words, memory, about } = desk;
    memory.arithmetic ??= { groups: GROUPS.map((_, g) => [1, 2, 3].map((i) => ({ seed: 3 * g + i }))), space: "z", keep: true, by: "pixels" };
    this.space = choice(words, "space", ["z", "w"], (space) => this.set({ space }));
    this.keep = h("input", { type: "checkbox", onchange: () => this.set({ keep: this.keep.checked }) });
    this.keepLine = h("label", { class: "gx-check", "data-tip": words.get("arithmetic.keep.help") }, this.keep, h("span", {}, words.get("pad.keep")));
    const again = h("button", { type: "button", class: "gl-button", onclick: () => this.set({ groups: this.said.groups.map((places) => places.map(() => desk.seeded(chanceSeed()))) }, true) }, icon("random"), h("span", {}, words.get("arithmetic.others")));
    this.rows = GROUPS.map((name) => ({ slots: h("div", { class: "gx-examples" }), average: h("canvas", { class: "gx-average", role: "img", "aria-label": words.get("arithmetic.average", { name }) }) }));
    this.board = h("div", { class: "gx-groups" }, ...GROUPS.flatMap((name, g) => [
      h("b", { class: "gx-term", "data-tip": words.get(`arithmetic.${name}.help`) }, words.get(`arithmetic.${name}`)), this.rows[g].slots,
      h("figure", { class: "gx-mean" }, this.rows[g].average, h("figcaption", {}, words.get("arithmetic.mean"))),
    ]));
    this.canvas = h("canvas", { class: "gx-sum", role: "img", "aria-label": words.get("arithmetic.result") });
    this.go = h("button", { type: "button", class: "gl-button", "data-do": "go", onclick: () => desk.walk.go(this.result) }, icon("forth"), h("span", {}, words.get("slot.go")));
    this.length = h("p", { class: "gx-hint" });
    const result = h("figure", { class: "gx-outcome" }, h("figcaption", {}, words.get("arithmetic.result")), this.canvas, this.length, this.go);
    this.by = choice(words, "arithmetic.by", ["pixels", "features"], (by) => this.set({ by }));
    this.by.box.classList.toggle("gl-gone", about.kind === "points" || !about.known);
    this.state = h("p", { class: "gx-state", role: "status" });
    this.among = h("h3", {}, words.get("arithmetic.generated", { count: words.number(AMONG) }));
    this.generated = h("div", { class: "gx-neighbours" });
    this.real = h("div", { class: "gx-neighbours" });
    this.box = h("div", { class: "gx-arithmetic" }, h("p", { class: "gx-hint" }, words.get("arithmetic.hint")), h("div", { class: "gx-bar" }, this.space.box, this.keepLine, again),
      h("div", { class: "gx-equation" }, this.board, result),
      h("section", { class: "gx-around" }, h("div", { class: "gx-bar" }, h("b", {}, words.get("arithmetic.near")), this.by.box, this.state),
        this.among, this.generated, ...(about.known ? [h("h3", {}, words.get("arithmetic.real")), this.real] : [])));
    this.build();
  }

  get said() {
    return this.desk.memory.arithmetic;
  }

  get averages() {
    const { groups, space, keep } = this.said;
    return groups.map((places) => ({ blend: places.map((place) => [place, 1 / places.length]), space, keep }));
  }

  get result() {
    const { space, keep } = this.said;
    const [a, b, c] = this.averages;
    return { blend: [[a, 1], [b, -1], [c, 1]], space, keep };
  }

  set(change, rebuilt = false) {
    Object.assign(this.said, change);
    if (rebuilt) this.build();
    this.refresh();
  }

  regroup(g, places) {
    this.set({ groups: this.said.groups.map((old, k) => (k === g ? places : old)) }, true);
  }

  build() {
    const { desk } = this;
    const { words } = desk;
    this.slots = this.said.groups.map((places, g) => places.map((place, i) => {
      const remove = places.length > 1 ? [["remove", () => this.regroup(g, places.filter((_, k) => k !== i))]] : [];
      return new Slot(desk, words.get("arithmetic.example", { name: GROUPS[g], index: i + 1 }), place, (chosen) => {
        this.said.groups = this.said.groups.map((old, k) => (k === g ? old.map((other, j) => (j === i ? chosen : other)) : old));
        this.refresh();
      }, remove);
    }));
    this.rows.forEach(({ slots }, g) => {
      const places = this.said.groups[g];
      const add = h("button", { type: "button", class: "gl-button gx-add", "aria-label": words.get("arithmetic.add", { name: GROUPS[g] }), "data-tip": words.get("arithmetic.add", { name: GROUPS[g] }), onclick: () => this.regroup(g, [...places, desk.seeded(chanceSeed())]) }, icon("plus"));
      slots.replaceChildren(...this.slots[g].map((slot) => slot.box), ...(places.length < MOST_EXAMPLES ? [add] : []));
    });
  }

  show() {
    this.refresh();
  }

  hide() {
    this.leave();
  }

  moment() {
    this.refresh();
  }

  leave() {
    clearTimeout(this.timer);
    this.pending?.drop();
    this.pending = null;
  }

  refresh() {
    const { desk } = this;
    const { words, about } = desk;
    this.space.box.classList.toggle("gl-gone", !about.styles);
    if (!about.styles) this.said.space = "z";
    this.space.set(this.said.space);
    this.by.set(this.said.by);
    this.keep.checked = this.said.keep;
    this.keepLine.classList.toggle("gl-gone", this.said.space === "w");
    const slots = this.slots.flat();
    desk.latest("arithmetic", "draw", { places: [...this.said.groups.flat(), ...this.averages, this.result], more: true, ...desk.walk.look }, (answer) => {
      const count = answer.facts.at.length;
      if (count !== this.slots.flat().length + GROUPS.length + 1) return; // another board by now
      this.slots.flat().forEach((slot, i) => slot.paint(answer, i));
      this.drawn = answer;
      this.paint();
    });
    this.leave();
    this.timer = setTimeout(() => this.search(), STILL_MS);
    setText(this.state, words.get("arithmetic.looking"));
    this.box.dataset.examples = String(slots.length);
  }

  paint() {
    const { desk, drawn } = this;
    if (!drawn) return;
    const { words, about } = desk;
    const last = drawn.facts.at.length - 1;
    this.rows.forEach(({ average }, g) => desk.paintSample(average, drawn, last - GROUPS.length + g, 72));
    desk.paintSample(this.canvas, drawn, last, 180);
    const norm = drawn.facts.norms[last];
    const usual = about.distribution === "uniform" ? Math.sqrt(about.dim / 3) : Math.sqrt(about.dim);
    setText(this.length, norm === null ? "" : words.get("arithmetic.length", { value: words.number(norm, 1), usual: words.number(usual, 1) }));
    this.box.dataset.at = drawn.facts.at[last];
  }

  async search() {
    const { desk } = this;
    const { words } = desk;
    const pending = desk.ask("arithmetic.near", { place: this.result, by: this.said.by, count: AMONG, k: NEIGHBOURS, ...desk.walk.look }, (answer) => pending === this.pending && answer.arrays.samples && this.showGenerated(answer));
    this.pending = pending;
    try {
      const answer = await pending.done;
      if (pending !== this.pending) return;
      this.showGenerated(answer);
      this.showReal(answer);
      const { by, features } = answer.facts;
      const instead = this.said.by === "features" && by === "pixels" && desk.about.kind === "images";
      setText(this.state, instead ? words.get("arithmetic.instead") : by === "features" ? words.get("arithmetic.compared", { features: words.judge(features) }) : "");
    } catch (error) {
      if (pending === this.pending) setText(this.state, error.message);
    }
  }

  away(answer, value) {
    const { words, about } = this.desk;
    if (about.kind === "points" || answer.facts.by === "features") return words.short(value);
    return words.number(value, 1, "percent");
  }

  showGenerated(answer) {
    const { desk } = this;
    const { words } = desk;
    setText(this.among, words.get("arithmetic.generated", { count: words.number(answer.facts.count) }));
    this.generated.replaceChildren(...answer.facts.at.map((at, i) => {
      const canvas = h("canvas", { "aria-hidden": "true" });
      desk.paintSample(canvas, answer, i, 64);
      const away = this.away(answer, answer.facts.distances[i]);
      return h("button", { type: "button", class: "gx-neighbour", "aria-label": words.get("arithmetic.go", { index: i + 1, away }), onclick: () => desk.walk.go({ at }) }, canvas, h("span", {}, away));
    }));
  }

  showReal(answer) {
    const { desk } = this;
    const { words } = desk;
    const { real_distances: distances, real_labels: labels } = answer.facts;
    if (!distances.length) return this.real.replaceChildren(h("p", { class: "gx-hint" }, words.get("arithmetic.real.none")));
    return this.real.replaceChildren(...distances.map((distance, i) => {
      const label = labels[i] ?? "";
      const canvas = h("canvas", { role: "img", "aria-label": words.get("arithmetic.real.one", { index: i + 1, label }) });
      desk.paintSample(canvas, answer, i, 64, "real");
      return h("figure", { class: "gx-neighbour gx-neighbour-real" }, canvas, h("figcaption", {}, [label, this.away(answer, distance)].filter(Boolean).join(" · ")));
    }));
  }

  resize() {
    this.paint();
  }
}
