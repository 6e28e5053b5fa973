// The training pictures nearest to the current place: is it one of them, learned by heart?

class NearestTool {
  static code = "nearest";

  static fits(about) {
    return about.kind === "images" && about.known; // of points there is an endless number: none of them is the nearest
  }

  constructor(desk) {
    this.desk = desk;
    const { words, memory } = desk;
    memory.nearest ??= { by: "pixels" };
    this.by = choice(words, "close.by", ["pixels", "features"], (by) => this.compare(by));
    this.by.set(this.said.by);
    this.by.box.classList.add("gl-gone"); // until it is known that there are features to choose
    this.own = h("figure", { class: "gx-near-own" }, h("canvas", { role: "img", "aria-label": words.get("nearest.own") }), h("figcaption", {}, words.get("nearest.own")));
    this.row = h("div", { class: "gx-near-row" }, this.own);
    this.unit = h("p", { class: "gx-hint" });
    this.yard = h("canvas", { role: "img" });
    this.yardText = h("p", { class: "gx-hint" });
    this.judgement = h("p", { class: "gx-near-judgement", role: "status" });
    this.found = h("div", { class: "gx-near gl-gone" }, this.judgement, this.row, this.unit, this.yard, this.yardText);
    this.state = h("p", { class: "gx-state", role: "status" });
    this.box = h("div", {}, h("p", { class: "gx-hint" }, words.get("nearest.hint")), h("div", { class: "gx-bar" }, this.by.box), this.state, this.found);
  }

  get said() {
    return this.desk.memory.nearest;
  }

  compare(by) {
    this.said.by = by;
    this.ask();
  }

  show() {
    this.ask();
  }

  moment() {
    this.ask();
  }

  moved(ended) {
    if (ended) this.ask();
  }

  hide() {
    this.pending?.drop();
    this.pending = null;
  }

  /** The place as it is now. What was asked before is not waited for any more. */
  async ask() {
    const { desk } = this;
    const { words } = desk;
    this.hide();
    this.found.classList.add("gx-stale");
    const question = desk.ask("nearest", { place: desk.walk.place, by: this.said.by, ...desk.walk.look }, ({ facts }) => {
      if (facts.preparing) setText(this.state, words.get("close.preparing"));
    });
    this.pending = question;
    try {
      const answer = await question.done;
      if (this.pending !== question) return;
      this.pending = null;
      this.answer = answer;
      this.paint();
    } catch (error) {
      if (this.pending === question) setText(this.state, error.message);
    }
  }

  paint() {
    const { words } = this.desk;
    const { facts, arrays, shapes } = this.answer;
    this.by.box.classList.toggle("gl-gone", !facts.features);
    setText(this.state, facts.found ? "" : words.get("close.nothing"));
    this.found.classList.toggle("gl-gone", !facts.found);
    this.found.classList.remove("gx-stale");
    if (!facts.found) return;
    const smooth = Math.max(...this.desk.about.shape.slice(1)) > 64;
    paintPixels(this.own.firstChild, arrays.samples, shapes.samples.shape, 0);
    this.own.firstChild.classList.toggle("gx-smooth", smooth);
    this.row.replaceChildren(this.own, ...facts.distances.map((distance, i) => {
      const said = [facts.names?.[i], asDistance(words, distance, facts.by)].filter((part) => part !== undefined).join(" · ");
      const label = words.get("close.neighbour", { place: words.number(i + 1), distance: said });
      const canvas = h("canvas", { role: "img", "aria-label": label, "data-tip": words.get("nearest.row", { row: words.number(facts.rows[i] + 1), distance: said }), class: smooth ? "gx-smooth" : "" });
      paintPixels(canvas, arrays.nearest, shapes.nearest.shape, i);
      return h("figure", { "data-row": String(facts.rows[i]), "data-distance": String(distance) }, canvas, h("figcaption", {}, said));
    }));
    setText(this.unit, words.get(`close.distance.${facts.by}`, { features: words.judge(facts.features) }));
    setText(this.judgement, judgedBy(words, facts.by, facts.nearer));
    const usable = facts.held_out.length > 0;
    for (const part of [this.yard, this.yardText]) part.classList.toggle("gl-gone", !usable);
    setText(this.yardText, words.get("close.yard", { count: words.number(facts.held_out.length) }));
    this.resize();
  }

  resize() {
    const facts = this.answer?.facts;
    if (!facts?.held_out?.length) return;
    const { words, theme } = this.desk;
    paintYard(this.yard, roomIn(this.row), { yard: facts.held_out, distance: facts.distances[0], by: facts.by, role: "fake" }, words, theme);
    this.yard.setAttribute("aria-label", words.joined([this.yardText.textContent, asDistance(words, facts.distances[0], facts.by)]));
  }
}
