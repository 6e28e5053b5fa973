// Truncation: fewer kinds of samples, of which more are good. ψ by hand, and what it does to samples in figures.

const PSI_MOST = 1.5;
const FIXED = 24; // seeds whose samples are shown
const CLOUD = 120; // of a 2-D generator
const CHART_HEIGHT = 190;
const QUICK_MS = 2500; // what took no longer is measured again by itself
const CHARTS = {
  diversity: [["diversity", "fake"]],
  shares: [["precision", "fake"], ["recall", "real"], ["coverage", "held"]],
  output: [["output", "neutral"]],
};
const DASHES = { precision: [], recall: [6, 4], coverage: [2, 3] }; // not told by colour alone

class TruncationTool {
  static code = "truncation";

  static fits() {
    return true;
  }

  constructor(desk) {
    this.desk = desk;
    const { words } = desk;
    this.hint = h("p", { class: "gx-hint" });
    this.range = h("input", { type: "range", min: "0", max: String(PSI_MOST), step: "0.01", "aria-label": words.get("psi"),
      oninput: () => desk.walk.move({ psi: Number(this.range.value) }), onchange: () => desk.walk.end() });
    this.value = h("output", {});
    this.usual = h("button", { type: "button", class: "gl-button", "data-do": "psi-usual", onclick: () => desk.walk.end({ psi: null }) });
    this.bar = h("div", { class: "gx-bar" }, h("label", { class: "gx-psi", "data-tip": words.get("psi.help") }, h("b", {}, words.get("psi")), this.range, this.value), this.usual);
    this.cells = Array.from({ length: FIXED }, (_, seed) => h("button", { type: "button", class: "gx-cell", "aria-label": words.get("slot.seed", { seed }), "data-tip": words.get("truncation.cell", { seed }), onclick: () => desk.walk.go({ seed }) }, h("canvas", { "aria-hidden": "true" })));
    this.grid = h("div", { class: "gx-fixed" }, ...this.cells);
    this.cloud = h("canvas", { role: "img", "aria-label": words.get("truncation.cloud", { count: CLOUD }) });
    this.points = h("div", { class: "gx-frame gx-cloud gl-gone" }, this.cloud);
    this.charts = Object.keys(CHARTS).map((code) => new PsiChart(desk, code));
    this.figures = h("div", { class: "gx-charts" }, ...this.charts.map((chart) => chart.box));
    this.again = h("button", { type: "button", class: "gl-button", "data-do": "measure", onclick: () => this.measure() }, words.get("truncation.measure"));
    this.bars = h("progress", { class: "gx-measuring", max: "1", value: "0", "aria-label": words.get("truncation.measuring") });
    this.of = h("p", { class: "gx-state", role: "status" });
    this.head = h("div", { class: "gx-bar gx-measured" }, this.again, this.of, this.bars);
    this.state = h("p", { class: "gx-hint" });
    this.box = h("div", {}, this.hint, this.bar, this.grid, this.points, this.head, this.figures, this.state);
  }

  get psi() {
    return this.desk.walk.state.psi ?? this.desk.about.psi;
  }

  show() {
    const { about, words } = this.desk;
    const kind = about.styles ? "w" : "z";
    const rest = about.found || about.continuous ? "code" : about.classes.length ? "class" : "one";
    setText(this.hint, words.joined([words.get(`truncation.hint.${kind}`), words.get(`truncation.rest.${rest}`)]));
    setText(this.usual, words.get("psi.usual", { psi: words.number(about.psi, 2) }));
    const points = about.kind === "points";
    this.grid.classList.toggle("gl-gone", points);
    this.points.classList.toggle("gl-gone", !points);
    for (const chart of this.charts) chart.fit(about);
    this.shown = null;
    this.moved();
    this.tell();
    if (!this.pending && (!this.answer || (this.isOld && this.isQuick))) this.measure();
    else this.paint();
  }

  hide() {
    this.pending?.drop(); // it is measured when somebody looks
    this.pending = null;
  }

  moment() {
    this.show();
  }

