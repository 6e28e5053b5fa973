// Slow motion: one iteration, phase by phase, each with what it does, its formula, its numbers and what it has just made.

// The phases of a step: of a game in two parts, of an encoder with its decoder in one.
const STATIONS = [
  ["d", ["d.batch", "d.fakes", "d.judge", "d.loss", "d.gradients", "d.update"]],
  ["g", ["g.fakes", "g.judge", "g.loss", "g.gradients", "g.update"]],
  ["end", ["end"]],
];
const VAE_STATIONS = [["v", ["v.batch", "v.encode", "v.decode", "v.loss", "v.gradients", "v.update"]], ["end", ["end"]]];
const PACES = [0.7, 1.5, 3]; // seconds a phase
const STRIP = { left: 96, right: 14, bottom: 22, row: 26 };

class SlowMotion {
  constructor(ui, memory, send) {
    this.ui = ui;
    this.memory = memory;
    this.send = send;
    memory.slow ??= { open: false, pace: PACES[1] };
    this.build();
    this.reveal();
  }

  build() {
    const { words } = this.ui;
    const button = (name, press) => h("button", { type: "button", class: `gl-button gl-slow-${name}`, "data-tip": words.get(`slow.${name}.help`),
      onclick: press }, icon(`slow.${name}`), h("span", {}, words.get(`slow.${name}`)));
    this.next = button("next", () => this.step());
    this.play = button("play", () => this.playing ? this.hold() : this.start());
    this.finish = button("finish", () => this.end());
    this.pace = h("select", { class: "gl-select", "aria-label": words.get("slow.pace"), "data-tip": words.get("slow.pace"), onchange: () => {
      this.memory.slow.pace = Number(this.pace.value);
      if (this.playing) this.start();
    } }, ...PACES.map((s) => h("option", { value: String(s) }, words.get("slow.seconds", { seconds: words.number(s, 1) }))));
    this.pace.value = String(this.memory.slow.pace);
    const close = h("button", { type: "button", class: "gl-mini gl-plain gl-slow-close", "aria-label": words.get("slow.close"),
      "data-tip": words.get("slow.close"), onclick: () => this.close() }, icon("close"));
    this.line = h("div", { class: "gl-slow-line" });
    this.layLine(STATIONS);
    this.title = h("h3", {});
    this.repeat = h("span", { class: "gl-slow-repeat" });
    this.text = h("p", {});
    this.formula = h("div", { class: "gl-formula" });
    this.numbers = h("dl", { class: "gl-slow-numbers" });
    this.strip = h("canvas", { class: "gl-strip", role: "img" });
    this.caption = h("div", { class: "gl-strip-caption" });
    this.stage = h("div", { class: "gl-strip-stage" }, this.strip);
    this.tools = h("div", { class: "gl-slow-tools", role: "toolbar", "aria-label": words.get("slow") }, this.next, this.play, this.pace,
      this.finish, close);
    this.box = h("section", { class: "gl-slow", "aria-label": words.get("slow") },
      h("div", { class: "gl-slow-bar" }, this.line, this.tools),
      h("div", { class: "gl-slow-body" },
        h("div", { class: "gl-slow-say", "aria-live": "polite" }, h("div", {}, this.title, this.repeat), this.text, this.formula),
        h("div", { class: "gl-slow-see" }, this.numbers, this.caption, this.stage)));
    this.explain(null);
  }

  /** The stations of a step, in their groups. */
  layLine(groups) {
    if (this.laid === groups) return;
    const { words } = this.ui;
    this.laid = groups;
    this.codes = groups.flatMap(([, codes]) => codes);
    this.stations = this.codes.map((code, i) => h("li", { class: `gl-station gl-station-${code[0]}`, "data-code": code,
      "data-tip": `${words.number(i + 1)} · ${words.get(`phase.${code}`)}`, tabindex: "0" }, words.number(i + 1)));
    this.line.replaceChildren(...groups.map(([who, codes]) => {
      const from = this.codes.indexOf(codes[0]);
      return h("div", { class: `gl-group gl-group-${who}` }, h("span", { class: "gl-part" }, words.get(`slow.part.${who}`)),
        h("ol", { class: "gl-stations", start: String(from + 1) }, ...this.stations.slice(from, from + codes.length)));
    }));
  }

