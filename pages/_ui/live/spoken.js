// What the pictures and charts show now, in words and numbers, for those who hear them. Said anew at a pace that can be listened to, and only
// in labels: nothing is announced by itself.

const SPOKEN_MS = 5000;

class Spoken {
  /** `sayings`: -> pairs of a canvas and what it shows now. */
  constructor(view, sayings) {
    this.view = view;
    this.sayings = sayings;
    this.last = -Infinity;
    this.timer = null;
  }

  /** Something has changed: it is said at once, or when enough time has gone by since the last time. */
  changed() {
    if (this.timer !== null) return;
    const rest = this.last + SPOKEN_MS - performance.now();
    if (rest <= 0) this.say();
    else this.timer = setTimeout(() => this.say(), rest);
  }

  say() {
    clearTimeout(this.timer);
    this.timer = null;
    for (const [canvas, parts] of this.sayings()) {
      const text = this.view.words.sentences(parts);
      if (text && canvas.getAttribute("aria-label") !== text) canvas.setAttribute("aria-label", text);
    }
    this.last = performance.now();
  }

  close() {
    clearTimeout(this.timer);
  }
}

/** Least, greatest and mean of the finite ones among some numbers; null where there are none. */
function summed(values) {
  let [low, high, sum, count, first, last] = [Infinity, -Infinity, 0, 0, null, null];
  for (const v of values ?? []) {
    if (!Number.isFinite(v)) continue;
    low = Math.min(low, v);
    high = Math.max(high, v);
    sum += v;
    count += 1;
    first ??= v;
    last = v;
  }
  return count ? { low, high, mean: sum / count, first, last } : null;
}

/** Where some points (x, y, x, y, …) lie on average. */
function middleOf(points) {
  const along = (k) => summed(points.filter((_, i) => i % 2 === k))?.mean ?? NaN;
  return [along(0), along(1)];
}

/** The picture of a 2-D run. */
function saidOfPoints(view, header) {
  const { words } = view.ui;
  const { frame, memory } = view;
  if (!frame) return [words.get("picture")];
  const { arrays } = frame;
  const fake = view.generated(frame);
  const place = (points) => view.place(...middleOf(points));
  const outputs = [arrays.logits_real, memory.averaged ? arrays.logits_fake : arrays.logits_live].map((values) => summed(values)?.mean);
  const { modes, modes_total: total } = header.metrics?.values ?? {};
  const real = arrays.field && arrays.field.reduce((sum, v) => sum + (v > 127), 0) / arrays.field.length;
  const shown = view.toggles.filter((button) => memory.layers[button.dataset.name] && !button.classList.contains("gl-gone"));
  return [
    words.get("picture"),
    fake && words.get("said.points", { step: words.number(header.step), fake: words.number(fake.length / 2), real: words.number(arrays.real.length / 2) }),
    Number.isFinite(modes) && Number.isFinite(total) && words.get("said.modes", { modes: words.number(modes), total: words.number(total) }),
    fake && words.get("said.middle", { fake: place(fake), real: place(arrays.real) }),
    outputs.every(Number.isFinite) && words.get("said.outputs", { real: words.short(outputs[0]), fake: words.short(outputs[1]) }),
    real !== undefined && words.get("said.field", { share: words.number(real, 0, "percent") }),
    words.get("said.layers", { names: words.list(shown.map((button) => button.textContent)) }),
  ];
}

/** A grid of pictures. */
function saidOfGrid(grid, title, header, figures) {
  const { words } = grid.ui;
  if (!grid.picture) return [title, words.get("grid.empty")];
  const { rows, cols } = grid.spec;
  return [
    title,
    words.get("said.grid", { count: words.number(countOf(grid.spec)), rows: words.number(rows), columns: words.number(cols), step: words.number(header.step) }),
    grid.names && words.get("said.classes", { names: words.list(grid.names) }),
    ...figures,
  ];
}

/** A panel of curves, over the steps that are in sight. */
function saidOfPanel(panel, frame) {
  const { owner } = panel;
  const { words } = owner.ui;
  const xs = frame.arrays.curve_x;
  if (!xs?.length) return [panel.heading, words.get("curves.empty")];
  const [from, to] = owner.domain();
  const [first, last] = [lowerBound(xs, from), lowerBound(xs, to + 0.5)];
  const lines = panel.curves.map(({ name }) => {
    const seen = summed(frame.arrays[`curve:${name}`]?.subarray(first, last));
    if (!seen) return "";
    const values = Object.fromEntries(["first", "last", "low", "high"].map((end) => [end, words.short(seen[end])]));
    return words.get("said.curve", { name: panel.title(name), ...values });
  });
  const marks = (frame.header.marks || []).filter(({ step }) => step >= from && step <= to).length;
  return [panel.heading, words.get("zoom.range", { from: words.number(from), to: words.number(to) }), ...lines,
    marks > 0 && words.get("said.marks", { count: words.number(marks) })];
}

/** The histograms of D's outputs, as logits or as probabilities. */
function saidOfOutputs(view) {
  const { words } = view.ui;
  if (!view.spread) return [words.get("outputs")];
  const { seen, chance } = view.spread;
  const written = (value) => (chance ? words.number(value, 0, "percent") : words.short(value));
  const lines = view.kinds.map((kind) => {
    const found = summed(seen[kind]);
    return found && words.get("said.output", { name: words.get(view.pictures ? `outputs.pictures.${kind}` : `outputs.${kind}`), mean: written(found.mean), low: written(found.low), high: written(found.high) });
  });
  return [words.get("outputs"), ...lines];
}