  moved() {
    const { desk, psi } = this;
    const { words } = desk;
    if (Number(this.range.value) !== psi) this.range.value = String(psi);
    setText(this.value, words.number(psi, 2));
    this.usual.disabled = desk.walk.state.psi === null;
    for (const chart of this.charts) chart.paint(this.facts, psi);
    const look = JSON.stringify(desk.walk.look);
    if (look === this.shown) return;
    this.shown = look;
    const count = desk.about.kind === "points" ? CLOUD : FIXED;
    desk.latest("truncation.grid", "draw", { places: Array.from({ length: count }, (_, seed) => ({ seed })), ...desk.walk.look }, (answer) => {
      this.samples = answer;
      this.paint();
    });
  }

  /** What is on the screen: the former figures stay until there is something of the new ones. */
  get facts() {
    return (this.pending && this.partial) || this.answer?.facts;
  }

  get isOld() {
    return this.answer && this.answer.step !== this.desk.step;
  }

  get isQuick() {
    return this.took <= QUICK_MS;
  }

  /** The figures of the moment that is explored. What takes long stays, with its step, until it is asked for again. */
  async measure() {
    const { desk } = this;
    const { words } = desk;
    this.hide();
    const began = performance.now();
    const question = desk.ask("truncation", {}, ({ facts, share }) => {
      this.bars.value = share;
      if (!facts.rows?.length || this.pending !== question) return;
      if (!this.partial) this.figures.classList.remove("gx-stale");
      this.partial = facts;
      this.paintCharts();
    });
    this.pending = question;
    this.partial = null;
    this.begun = desk.step;
    this.bars.value = 0;
    this.tell();
    try {
      const answer = await question.done;
      if (this.pending !== question) return;
      this.pending = null;
      this.answer = answer;
      this.took = performance.now() - began;
      desk.root.dataset.truncated = String(answer.step);
      if (this.isOld && this.isQuick) return void this.measure(); // there is a newer moment by now
      this.tell();
      this.paintCharts();
    } catch (error) {
      if (this.pending !== question) return;
      this.pending = null;
      this.tell();
      setText(this.state, error.message);
    }
    setText(this.again, words.get("truncation.again"));
  }

  /** What the figures are from. */
  tell() {
    const { desk } = this;
    const { words } = desk;
    this.bars.classList.toggle("gx-hidden", !this.pending);
    this.again.disabled = Boolean(this.pending);
    const facts = this.answer?.facts;
    const step = words.number(this.pending && this.partial ? this.begun : (this.answer?.step ?? 0));
    const of = this.pending ? "truncation.measuring" : this.isOld ? "truncation.old" : "measured.of";
    setText(this.of, this.pending || (facts && desk.about.open) ? words.get(of, { step, now: words.number(desk.step) }) : "");
    this.figures.classList.toggle("gx-stale", Boolean(this.isOld && !(this.pending && this.partial)));
    if (facts) {
      const by = words.get(`truncation.by.${facts.by}`, { features: words.judge(facts.features) });
      const judged = facts.judged ? words.get("truncation.judged", { count: words.number(facts.judged) }) : "";
      const shares = !desk.about.known ? words.get("truncation.no.data") : facts.by === "pixels" ? words.get("truncation.no.shares") : "";
      setText(this.state, words.joined([words.get(desk.about.known ? "truncation.from" : "truncation.from.alone", { count: words.number(facts.samples), real: words.number(facts.reference) }), by, judged, shares]));
    }
    for (const chart of this.charts) chart.fit(desk.about, facts);
  }

  paint() {
    const { desk, samples } = this;
    if (samples && desk.about.kind === "images") this.cells.forEach((cell, i) => desk.paintSample(cell.firstChild, samples, i));
    else if (samples) paintCloud(desk, this.cloud, innerWidthOf(this.points), samples.arrays.samples);
    this.paintCharts();
  }

  paintCharts() {
    for (const chart of this.charts) chart.paint(this.facts, this.psi);
  }

  resize() {
    this.paint();
  }
}