  // -- what is asked ---------------------------------------------------------------------------------------------

  open() {
    this.memory.slow.open = true;
    this.reveal();
    if (this.status === "running") this.send({ do: "pause" });
    this.next.focus();
  }

  /** Nothing is left half done: what was begun is finished. */
  close() {
    this.memory.slow.open = false;
    this.end();
    this.reveal();
  }

  /** Whoever may command opens and closes it; a watcher sees what is stepped through. */
  reveal() {
    this.box.classList.toggle("gl-gone", this.allowed ? !this.memory.slow.open : !this.phase);
    this.tools.classList.toggle("gl-gone", !this.allowed);
  }

  step() {
    if (this.ready) this.send({ do: "phase" });
  }

  end() {
    this.hold();
    if (this.phase) this.send({ do: "pause" }); // any command finishes the iteration; this one asks for nothing else
  }

  start() {
    clearInterval(this.playing);
    this.playing = setInterval(() => !document.hidden && this.box.isConnected && this.step(), this.memory.slow.pace * 1000);
    this.step();
    this.showPlay();
  }

  hold() {
    clearInterval(this.playing);
    this.playing = null;
    this.showPlay();
  }

  showPlay() {
    const { words } = this.ui;
    const name = this.playing ? "hold" : "play";
    this.play.replaceChildren(icon(`slow.${name}`), h("span", {}, words.get(`slow.${name}`)));
    this.play.dataset.tip = words.get(`slow.${name}.help`);
  }

  // -- what is shown ---------------------------------------------------------------------------------------------

  /** `allowed`: this viewer may command the run. */
  showState({ status, connected, allowed }) {
    this.status = status;
    this.allowed = allowed;
    this.ready = connected && allowed && status === "paused";
    if (this.playing && !["paused", "running"].includes(status)) this.hold();
    this.next.disabled = !this.ready;
    this.play.disabled = !this.ready && !this.playing;
    this.finish.disabled = !this.ready || !this.phase || this.phase.code === "end";
    this.reveal();
    if (!this.phase) this.explain(null);
  }

  /** A frame; returns what the big picture shows instead of the preview's points, or null. */
  show({ header, arrays }) {
    this.phase = header.phase || null;
    this.layLine(header.settings?.method === "vae" ? VAE_STATIONS : STATIONS);
    this.arrays = arrays;
    this.specs = header.arrays;
    this.status = header.status;
    this.reveal();
    if (this.playing && header.status === "running") this.hold();
    this.explain(this.phase);
    return this.overlay();
  }

  explain(phase) {
    const { words } = this.ui;
    for (const station of this.stations) {
      const here = station.dataset.code === phase?.code;
      station.classList.toggle("gl-here", here);
      station.classList.toggle("gl-passed", Boolean(phase) && this.codes.indexOf(station.dataset.code) < phase.index - 1);
      if (here) station.setAttribute("aria-current", "step");
      else station.removeAttribute("aria-current");
    }
    const code = phase ? `phase.${phase.code}` : this.status === "running" ? "slow.running" : "slow.idle";
    setText(this.title, phase ? `${words.number(phase.index)} · ${words.get(code)}` : words.get(code));
    setText(this.text, words.get(`${code}.text`));
    setFormula(this.formula, phase?.formula || "");
    setText(this.repeat, phase ? this.repetition(phase.repeat) : "");
    const values = Object.entries(phase?.values || {});
    const shown = JSON.stringify(values);
    if (shown !== this.shownValues) {
      this.shownValues = shown;
      this.numbers.replaceChildren(...values.map(([name, value]) => h("div", { "data-tip": this.help(name) },
        h("dt", {}, words.get(`phase.value.${name}`)), h("dd", {}, this.number(name, value)))));
    }
    this.paint();
  }

  help(name) {
    return this.ui.words.has(`phase.value.${name}.help`) ? this.ui.words.get(`phase.value.${name}.help`) : null;
  }

  number(name, value) {
    const { words } = this.ui;
    if (value === null) return "–";
    if (["samples", "dimensions", "step", "images"].includes(name)) return words.number(value);
    return name === "share" ? words.number(value, 3, "percent") : name === "decay" ? words.number(value, 5) : words.short(value);
  }

