// Time travel: a scrubber over what is kept of the run. What has come once is shown at once; while a hand is on the knob, or a
// replay goes on, the rest is fetched ahead, so that the picture follows the hand. The server forgets older wishes over newer ones.

const MOMENTS_MS = 2000; // between two questions for new moments while the past is looked at
const REPLAY_MS = 40;
const AHEAD = 6; // moments a question
const RECENT = 6; // pictures of the present: which of them is kept is known a little later
const NEIGHBOURS = [1, -1, 2, -2]; // what is fetched ahead while nothing moves

/** Index of the value nearest to `wanted` in increasing `values`. */
function nearestIndex(values, wanted) {
  const i = Math.min(values.length - 1, lowerBound(values, wanted));
  return i > 0 && wanted - values[i - 1] <= values[i] - wanted ? i - 1 : i;
}

class Timeline {
  /** `on`: ask(message), show(frame) of the past, back() when the present is wanted again, branch(step). */
  constructor(ui, on) {
    this.ui = ui;
    this.on = on;
    this.steps = [];
    this.branches = new Set();
    this.wanted = null; // the step to be shown; null: now
    this.shown = null;
    this.album = new Album();
    this.recent = [];
    this.coming = new Set(); // what the server has been asked for, and
    this.next = null; // what it has been asked for first
    const { words } = ui;
    this.slider = h("input", { type: "range", class: "gl-time-slider", min: "0", max: "1", value: "1", step: "any", "aria-label": words.get("time"),
      oninput: () => this.drag(), onkeydown: (event) => this.key(event), onpointerdown: () => this.hold(true), onpointerup: () => this.hold(false),
      onpointercancel: () => this.hold(false), onpointerenter: () => this.learn() });
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
    this.latest = 0;
    this.recent = [];
    this.album.clear();
    this.linked();
    this.box.classList.add("gl-gone");
    this.showState();
  }

  /** The present step of the run: the right end of the scrubber. */
  moved(step) {
    if (step < (this.latest ?? 0)) { // it went back: what came after is gone, and may come again as something else
      this.recent = [];
      this.album.clear();
      this.learn();
    }
    this.latest = step;
    this.box.classList.toggle("gl-gone", !step && !this.inPast);
    if (!this.inPast && !this.held) this.slider.value = "1";
    else if (this.inPast) this.place(this.wanted);
  }