/** One figure against ψ: a line, or several of one scale; on hover a sentence. */
class PsiChart {
  constructor(desk, code) {
    this.desk = desk;
    this.code = code;
    const { words } = desk;
    this.series = CHARTS[code];
    this.canvas = h("canvas", { role: "img" });
    this.legend = h("div", { class: "gx-keys" });
    this.look = h("span", {});
    this.title = h("figcaption", {}, h("b", {}, words.get(`truncation.${code}`)), this.look);
    this.area = h("div", { class: "gx-chart-area" }, this.canvas);
    this.box = h("figure", { class: "gx-chart", "data-chart": code }, this.title, this.area, this.legend);
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("pointerleave", () => this.desk.tooltip.hide());
  }

  /** Whether there is anything to show of this kind of run; and what the lines are. */
  fit(about, facts) {
    const gone = (this.code === "output" && !about.judged) || (this.code === "shares" && facts?.by === "pixels");
    this.box.classList.toggle("gl-gone", gone);
    const within = this.code === "diversity" && about.classes.length > 0 && !about.found;
    const alone = this.code === "diversity" && !about.known ? ".alone" : "";
    setText(this.look, this.desk.words.get(`truncation.${this.code}.${within ? "class" : "look"}${alone}`));
  }

  /** The names of the lines, and of the dashed one that stands for real samples. */
  key(facts) {
    const { words } = this.desk;
    const lines = this.code === "diversity" ? (this.desk.about.known ? [["real", "real", [5, 4]]] : []) : this.series.length > 1 ? this.series.map(([name, role]) => [name, role, DASHES[name]]) : [];
    const said = lines.map(([name]) => name).join();
    if (said === this.named || !facts) return;
    this.named = said;
    this.legend.replaceChildren(...lines.map(([name, role, dash]) => h("span", { "data-tip": words.has(`truncation.${name}.help`) ? words.get(`truncation.${name}.help`) : null },
      h("i", { style: `border-top: 2px ${dash.length ? (dash[0] > 3 ? "dashed" : "dotted") : "solid"} var(--gl-${role})` }), words.get(`truncation.${name}`))));
  }

  number(name, value) {
    const { words } = this.desk;
    if (value === null || value === undefined) return "–";
    return this.code === "shares" || (this.code === "diversity" && this.by === "pixels") ? words.number(value, this.code === "shares" ? 0 : 1, "percent") : words.short(value);
  }

  paint(facts, psi) {
    const { desk, series } = this;
    const { theme, words } = desk;
    const width = roomIn(this.area);
    if (!width) return;
    const context = fitCanvas(this.canvas, width, CHART_HEIGHT);
    context.clearRect(0, 0, width, CHART_HEIGHT);
    this.facts = facts;
    this.by = facts?.by;
    this.key(facts);
    const rows = facts?.rows ?? [];
    const values = rows.flatMap((row) => series.map(([name]) => row[name])).filter((value) => value !== null && value !== undefined);
    const real = this.code === "diversity" ? facts?.real : null; // null: unknown
    if (Number.isFinite(real)) values.push(real);
    let [low, high] = this.code === "shares" ? [0, 1] : [Math.min(0, ...values), Math.max(0, ...values)];
    if (high === low) high = low + 1;
    if (this.code !== "shares") {
      high += high > 0 ? 0.06 * (high - low) : 0;
      low -= low < 0 ? 0.06 * (high - low) : 0;
    }
    const marks = ticks(low, high, 4);
    Object.assign(context, { font: `12px ${theme.font}`, fillStyle: theme.muted });
    const texts = marks.map((mark) => this.number(series[0][0], mark));
    const left = Math.ceil(Math.max(...texts.map((text) => context.measureText(text).width))) + 8;
    const box = { left, right: width - 10, top: 8, bottom: CHART_HEIGHT - 36 };
    const x = (value) => box.left + (value / PSI_MOST) * (box.right - box.left);
    const y = (value) => box.bottom - ((value - low) / (high - low)) * (box.bottom - box.top);
    this.x = x;
    Object.assign(context, { strokeStyle: theme.line, lineWidth: 1, textAlign: "right", textBaseline: "middle" });
    context.beginPath();
    marks.forEach((mark, i) => {
      context.moveTo(box.left, Math.round(y(mark)) + 0.5);
      context.lineTo(box.right, Math.round(y(mark)) + 0.5);
      context.fillText(texts[i], box.left - 6, y(mark));
    });
    context.stroke();
    Object.assign(context, { textAlign: "center", textBaseline: "top" });
    for (const mark of [0, 0.5, 1, 1.5]) context.fillText(words.number(mark, 1), Math.min(x(mark), width - 10), box.bottom + 4);
    context.fillText(words.get("psi"), (box.left + box.right) / 2, box.bottom + 19);
    // where the hand is
    Object.assign(context, { strokeStyle: theme.text, lineWidth: 1.5, globalAlpha: 0.55 });
    context.beginPath();
    context.moveTo(x(Math.max(0, Math.min(PSI_MOST, psi))), box.top);
    context.lineTo(x(Math.max(0, Math.min(PSI_MOST, psi))), box.bottom);
    context.stroke();
    context.globalAlpha = 1;
    if (Number.isFinite(real)) this.line(context, [[box.left, y(real)], [box.right, y(real)]], theme.real, [5, 4]);
    for (const [name, role] of series) {
      const points = rows.filter((row) => row[name] !== null).map((row) => [x(row.psi), y(row[name])]);
      this.line(context, points, theme[role], DASHES[name] ?? []);
      context.fillStyle = theme[role];
      for (const [px, py] of points) {
        context.beginPath();
        context.arc(px, py, 3, 0, 2 * Math.PI);
        context.fill();
      }
    }
    this.canvas.setAttribute("aria-label", words.sentences([words.get(`truncation.${this.code}`), ...rows.map((row) => this.sentence(row))]));
  }