  repetition({ round, rounds, part, parts }) {
    const { words } = this.ui;
    const said = [];
    if (rounds > 1) said.push(words.get("slow.round", { round: words.number(round), rounds: words.number(rounds) }));
    if (parts > 1) said.push(words.get("slow.batchpart", { part: words.number(part), parts: words.number(parts) }));
    return words.list(said);
  }

  // -- the big picture -------------------------------------------------------------------------------------------

  overlay() {
    const real = this.arrays?.["phase:real"];
    const fake = this.arrays?.["phase:fake"];
    if (!this.phase || !(real || fake)) return null;
    const pull = this.phase.code === "g.gradients" ? this.arrays["phase:pull"] : null;
    return { paint: (context, camera, view) => {
      view.stamp(context, camera, real, view.realStamp);
      if (pull) this.arrows(context, camera, fake, pull);
      view.stamp(context, camera, fake, view.fakeStamp);
    } };
  }

  /** Where each generated point is sent: against its gradient; the longest tenth is cut, so that the others can be seen. */
  arrows(context, camera, points, pull) {
    const lengths = [];
    for (let i = 0; i < pull.length; i += 2) lengths.push(Math.hypot(pull[i], pull[i + 1]));
    const long = [...lengths].filter(Number.isFinite).sort((a, b) => a - b)[Math.floor(lengths.length * 0.9)] || 0;
    if (!(long > 0)) return;
    context.save();
    context.strokeStyle = this.ui.theme.text;
    context.lineWidth = 1.4;
    context.globalAlpha = 0.85;
    context.beginPath();
    lengths.forEach((length, i) => {
      const size = Math.min(length / long, 1) * 34;
      if (!(size > 1.5)) return;
      const x = camera.left + camera.side / 2 + (points[2 * i] - camera.x) * camera.scale;
      const y = camera.top + camera.side / 2 - (points[2 * i + 1] - camera.y) * camera.scale;
      const [dx, dy] = [-pull[2 * i] / length, pull[2 * i + 1] / length]; // downhill; y grows downwards on the screen
      const [ex, ey] = [x + dx * size, y + dy * size];
      const head = Math.min(5, size * 0.5);
      context.moveTo(x, y);
      context.lineTo(ex, ey);
      context.moveTo(ex - (dx - dy * 0.6) * head, ey - (dy + dx * 0.6) * head);
      context.lineTo(ex, ey);
      context.lineTo(ex - (dx + dy * 0.6) * head, ey - (dy - dx * 0.6) * head);
    });
    context.stroke();
    context.restore();
  }

  // -- the strip: what the phase has made, on a line -------------------------------------------------------------

  /** [label, values, shape] of each row; "bars" for one value a layer. */
  rows() {
    const { words } = this.ui;
    const a = (name) => this.arrays?.[`phase:${name}`];
    const [who, what] = (this.phase?.code || ".").split(".");
    const row = (word, values, shape) => (values ? [[words.get(`strip.${word}`), values, shape]] : []);
    if (what === "judge") return [...row("real", a("real_logits"), "real"), ...row("fake", a("fake_logits"), "fake")];
    if (what === "loss") return row("losses", a("losses"), who === "d" ? "neutral" : "fake");
    if (what === "fakes" || what === "encode") return this.columns("latents", (i) => words.get("strip.latent", { i: words.number(i + 1) }), "neutral") || row("latents", a("latents"), "neutral");
    if (what === "batch") return this.columns("real", (i) => "xy"[i], "real") || [];
    return [];
  }

  /** A row for each column of an array of up to three; null for a wider one. */
  columns(name, label, shape) {
    const spec = this.specs?.[`phase:${name}`];
    const wide = spec?.shape[1];
    if (!spec || wide > 3) return null;
    const values = this.arrays[`phase:${name}`];
    return Array.from({ length: wide }, (_, k) => [label(k), values.filter((_v, i) => i % wide === k), shape]);
  }

  bars() {
    const name = { gradients: "gradient_norms", update: "change_norms" }[this.phase?.code.split(".")[1]];
    return name ? this.arrays?.[`phase:${name}`] : null;
  }

  resize() {
    const width = roomIn(this.stage);
    if (width > 0 && width !== this.width) {
      this.width = width;
      this.paint();
    }
  }

