// The head of the view: transport buttons, status, figures, progress, message.

const RESTING = new Set(["paused", "finished", "stopped", "failed"]);
const MOVING = new Set(["running", "queued", "preparing"]);

class Controls {
  constructor(ui, send) {
    this.ui = ui;
    const { words } = ui;
    this.buttons = {};
    for (const name of ["pause", "step", "stop", "reset"]) this.buttons[name] = this.button(name, send);
    this.question = new Question(ui);
    this.menu = new Menu(ui, [["step_d", () => send({ do: "step_d" })], ["step_g", () => send({ do: "step_g" })],
      ...(ui.data.kind === "pairs" ? [] : [["slow", () => ui.slow.open()]]), ["reset_seed", () => this.ask("reset_seed", send)]]);
    this.speed = new Speed(ui, send);
    this.tools = h("div", { class: "gl-tools", role: "toolbar", "aria-label": words.get("transport") }, ...Object.values(this.buttons),
      this.menu.box);
    this.chip = h("span", { class: "gl-chip", role: "status" });
    this.watch = h("span", { class: "gl-chip gl-chip-watching", "data-tip": words.get("watching.help") }, icon("watching"), words.get("watching"));
    this.link = h("span", { class: "gl-chip gl-chip-link gl-gone", role: "status" });
    this.figures = Object.fromEntries(["step", "images", "rate"].map((name) => [name, h("b", {}, "–")]));
    this.engine = h("span", { class: "gl-engine", tabindex: "0" });
    this.units = Object.fromEntries(Object.keys(this.figures).map((name) => [name, h("span", {}, words.get(`stat.${name}`))]));
    const stats = h("div", { class: "gl-stats" }, ...Object.entries(this.figures).map(([name, figure]) =>
      h("span", { class: `gl-stat gl-stat-${name}` }, figure, this.units[name], ...(name === "rate" ? [this.engine] : []))));
    this.fill = h("i");
    this.track = h("div", { class: "gl-progress", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100",
      "aria-label": words.get("progress"), "data-tip": words.get("progress.help") }, this.fill);
    this.machine = new MachineLine(ui);
    this.note = h("div", { class: "gl-note", "aria-live": "polite" });
    this.head = h("div", { class: "gl-head" }, this.tools, this.speed.box, h("div", { class: "gl-chips" }, this.chip, this.watch, this.link), stats);
    this.parts = [this.head, this.track, this.machine.box, this.note];
  }

  button(name, send) {
    const { words } = this.ui;
    const label = h("span", {}, words.get(name));
    const element = h("button", { type: "button", class: `gl-button gl-button-${name}`, "data-do": name, "data-tip": words.get(`${name}.help`),
      onclick: () => (name === "reset" ? this.ask(name, send) : send({ do: element.dataset.do })) }, icon(name), label);
    return element;
  }

  /** Back to step 0: not without a question, where there is something to lose. */
  ask(name, send) {
    const { words } = this.ui;
    if (!this.step) send({ do: name });
    else this.question.ask(words.get(`${name}.ask`, { step: words.number(this.step) }), words.get(name), () => send({ do: name }));
  }

  /** `status`: of the run, or "preview"; `connected`: commands can be sent; `control`: this viewer may send them. */
  showState({ status, queue, control, connected, live }) {
    this.tools.classList.toggle("gl-gone", !live || !control);
    this.speed.box.classList.toggle("gl-gone", !live || !control);
    this.watch.classList.toggle("gl-gone", !live || control);
    this.showButtons(status, connected);
    const { words } = this.ui;
    const text = status === "queued" && queue > 0 ? words.get("status.queued.at", { place: words.number(queue) })
      : words.get(`status.${status}`);
    this.showChip(this.chip, status, text);
    if (status !== "queued") delete this.chip.dataset.tip;
    else if (!this.chip.dataset.tip) this.chip.dataset.tip = words.get("status.queued.help");
  }

  showButtons(status, connected) {
    const rest = RESTING.has(status);
    const { words } = this.ui;
    const { pause, step, stop, reset } = this.buttons;
    const wanted = rest ? "resume" : "pause";
    if (pause.dataset.do !== wanted) {
      pause.dataset.do = wanted;
      pause.dataset.tip = words.get(`${wanted}.help`);
      pause.replaceChildren(icon(wanted), h("span", {}, words.get(wanted)));
    }
    pause.disabled = !connected || !(rest || status === "running");
    step.disabled = !connected || status !== "paused";
    stop.disabled = !connected || !(MOVING.has(status) || status === "paused");
    reset.disabled = !connected || status === "preparing" || !status;
    this.speed.select.disabled = !connected;
    const { items } = this.menu;
    for (const name of ["step_d", "step_g"]) items.get(name).disabled = step.disabled || this.together;
    if (items.has("slow")) items.get("slow").disabled = !connected || !["paused", "running"].includes(status);
    items.get("reset_seed").disabled = reset.disabled;
  }

  showChip(chip, name, text) {
    if (chip.dataset.name === name && chip.lastChild?.textContent === text) return;
    chip.dataset.name = name;
    chip.replaceChildren(icon(name), h("span", {}, text));
  }

