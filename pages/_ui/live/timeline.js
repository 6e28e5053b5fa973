// Time travel: a scrubber over what is kept of the run. One wish is on its way at a time, and the latest wins.

const MOMENTS_MS = 2000; // between two questions for new moments while the past is looked at
const REPLAY_MS = 80;

/** Index of the value nearest to `wanted` in increasing `values`. */
function nearestIndex(values, wanted) {
  const i = Math.min(values.length - 1, lowerBound(values, wanted));
  return i > 0 && wanted - values[i - 1] <= values[i] - wanted ? i - 1 : i;
}

class Timeline {
  /** `on`: ask(message), back() when the present is wanted again, branch(step). */
  constructor(ui, on) {
    this.ui = ui;
    this.on = on;
    this.steps = [];
    this.branches = new Set();
    this.wanted = null; // the step to be shown; null: now
    this.shown = null;
    this.asked = null;
    const { words } = ui;
    this.slider = h("input", { type: "range", class: "gl-time-slider", min: "0", max: "1", value: "1", step: "any", "aria-label": words.get("time"),
      oninput: () => this.drag(), onkeydown: (event) => this.key(event), onpointerdown: () => this.hold(true), onpointerup: () => this.hold(false),
      onpointercancel: () => this.hold(false) });
    this.where = h("output", { class: "gl-time-where" });
    this.buttons = Object.fromEntries([["earlier", "back"], ["replay", "resume"], ["later", "forth"]].map(([name, picture]) => [name,
      h("button", { type: "button", class: `gl-mini gl-time-${name}`, "aria-label": words.get(`time.${name}`), "data-tip": words.get(`time.${name}`),
        onclick: () => this.press(name) }, icon(picture))]));
    this.now = h("button", { type: "button", class: "gl-text gl-time-now", "aria-label": words.get("time.now"), "data-tip": words.get("time.now.help"),
      onclick: () => this.leave() },
      icon("forth"), h("span", {}, words.get("time.now")));
    this.fork = h("button", { type: "button", class: "gl-text gl-time-branch", "data-tip": words.get("time.branch.help"),
      onclick: () => this.shown !== null && this.on.branch(this.shown) }, icon("branch"), words.get("time.branch"));
    this.box = h("div", { class: "gl-time gl-gone", role: "group", "aria-label": words.get("time") },
      h("span", { class: "gl-time-row" }, ...Object.values(this.buttons), this.slider),
      h("span", { class: "gl-time-foot" }, this.where, h("span", { class: "gl-time-more" }, this.fork, this.now)));
    this.showState();
  }

  get inPast() {
    return this.wanted !== null;
  }

  /** Another run, or none. */
  forget() {
    this.steps = [];
    this.branches = new Set();
    this.stop();
    this.wanted = null;
    this.shown = null;
    this.asked = null;
    this.latest = 0;
    this.box.classList.add("gl-gone");
    this.showState();
  }

  /** The present step of the run: the right end of the scrubber. */
  moved(step) {
    if (step < (this.latest ?? 0)) this.learn(); // it went back: what came after is gone
    this.latest = step;
    this.box.classList.toggle("gl-gone", !step && !this.inPast);
    if (!this.inPast && !this.held) this.slider.value = "1";
    else if (this.inPast) this.place(this.wanted);
  }

  // -- what is kept ----------------------------------------------------------------------------------------------

  learn() {
    const now = performance.now();
    if (this.learned && now - this.learned < MOMENTS_MS / 4) return;
    this.learned = now;
    this.on.ask({ moments: true });
  }

  moments({ steps, branches }) {
    this.steps = steps;
    this.branches = new Set(branches);
    if (this.then) {
      const { then } = this;
      this.then = null;
      then();
    }
    clearTimeout(this.relearn);
    if (this.inPast) this.relearn = setTimeout(() => this.inPast && this.learn(), MOMENTS_MS);
    this.showState();
  }

  /** Calls `then` once the moments are known. */
  known(then) {
    if (this.steps.length) then();
    else {
      this.then = then;
      this.learned = 0;
      this.learn();
    }
  }

  // -- going there -----------------------------------------------------------------------------------------------

  drag() {
    this.stop();
    const share = Number(this.slider.value);
    if (share >= 1) this.leave();
    else this.known(() => this.go(Math.round(share * this.latest)));
  }

  key(event) {
    const moves = { ArrowLeft: "earlier", ArrowDown: "earlier", ArrowRight: "later", ArrowUp: "later" };
    if (event.key in moves) this.press(moves[event.key]);
    else if (event.key === "Home") this.known(() => this.go(0));
    else if (event.key === "End" || event.key === "Escape") this.leave();
    else return;
    event.preventDefault();
  }