  /** A picture of the present: if it is the very one that the run has kept, it need not be fetched. */
  saw(frame) {
    this.recent.push(frame);
    if (this.recent.length > RECENT) this.recent.shift();
    const kept = this.recent.find(({ header }) => header.step === frame.header.kept);
    if (kept && !this.album.has(kept.header.step)) this.album.put(asPast(kept));
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
    this.ask();
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

  /** One kept moment further or back; beyond the last one is now, which may be kept itself. */
  hop(by) {
    const now = this.steps.length - (this.steps.at(-1) === this.latest ? 1 : 0);
    const i = this.inPast ? nearestIndex(this.steps, this.wanted) : now;
    if (i + by >= now) this.leave();
    else this.go(this.steps[Math.max(0, i + by)]);
  }

  /** From the beginning, or from here, to now. */
  replay() {
    if (!this.inPast) this.go(this.steps[0]);
    this.playing = setInterval(() => {
      if (this.wanted !== this.shown || document.hidden) return; // the last one is still on its way
      this.hop(1);
      if (!this.inPast) this.stop();
    }, calm() ? CALM_MS : REPLAY_MS);
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
    this.look();
    this.ask();
    this.showState();
  }

  /** Shows the nearest that is here to what is wanted: once a frame of the browser, however fast the hand is. */
  look() {
    if (this.looking) return;
    this.looking = true;
    requestAnimationFrame(async () => {
      const step = this.nearestHere();
      if (step !== null && step !== this.shown) {
        this.shown = step;
        await this.on.show(this.album.get(step));
        this.showState();
      }
      this.looking = false;
      if (![null, this.shown].includes(this.nearestHere())) this.look(); // a nearer one has come while that was decoded
    });
  }

  /** The kept moment to be shown; null where what is shown is the nearest. */
  nearestHere() {
    if (!this.inPast) return null;
    if (this.album.has(this.wanted)) return this.wanted;
    const near = this.album.nearest(this.steps, this.wanted);
    const nearer = near !== null && (this.shown === null || Math.abs(near - this.wanted) < Math.abs(this.shown - this.wanted));
    return nearer ? near : null;
  }

  /** Asks for what is wanted, and for what may be wanted soon. */
  ask() {
    if (!this.inPast) return;
    const urgent = !this.album.has(this.wanted) && this.next !== this.wanted;
    if (!urgent && this.coming.size) return;
    const steps = urgent ? [this.wanted] : [];
    for (const step of this.soon()) {
      if (steps.length >= AHEAD || this.album.full) break;
      if (!this.album.has(step) && !this.coming.has(step) && step !== this.wanted) steps.push(step);
    }
    this.coming = new Set(steps);
    this.next = steps[0] ?? null;
    if (steps.length) this.on.ask({ at: steps });
  }

  *soon() {
    const i = nearestIndex(this.steps, this.wanted);
    if (this.playing) for (let k = i + 1; k < this.steps.length; k += 1) yield this.steps[k];
    else if (this.held) for (const k of coarseToFine(this.steps.length)) yield this.steps[k];
    else for (const by of NEIGHBOURS) if (this.steps[i + by] !== undefined) yield this.steps[i + by];
  }

  /** Asks once more for the moment that is shown: something else is to be seen of it. */
  again() {
    if (this.inPast && this.shown !== null) this.on.ask({ at: [this.shown] });
  }

  /** A picture of the past has come. */
  arrived(frame) {
    this.came(frame.header.step);
    this.album.put(frame);
    if (this.inPast && this.shown === frame.header.step && frame.header.closely) this.on.show(frame);
    this.look();
    this.ask();
  }

  came(step) {
    this.coming.delete(step);
    if (this.next === step) this.next = null;
  }

  /** It cannot be shown: another process has thinned the history, say. */
  missing(step) {
    this.came(step);
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

  /** The connection was lost or is there again: what was on its way will not come. */
  linked() {
    this.coming.clear();
    this.next = null;
    this.ask();
  }

  /** While a hand is on it, the knob stays under the hand; let go, it jumps to the moment that is shown. */
  hold(held) {
    this.held = held;
    if (held) {
      this.learn();
      this.ask();
    } else if (this.inPast) this.place(this.wanted);
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
function metricsAt(live, step, kind = "metrics") {
  const { arrays, header } = live;
  const xs = arrays.curve_x;
  const known = header[kind];
  if (!xs?.length || !known) return null;
  const before = (name) => {
    const ys = arrays[`curve:${name}`];
    for (let i = Math.min(xs.length - 1, lowerBound(xs, step + 0.5) - 1); ys && i >= 0; i -= 1) if (Number.isFinite(ys[i])) return ys[i];
    return null;
  };
  const values = {};
  for (const name of Object.keys(known.values)) {
    const share = CHARTED_AS[name] && before(CHARTED_AS[name]);
    if (name.endsWith("_total")) values[name] = known.values[name];
    else if (CHARTED_AS[name]) values[name] = share === null ? null : Math.round(share * known.values[`${name}_total`]);
    else values[name] = before(name);
  }
  return { ...known, values, step };
}

/** A picture of the present as it will be looked at later: without its curves, which are those of the day. */
function asPast({ header, arrays, bytes }) {
  const own = Object.entries(arrays).filter(([name]) => !name.startsWith("curve"));
  return { header: { ...header, status: "past", metrics: null, judged: null, phase: null }, arrays: Object.fromEntries(own), bytes };
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
