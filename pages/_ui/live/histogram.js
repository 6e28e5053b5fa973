// Histograms of the discriminator's outputs on the real and the generated points of the picture.

const OUTPUT_BINS = 32;
const OUTPUTS_HEIGHT = 132;
const OUTPUTS_PAD = { left: 8, right: 8, top: 8, bottom: 24 };

class OutputsView {
  constructor(ui, memory) {
    this.ui = ui;
    this.memory = memory;
    const { words } = ui;
    this.canvas = h("canvas", { role: "img", "aria-label": words.get("outputs") });
    this.means = { real: h("b", {}, "–"), fake: h("b", {}, "–") };
    const keys = ["real", "fake"].map((kind) => h("span", { class: "gl-series" }, icon(kind), h("span", {}, words.get(`outputs.${kind}`)), this.means[kind]));
    this.stage = h("div", { class: "gl-outputs-stage" }, this.canvas);
    this.box = h("section", { class: "gl-outputs gl-gone", "aria-label": words.get("outputs") },
      h("div", { class: "gl-title" }, h("h4", {}, words.get("outputs")), h("span", {}, words.get("outputs.hint"))),
      h("div", { class: "gl-keys" }, ...keys), this.stage);
  }

  show(frame) {
    const { arrays, header } = frame;
    if (!header.extent) return; // not looked at yet: what was there stays
    const fake = this.memory.averaged ? arrays.logits_fake : arrays.logits_live;
    this.box.classList.toggle("gl-gone", !(arrays.logits_real && fake));
    if (!arrays.logits_real || !fake) return;
    this.frame = frame;
    this.paint();
  }

  paint() {
    if (!this.frame) return;
    const { arrays, header } = this.frame;
    const fake = this.memory.averaged ? arrays.logits_fake : arrays.logits_live;
    const chance = header.field_kind === "probability";
    const seen = { real: arrays.logits_real, fake };
    if (chance) for (const kind of ["real", "fake"]) seen[kind] = seen[kind].map((v) => 1 / (1 + Math.exp(-v)));
    const range = chance ? [0, 1] : this.range(seen);
    const width = this.stage.clientWidth;
    if (!width) return;
    const context = fitCanvas(this.canvas, width, OUTPUTS_HEIGHT);
    context.clearRect(0, 0, width, OUTPUTS_HEIGHT);
    const plot = { width: width - OUTPUTS_PAD.left - OUTPUTS_PAD.right, height: OUTPUTS_HEIGHT - OUTPUTS_PAD.top - OUTPUTS_PAD.bottom };
    const counts = Object.fromEntries(Object.entries(seen).map(([kind, values]) => [kind, this.count(values, range)]));
    const highest = Math.max(...counts.real, ...counts.fake, 1e-9);
    this.paintAxis(context, range, plot, chance);
    for (const kind of ["real", "fake"]) this.paintBars(context, counts[kind], highest, plot, kind);
    for (const kind of ["real", "fake"]) {
      const mean = seen[kind].reduce((a, b) => a + b, 0) / seen[kind].length;
      setText(this.means[kind], chance ? this.ui.words.number(mean, 0, "percent") : this.ui.words.short(mean));
    }
  }

  /** From the lowest to the highest, but for the outermost hundredths: one stray value must not flatten the rest. */
  range({ real, fake }) {
    const all = [...real, ...fake].filter(Number.isFinite).sort((a, b) => a - b);
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
    context.globalAlpha = 0.24;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = this.ui.theme[kind];
    context.lineWidth = 1.5;
    context.setLineDash(kind === "fake" ? [5, 3] : []);
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