  line(context, points, color, dash) {
    Object.assign(context, { strokeStyle: color, lineWidth: 2 });
    context.setLineDash(dash);
    context.beginPath();
    points.forEach(([px, py], i) => (i ? context.lineTo(px, py) : context.moveTo(px, py)));
    context.stroke();
    context.setLineDash([]);
  }

  sentence(row) {
    const { words } = this.desk;
    const values = Object.fromEntries(this.series.map(([name]) => [name, this.number(name, row[name])]));
    const within = this.code === "diversity" && this.facts?.within ? ".class" : "";
    const alone = this.code === "diversity" && !this.desk.about.known ? ".alone" : "";
    return words.get(`truncation.${this.code}.said${within}${alone}`, { psi: words.number(row.psi, 2), real: this.facts ? this.number("real", this.facts.real) : "–", ...values });
  }

  hover(event) {
    const rows = this.facts?.rows;
    if (!rows?.length) return;
    const box = this.canvas.getBoundingClientRect();
    const [across] = placeOn(this.canvas, event);
    const far = (row) => Math.abs(this.x(row.psi) - across);
    const row = rows.reduce((best, next) => (far(next) < far(best) ? next : best));
    this.desk.tooltip.show(this.sentence(row), box.left + this.x(row.psi) * magnified, box.bottom + 2, box.top);
  }
}

/** Many samples of a 2-D generator among real ones. */
function paintCloud(desk, canvas, size, points) {
  if (!size || !desk.background) return;
  const side = Math.min(size, 300);
  const context = fitCanvas(canvas, side, side);
  const { theme, about, background } = desk;
  const [x0, x1, y0, y1] = about.extent;
  const px = (value) => ((value - x0) / (x1 - x0)) * side;
  const py = (value) => side - ((value - y0) / (y1 - y0)) * side;
  paintAxes(context, side, about.extent, desk);
  Object.assign(context, { fillStyle: theme.real, globalAlpha: 0.5 });
  for (let i = 0; i < background.real.length; i += 2) context.fillRect(px(background.real[i]) - 1.2, py(background.real[i + 1]) - 1.2, 2.4, 2.4);
  Object.assign(context, { fillStyle: theme.fake, globalAlpha: 1 });
  for (let i = 0; i < points.length; i += 2) {
    context.beginPath();
    for (const [dx, dy] of [[0, -4], [4, 0], [0, 4], [-4, 0]]) context.lineTo(px(points[i]) + dx, py(points[i + 1]) + dy);
    context.fill();
  }
}