  /** The quiet chip about the connection; nothing when all is well. */
  showLink(state, reason) {
    const { words } = this.ui;
    const lost = state === "lost";
    const busy = state === "waiting" || state === "renewing" || (state === "connecting" && this.wasOpen);
    if (state === "open") this.wasOpen = true;
    this.link.classList.toggle("gl-gone", !lost && !busy);
    if (lost) this.showChip(this.link, "lost", words.get("disconnected"));
    else if (busy) this.showChip(this.link, "reconnecting", words.get(reason === "1013" ? "crowded" : "reconnecting"));
  }

  showFigures(header) {
    const { words } = this.ui;
    this.step = header.step;
    this.together = header.settings?.method === "vae"; // nobody steps alone where both make one loss small
    for (const name of ["step_d", "step_g"]) this.menu.items.get(name).classList.toggle("gl-gone", this.together);
    this.menu.describe(words);
    this.speed.show(header.speed);
    setText(this.figures.step, words.number(header.step));
    setText(this.units.step, words.counted("stat.step", header.step));
    setText(this.figures.images, words.number(header.images));
    setText(this.figures.rate, words.number(header.rate ?? 0, header.rate > 0 && header.rate < 10 ? 1 : 0));
    this.showEngine(header);
    this.machine.show(header);
    const share = header.progress;
    const known = share !== null && share !== undefined;
    this.track.classList.toggle("gl-faint", !known);
    this.fill.style.transform = `scaleX(${known ? Math.min(1, Math.max(0, share)) : 0})`;
    if (known) this.track.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  }

  /** What takes the steps, and why it is not the faster one. */
  showEngine({ status, engine, engine_reason: reason }) {
    const { words } = this.ui;
    this.engine.classList.toggle("gl-gone", !engine || status === "preview"); // nothing takes steps yet
    if (!engine) return;
    setText(this.engine, words.get(`engine.${engine}`));
    const help = words.sentence(reason) || words.get(`engine.${engine}.help`);
    if (this.engine.dataset.tip !== help) this.engine.dataset.tip = help;
  }

  /** A sentence from the run or about the connection: text, whatever is in it. */
  showNote(text, bad) {
    setText(this.note, text || "");
    this.note.classList.toggle("gl-note-bad", Boolean(bad && text));
  }
}

/** Figures of merit, each with what it means and from how many samples. */
class Tiles {
  constructor(ui) {
    this.ui = ui;
    this.tiles = new Map();
    this.row = h("div", { class: "gl-tiles" });
    this.from = h("div", { class: "gl-from" });
    this.box = h("div", { class: "gl-metrics gl-gone" }, this.row, this.from);
  }

  show(metrics) {
    const values = metrics?.values;
    this.box.classList.toggle("gl-gone", !values);
    if (!values) return;
    const { words } = this.ui;
    const names = Object.keys(values).filter((name) => !name.endsWith("_total"));
    if (names.join() !== this.names) this.arrange(names);
    for (const name of names) {
      const { value, side, title } = this.tiles.get(name);
      if (metrics.by && words.has(`curve.${name}.by`)) setText(title, words.get(`curve.${name}.by`, { by: words.judge(metrics.by) }));
      setText(value, this.text(name, values));
      const floor = metrics.floor?.[name];
      setText(side, floor === undefined || floor === null ? "" : words.get(metrics.features ? "instead" : "perfect", { value: this.figure(name, floor) }));
    }
    setText(this.from, fromWords(words, metrics));
  }

  arrange(names) {
    this.names = names.join();
    const { words } = this.ui;
    this.tiles.clear();
    for (const name of names) {
      const known = words.has(`metric.${name}`);
      const title = h("span", {}, known ? words.get(`metric.${name}`) : pretty(name));
      const value = h("b", {});
      const side = h("small", {});
      const box = h("div", { class: "gl-tile", tabindex: "0", "data-tip": known ? words.get(`metric.${name}.help`) : null },
        title, value, side);
      this.tiles.set(name, { box, value, side, title });
    }
    this.row.replaceChildren(...[...this.tiles.values()].map((tile) => tile.box));
  }

  /** The figures that are shown, each with its name. */
  inWords() {
    return this.box.classList.contains("gl-gone") ? [] : [...this.tiles.values()].map(({ title, value }) => `${title.textContent} ${value.textContent}`);
  }

  text(name, values) {
    const total = values[`${name}_total`];
    return total === undefined ? this.figure(name, values[name]) : `${this.ui.words.number(values[name])} / ${this.ui.words.number(total)}`;
  }

  figure(name, value) {
    const { words } = this.ui;
    if (value === null || value === undefined) return "–";
    const written = words.has(`metric.${name}.written`) ? words.get(`metric.${name}.written`) : "number";
    if (written === "percent") return words.number(value, 1, "percent");
    if (written === "count") return words.number(value);
    return Math.abs(value) < 1 && Math.abs(value) >= 0.1 ? words.number(value, 3) : words.short(value);
  }
}
