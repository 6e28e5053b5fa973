// Histograms of the discriminator's outputs: on the real and the generated points of the picture; of pictures on some that it learns, some that
// were held out from it, and some that are generated.

const OUTPUT_BINS = 32;
const OUTPUTS_HEIGHT = 132;
const OUTPUTS_PAD = { left: 8, right: 8, top: 8, bottom: 24 };
const OUTPUT_KINDS = { points: ["real", "fake"], images: ["real", "held", "fake"] };
const OUTPUT_DASHES = { real: [], held: [2, 2], fake: [5, 3] };
const SURE_ERRORS = 3; // standard errors by which two means must differ before a share of their distance is said

class OutputsView {
  constructor(ui, memory) {
    this.ui = ui;
    this.memory = memory;
    const { words } = ui;
    this.canvas = h("canvas", { role: "img", "aria-label": words.get("outputs") });
    this.pictures = ui.data.kind !== "points";
    this.kinds = this.pictures ? OUTPUT_KINDS.images : OUTPUT_KINDS.points;
    this.means = Object.fromEntries(this.kinds.map((kind) => [kind, h("b", {}, "–")]));
    const word = (kind) => words.get(this.pictures ? `outputs.pictures.${kind}` : `outputs.${kind}`);
    const keys = this.kinds.map((kind) => h("span", { class: "gl-series" }, icon(kind), h("span", {}, word(kind)), this.means[kind]));
    this.stage = h("div", { class: "gl-outputs-stage" }, this.canvas);
    this.from = h("span", {});
    this.way = h("b", {});
    this.look = h("span", {});
    this.note = h("p", { class: this.pictures ? "gl-outputs-note" : "gl-gone" }, this.way, this.look, this.from);
    this.box = h("section", { class: "gl-outputs gl-gone", "aria-label": words.get("outputs") },
      h("div", { class: "gl-title" }, h("h3", {}, words.get("outputs")), h("span", {}, words.get(this.pictures ? "outputs.pictures.hint" : "outputs.hint"))),
      h("div", { class: "gl-keys" }, ...keys), this.stage, this.note);
  }

  show(frame) {
    if (!this.pictures && !frame.header.extent) return; // not looked at yet: what was there stays
    const known = Object.values(this.outputs(frame)).every(Boolean);
    const past = this.pictures && this.frame && frame.header.status === "past";
    this.box.classList.toggle("gl-gone", !known && !past);
    if (!known && !past) return;
    this.frame = frame; // of most moments of the past only the pictures are kept: then it says so
    this.paint();
  }

  /** D's outputs by kind; undefined where the frame has none. */
  outputs({ arrays }) {
    const fake = this.memory.averaged && !this.pictures ? arrays.logits_fake : arrays.logits_live;
    const all = { real: arrays.logits_real, held: arrays.logits_held, fake };
    return Object.fromEntries(this.kinds.map((kind) => [kind, all[kind]]));
  }

  paint() {
    if (!this.frame) return;
    const { header } = this.frame;
    const seen = this.outputs(this.frame);
    if (!Object.values(seen).every(Boolean)) return this.paintNothing();
    const chance = (this.pictures ? header.verdicts?.kind : header.field_kind) === "probability";
    this.sayWay(seen, header.verdicts);
    if (chance) for (const kind of this.kinds) seen[kind] = seen[kind].map((v) => 1 / (1 + Math.exp(-v)));
    this.spread = { seen, chance };
    const range = chance ? [0, 1] : this.range(seen);
    const width = roomIn(this.stage);
    if (!width) return;
    const context = fitCanvas(this.canvas, width, OUTPUTS_HEIGHT);
    context.clearRect(0, 0, width, OUTPUTS_HEIGHT);
    const plot = { width: width - OUTPUTS_PAD.left - OUTPUTS_PAD.right, height: OUTPUTS_HEIGHT - OUTPUTS_PAD.top - OUTPUTS_PAD.bottom };
    const counts = Object.fromEntries(Object.entries(seen).map(([kind, values]) => [kind, this.count(values, range)]));
    const highest = Math.max(...Object.values(counts).flat(), 1e-9);
    this.paintAxis(context, range, plot, chance);
    for (const kind of this.kinds) this.paintBars(context, counts[kind], highest, plot, kind);
    for (const kind of this.kinds) {
      const { mean } = spreadOf(seen[kind]);
      setText(this.means[kind], chance ? this.ui.words.number(mean, 0, "percent") : this.ui.words.short(mean));
    }
  }

  /** Of a moment whose weights are not kept. */
  paintNothing() {
    this.spread = null;
    const { words, theme } = this.ui;
    const width = roomIn(this.stage);
    if (!width) return;
    const context = fitCanvas(this.canvas, width, OUTPUTS_HEIGHT);
    context.clearRect(0, 0, width, OUTPUTS_HEIGHT);
    Object.assign(context, { fillStyle: theme.muted, font: `13px ${theme.font}`, textAlign: "center", textBaseline: "middle" });
    context.fillText(words.get("outputs.pictures.past"), width / 2, OUTPUTS_HEIGHT / 2, width);
    for (const kind of this.kinds) setText(this.means[kind], "–");
    setText(this.way, "");
    setText(this.from, "");
  }