  get tall() {
    return Math.floor((this.stage.clientHeight || 96) / magnified);
  }

  paint() {
    if (!this.width) return;
    const bars = this.bars();
    const rows = bars ? [] : this.rows();
    const { words } = this.ui;
    const what = bars ? this.phase.code.split(".")[1] : rows.length ? this.phase.code.split(".")[1] : "none";
    setText(this.caption, words.get(`strip.caption.${what}`));
    this.strip.setAttribute("aria-label", this.caption.textContent);
    const context = fitCanvas(this.strip, this.width, this.tall);
    context.clearRect(0, 0, this.width, 200);
    context.font = `12px ${this.ui.theme.font}`;
    if (bars) this.paintBars(context, bars, this.phase.layers);
    else if (rows.length) this.paintRows(context, rows);
  }

  paintRows(context, rows) {
    const { theme, words } = this.ui;
    const all = rows.flatMap(([, values]) => [...values]).filter(Number.isFinite);
    if (!all.length) return;
    let [low, high] = [Math.min(...all), Math.max(...all)];
    const room = (high - low || Math.abs(high) || 1) * 0.05;
    [low, high] = [low - room, high + room];
    const x = (v) => STRIP.left + ((v - low) / (high - low)) * (this.width - STRIP.left - STRIP.right);
    const bottom = rows.length * STRIP.row + 4;
    context.textBaseline = "top";
    context.textAlign = "center";
    const marks = ticks(low, high, 5);
    for (const tick of marks) {
      context.fillStyle = theme.line;
      context.fillRect(Math.round(x(tick)), 2, 1, bottom);
      context.fillStyle = theme.muted;
      context.fillText(words.tick(tick, marks), x(tick), bottom + 5);
    }
    rows.forEach(([label, values, shape], r) => {
      const middle = 4 + r * STRIP.row + STRIP.row / 2;
      context.fillStyle = theme.text;
      context.textAlign = "left";
      context.textBaseline = "middle";
      context.fillText(label, 0, middle, STRIP.left - 8);
      context.fillStyle = theme[shape];
      context.globalAlpha = 0.55;
      values.forEach((v, i) => { // the row's height only parts points that lie on each other
        if (!Number.isFinite(v)) return;
        const y = middle + (((i * 7) % 11) - 5) * 1.5;
        context.beginPath();
        if (shape === "real") context.arc(x(v), y, 3, 0, 2 * Math.PI);
        else if (shape === "fake") for (const [px, py] of [[0, -3.6], [3.6, 0], [0, 3.6], [-3.6, 0]]) context.lineTo(x(v) + px, y + py);
        else context.rect(x(v) - 2.4, y - 2.4, 4.8, 4.8);
        context.fill();
      });
      context.globalAlpha = 1;
      const known = [...values].filter(Number.isFinite);
      context.fillStyle = theme.text; // the mean, a thin line
      if (known.length) context.fillRect(Math.round(x(known.reduce((sum, v) => sum + v, 0) / known.length)) - 1, middle - STRIP.row / 2 + 1, 2, STRIP.row - 2);
    });
  }

  /** One bar a layer, in the order of the network. */
  paintBars(context, values, layers) {
    const { theme, words } = this.ui;
    const top = Math.max(...[...values].filter(Number.isFinite), 0);
    const height = this.tall - STRIP.bottom - 14;
    const slot = Math.min(90, this.width / values.length);
    context.textAlign = "center";
    values.forEach((v, i) => {
      const tall = top > 0 && Number.isFinite(v) ? (v / top) * height : 0;
      context.fillStyle = this.phase.code[0] === "g" ? theme.fake : theme.neutral;
      context.fillRect(i * slot + slot * 0.2, 14 + height - tall, slot * 0.6, Math.max(tall, 1));
      context.fillStyle = theme.muted;
      context.textBaseline = "bottom";
      if (slot > 34) context.fillText(words.short(v), i * slot + slot / 2, 13 + height - tall);
      context.textBaseline = "top";
      if (slot > 26 || i % 2 === 0) context.fillText(words.number(i + 1), i * slot + slot / 2, 18 + height);
    });
    this.strip.dataset.tip = layers.map((name, i) => words.pair(words.number(i + 1), name)).join("\n");
  }
}
