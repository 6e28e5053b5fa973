// One picture of a grid looked at closely, beside its enlargement: what D says of it, what D looks at, the nearest training pictures.

const CLOSE_WIDE = 860; // pixels of a window from which the words stand beside the picture, not under it
const CLOSE_LATE_MS = 6000;
const SALIENT = [255, 60, 205]; // stands out from black, white and grey, and is no player's colour

class Closely {
  /** `changed`: the enlargement has to be painted again. */
  constructor(ui, changed) {
    this.ui = ui;
    this.changed = changed;
    const { words, memory } = ui;
    memory.closely ??= { saliency: false, by: "pixels" };
    this.saliency = h("button", { type: "button", class: "gl-toggle gl-close-saliency", "aria-pressed": String(memory.closely.saliency),
      onclick: () => this.toggle() }, words.get("close.saliency"));
    this.legend = h("div", { class: "gl-close-legend" }, this.saliency, h("div", { class: "gl-close-key" }, h("span", {}, words.get("close.saliency.low")),
      h("i", { class: "gl-close-ramp" }), h("span", {}, words.get("close.saliency.high"))), h("p", {}, words.get("close.saliency.text")));
    this.says = h("b", {});
    this.means = h("p", {});
    this.packed = h("p", {});
    this.verdict = h("section", {}, h("h3", {}, words.get("close.d")), this.says, this.means, this.packed);
    this.ways = Object.fromEntries(["pixels", "features"].map((by) => [by, h("button", { type: "button", class: "gl-choice", "data-by": by,
      onclick: () => this.compare(by) }, words.get(`close.by.${by}`))]));
    this.choice = h("span", { class: "gl-switch", role: "group", "aria-label": words.get("close.by") }, ...Object.values(this.ways));
    this.row = h("div", { class: "gl-close-row" });
    this.unit = h("p", {});
    this.yard = h("canvas", { role: "img" });
    this.yardText = h("p", {});
    this.judgement = h("p", { class: "gl-close-judgement" });
    this.found = h("div", {}, this.row, this.unit, this.yard, this.yardText, this.judgement);
    this.state = h("p", { class: "gl-close-state", role: "status" });
    this.nearest = h("section", {}, h("div", { class: "gl-close-title" }, h("h3", {}, words.get("close.nearest")), this.choice), this.found);
    this.box = h("div", { class: "gl-close-side" }, this.state, this.verdict, this.nearest);
  }

  // -- what is asked -----------------------------------------------------------------------------------------------

  get name() {
    const { role, cell, by } = this.asked;
    return `close:${role}.${cell}${by === "features" ? ".features" : ""}`;
  }

  look(role, cell) {
    this.asked = { role, cell, by: this.ui.memory.closely.by };
    this.frame = null;
    this.ask();
  }

  ask() {
    if (!this.ui.data.run) return;
    this.since = performance.now();
    clearTimeout(this.late);
    this.late = setTimeout(() => this.asked && this.changed(), CLOSE_LATE_MS + 50);
    this.ui.link.want("closely", [this.name]);
    this.again(this.ui.timeline.shown);
  }

  /** A moment of the past is sent once; asks for it anew, with what is wanted now. */
  again(step) {
    this.asking = step;
    this.ui.timeline.again();
  }

  leave() {
    this.asked = null;
    clearTimeout(this.late);
    this.ui.link.want("closely", []);
  }

  compare(by) {
    this.ui.memory.closely.by = by;
    this.asked.by = by;
    this.ask();
    this.changed();
  }

  toggle() {
    const { closely } = this.ui.memory;
    closely.saliency = !closely.saliency;
    this.saliency.setAttribute("aria-pressed", String(closely.saliency));
    this.changed();
  }

  // -- what is shown -----------------------------------------------------------------------------------------------

  /** The answer in this frame, or the last one to the same question: not each frame has one. */
  show(frame) {
    const answered = (seen) => seen?.header.closely?.[this.name] && seen.header.run === this.ui.data.run;
    if (answered(frame)) this.frame = frame;
    else if (!answered(this.frame)) this.frame = null;
    const past = frame?.header.status === "past" ? frame.header.step : null; // it may have been on its way before the question
    if (past !== null && !answered(frame) && this.asking !== past) this.again(past);
    const facts = this.frame?.header.closely[this.name];
    const { words } = this.ui;
    const late = performance.now() - this.since > CLOSE_LATE_MS;
    setText(this.state, facts ? "" : words.get(!this.ui.data.run ? "close.start" : late ? "close.late" : "close.wait"));
    const silent = facts?.logit === null && facts.means.real === null && facts.means.fake === null; // no D, or one that is no number
    this.verdict.classList.toggle("gl-gone", !facts || silent);
    this.nearest.classList.toggle("gl-gone", !facts && !this.known);
    this.legend.classList.toggle("gl-gone", !this.map);
    this.legend.classList.toggle("gl-close-off", !this.ui.memory.closely.saliency);
    if (!facts) return this.found.classList.add("gl-gone");
    this.known = true;
    this.showVerdict(facts);
    this.showNearest(facts);
  }