  press(name) {
    if (name === "replay") this.known(() => (this.playing ? this.stop() : this.replay()));
    else {
      this.stop();
      this.known(() => this.hop(name === "later" ? 1 : -1));
    }
  }

  /** One kept moment further or back; beyond the last one is now. */
  hop(by) {
    const i = this.inPast ? nearestIndex(this.steps, this.wanted) : this.steps.length;
    if (i + by >= this.steps.length) this.leave();
    else this.go(this.steps[Math.max(0, i + by)]);
  }

  /** From the beginning, or from here, to now. */
  replay() {
    if (!this.inPast) this.go(this.steps[0]);
    this.playing = setInterval(() => {
      if (this.asked !== null || document.hidden) return; // the last one is still on its way
      this.hop(1);
      if (!this.inPast) this.stop();
    }, REPLAY_MS);
    this.showState();
  }

  stop() {
    clearInterval(this.playing);
    this.playing = null;
    this.showState();
  }

  go(step) {
    if (!this.steps.length) return;
    this.wanted = this.steps[nearestIndex(this.steps, step)];
    this.place(this.wanted);
    this.ask();
    this.showState();
  }

  ask() {
    if (this.asked !== null || this.wanted === null || this.wanted === this.shown) return;
    this.asked = this.wanted;
    this.on.ask({ at: this.wanted });
  }

  /** A picture of the past has come; whether it is (still) to be shown. */
  arrived(step) {
    this.asked = null;
    const shows = this.inPast;
    if (shows) this.shown = step;
    this.ask();
    this.showState();
    return shows;
  }

  /** It cannot be shown: another process has thinned the history, say. */
  missing(step) {
    this.asked = null;
    this.steps = this.steps.filter((other) => other !== step);
    this.learned = 0;
    this.learn();
    if (this.wanted === step) this.steps.length ? this.go(step) : this.leave();
    else this.ask();
  }

  leave() {
    this.stop();
    const was = this.inPast;
    this.wanted = null;
    this.shown = null;
    this.slider.value = "1";
    this.showState();
    if (was) this.on.back();
  }

  /** The connection was lost: what was on its way will not come. */
  lost() {
    this.asked = null;
    this.ask();
  }

  /** While a hand is on it, the knob stays under the hand; let go, it jumps to the moment that is shown. */
  hold(held) {
    this.held = held;
    if (held) this.learn();
    else if (this.inPast) this.place(this.wanted);
  }

  place(step) {
    if (!this.held) this.slider.value = String(this.latest ? Math.min(0.9999, step / this.latest) : 0);
  }

  showState() {
    const { words } = this.ui;
    const step = this.shown ?? this.wanted;
    setText(this.where, this.inPast ? words.get("time.at", { step: words.number(step) }) : words.get("time.present"));
    this.box.classList.toggle("gl-time-past", this.inPast);
    this.now.classList.toggle("gl-absent", !this.inPast);
    this.fork.classList.toggle("gl-absent", !(this.inPast && this.branches.has(this.shown)));
    const name = this.playing ? "pause" : "resume";
    if (this.face !== name) {
      this.face = name;
      this.buttons.replay.replaceChildren(icon(name));
    }
  }
}

/** Figures of merit at a step of the past, from the curves: what was measured last before it. */
function metricsAt(live, step) {
  const { arrays, header } = live;
  const xs = arrays.curve_x;
  if (!xs?.length || !header.metrics) return null;
  const total = header.metrics.values.modes_total;
  const before = (name) => {
    const ys = arrays[`curve:${name}`];
    for (let i = Math.min(xs.length - 1, lowerBound(xs, step + 0.5) - 1); ys && i >= 0; i -= 1) if (Number.isFinite(ys[i])) return ys[i];
    return null;
  };
  const values = {};
  for (const name of Object.keys(header.metrics.values)) {
    if (name === "modes_total") values[name] = total;
    else if (name === "modes") values[name] = before("coverage") === null ? null : Math.round(before("coverage") * total);
    else values[name] = before(name);
  }
  return { values, samples: header.metrics.samples, step, floor: header.metrics.floor };
}

/** A picture of the past with the curves up to then. */
function asOf(live, past) {
  const xs = live.arrays.curve_x;
  const end = xs ? lowerBound(xs, past.header.step + 0.5) : 0;
  const curves = Object.entries(live.arrays).filter(([name]) => name.startsWith("curve"));
  const { curves: panels, settings } = live.header;
  return { header: { settings, ...past.header, curves: panels },
    arrays: { ...past.arrays, ...Object.fromEntries(curves.map(([name, values]) => [name, values.subarray(0, end)])) } };
}