  /** How far the held-out pictures lie from the training pictures towards the generated ones (Karras et al. 2020's r_v), where D tells these
   * two apart; and of which pictures that is. */
  sayWay(seen, verdicts) {
    if (!this.pictures) return;
    const { words } = this.ui;
    const of = Object.fromEntries(this.kinds.map((kind) => [kind, spreadOf(seen[kind])]));
    const gap = of.real.mean - of.fake.mean;
    const share = Math.round((100 * (of.real.mean - of.held.mean)) / gap);
    const said = seen.held.length > 0 && gap > SURE_ERRORS * Math.hypot(of.real.error, of.fake.error);
    setText(this.way, said ? words.get("outputs.pictures.way", { share: words.number(Math.max(0, Math.min(100, share))) })
      : seen.held.length ? words.get("outputs.pictures.same") : "");
    const look = words.get("outputs.pictures.look");
    setText(this.look, words.gap(this.way.textContent) + look + words.gap(look));
    setText(this.from, words.get("outputs.pictures.from", { pictures: words.number(verdicts?.pictures ?? seen.real.length), step: words.number(verdicts?.step ?? 0) }));
  }

  /** From the lowest to the highest, but for the outermost hundredths: one stray value must not flatten the rest. */
  range(seen) {
    const all = Object.values(seen).flatMap((values) => [...values]).filter(Number.isFinite).sort((a, b) => a - b);
    if (!all.length) return [-1, 1];
    const [low, high] = [all[Math.floor(0.01 * (all.length - 1))], all[Math.ceil(0.99 * (all.length - 1))]];
    const room = Math.max(0.05 * (high - low), 1e-6 * Math.max(1, Math.abs(high)));
    return [low - room, high + room];
  }

  /** Shares by bin; what lies beyond an end counts into the last bin there. */
  count(values, [low, high]) {
    const counts = new Array(OUTPUT_BINS).fill(0);
    for (const v of values) {
      if (Number.isFinite(v)) counts[Math.max(0, Math.min(OUTPUT_BINS - 1, Math.floor(((v - low) / (high - low)) * OUTPUT_BINS)))] += 1 / values.length;
    }
    return counts;
  }

  paintBars(context, counts, highest, plot, kind) {
    const bottom = OUTPUTS_PAD.top + plot.height;
    const x = (i) => OUTPUTS_PAD.left + (i / OUTPUT_BINS) * plot.width;
    const y = (share) => bottom - Math.sqrt(share / highest) * plot.height; // by the root, so that small bars are seen beside a peak
    context.beginPath();
    context.moveTo(x(0), bottom);
    counts.forEach((share, i) => {
      context.lineTo(x(i), y(share));
      context.lineTo(x(i + 1), y(share));
    });
    context.lineTo(x(OUTPUT_BINS), bottom);
    context.fillStyle = this.ui.theme[kind];
    context.globalAlpha = kind === "held" ? 0 : 0.24; // the third one is a line over the other two
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = this.ui.theme[kind];
    context.lineWidth = kind === "held" ? 2 : 1.5;
    context.setLineDash(OUTPUT_DASHES[kind]);
    context.stroke();
    context.setLineDash([]);
  }

  paintAxis(context, [low, high], plot, chance) {
    const { theme, words } = this.ui;
    const bottom = OUTPUTS_PAD.top + plot.height;
    context.font = `12px ${theme.font}`;
    context.fillStyle = theme.muted;
    context.strokeStyle = theme.line;
    context.lineWidth = 1;
    context.textBaseline = "top";
    context.beginPath();
    const marks = ticks(low, high, 5);
    for (const mark of marks) {
      const x = OUTPUTS_PAD.left + ((mark - low) / (high - low)) * plot.width;
      context.moveTo(Math.round(x) + 0.5, bottom);
      context.lineTo(Math.round(x) + 0.5, bottom + 4);
      const text = chance ? words.number(mark, 0, "percent") : words.tick(mark, marks);
      const half = context.measureText(text).width / 2;
      context.textAlign = "left";
      context.fillText(text, Math.max(0, Math.min(plot.width + OUTPUTS_PAD.left + OUTPUTS_PAD.right - 2 * half, x - half)), bottom + 7);
    }
    context.moveTo(OUTPUTS_PAD.left, bottom + 0.5);
    context.lineTo(OUTPUTS_PAD.left + plot.width, bottom + 0.5);
    context.stroke();
  }
}

/** Mean of some numbers, and its standard error. */
function spreadOf(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / Math.max(1, values.length - 1);
  return { mean, error: Math.sqrt(variance / values.length) };
}