  get map() {
    return this.frame?.arrays[`${this.name}:saliency`];
  }

  showVerdict({ logit, chance, means, packed }) {
    const { words } = this.ui;
    if (logit === undefined) {
      setText(this.says, "");
      setText(this.means, words.get("close.gone"));
      setText(this.packed, "");
      return;
    }
    const output = words.get("close.output", { value: words.short(logit ?? NaN) });
    setText(this.says, chance === null ? output : `${words.get("close.chance", { value: words.number(chance, 0, "percent") })} · ${output}`);
    setText(this.means, words.get("close.means", { real: words.short(means.real ?? NaN), fake: words.short(means.fake ?? NaN) }));
    setText(this.packed, packed > 1 ? words.get("close.packed", { count: words.number(packed) }) : "");
  }

  showNearest(facts) {
    const { words } = this.ui;
    const { features, distances, ready } = facts;
    for (const [by, button] of Object.entries(this.ways)) button.setAttribute("aria-pressed", String(by === this.asked.by));
    if (features !== undefined) this.choice.classList.toggle("gl-gone", !features);
    this.found.classList.toggle("gl-gone", !distances);
    if (!distances) return setText(this.state, words.get(ready ? "close.nothing" : "close.preparing"));
    this.showPictures(facts);
    setText(this.unit, words.get(`close.distance.${facts.by}`, { features: words.judge(features) }));
    const { held_out: yard } = facts;
    const usable = yard.length > 0;
    for (const part of [this.yard, this.yardText]) part.classList.toggle("gl-gone", !usable);
    setText(this.yardText, words.get("close.yard", { count: words.number(yard.length) }));
    setText(this.judgement, this.judged(facts));
    if (!usable) return;
    paintYard(this.yard, roomIn(this.box), { yard, distance: distances[0], by: facts.by, role: this.asked.role }, words, this.ui.theme);
    this.yard.setAttribute("aria-label", words.joined([this.yardText.textContent, asDistance(words, distances[0], facts.by)]));
  }

  judged({ by, nearer }) {
    return this.asked.role === "real" ? this.ui.words.get("close.itself") : judgedBy(this.ui.words, by, nearer);
  }

  showPictures({ distances, names, by }) {
    const { words } = this.ui;
    const pictures = this.frame.arrays[`${this.name}:nearest`];
    const shape = this.frame.header.arrays[`${this.name}:nearest`].shape;
    while (this.row.children.length < distances.length) this.row.append(h("figure", {}, h("canvas", { role: "img" }), h("figcaption", {})));
    while (this.row.children.length > distances.length) this.row.lastChild.remove();
    distances.forEach((value, i) => {
      const [canvas, caption] = this.row.children[i].children;
      paintPixels(canvas, pictures, shape, i);
      const said = [names?.[i], asDistance(words, value, by)].filter((part) => part !== undefined).join(" · ");
      setText(caption, said);
      canvas.setAttribute("aria-label", words.get("close.neighbour", { place: words.number(i + 1), distance: said }));
    });
  }

  /** Lays what D looks at over the enlarged picture. The strongest hundredth counts as one: a single pixel must not hide the rest. */
  overlay(context, width, height) {
    const { map } = this;
    if (!map || !this.ui.memory.closely.saliency) return;
    const [rows, columns] = this.frame.header.arrays[`${this.name}:saliency`].shape;
    const sorted = [...map].filter(Number.isFinite).sort((a, b) => a - b);
    const high = sorted[Math.floor(0.99 * (sorted.length - 1))];
    if (!(high > 0)) return;
    const canvas = canvasOf(columns, rows);
    const inner = canvas.getContext("2d");
    const image = inner.createImageData(columns, rows);
    map.forEach((value, i) => image.data.set([...SALIENT, 255 * Math.min(1, value / high) || 0], 4 * i));
    inner.putImageData(image, 0, 0);
    context.fillStyle = "rgb(0 0 0 / 0.45)";
    context.fillRect(0, 0, width, height);
    context.imageSmoothingEnabled = Math.max(rows, columns) > 64;
    context.drawImage(canvas, 0, 0, width, height);
  }
}
