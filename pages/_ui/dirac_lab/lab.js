// The Dirac-GAN lab in the browser: asks the server for each game, animates it, compares it; and the function that Streamlit calls.

const AGAIN_MS = 2000; // until another try, when the server cannot be reached
const SPEEDS = [10, 40, 160]; // steps a second
const MOST_KEPT = 4;
const FIELD_OF = ["loss", "penalty", "weight", "smooth"];
const PLACE = ["theta", "psi"];

class DiracLab {
  constructor(root) {
    Object.assign(this, { root, kept: [], view: null, at: 0, playing: false, busy: false, waiting: null, told: "", which: "discrete" });
    this.theme = new Theme(root);
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    new ResizeObserver(() => this.view && this.paint()).observe(root);
    // Streamlit listens to letters on the page; a key pressed here is meant for here.
    root.addEventListener("keydown", (event) => event.key.length === 1 && !event.ctrlKey && !event.metaKey && event.stopPropagation());
    new MutationObserver(() => this.repaint()).observe(document.documentElement, { attributes: true, attributeFilter: ["class", "style"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
  }

  update(component) {
    this.component = component;
    const { data } = component;
    const said = JSON.stringify([data.labels, data.controls, data.locked]);
    const anew = data.tag !== this.tag;
    if (said !== this.said || anew) this.build(data);
    this.said = said;
    if (anew) {
      this.kept = [];
      this.view = null;
      this.settings = { ...data.now };
      this.told = JSON.stringify(data.now);
    }
    this.tag = data.tag;
    if (anew) this.ask({ final: true });
    else if (this.view) this.refresh();
  }

  build(data) {
    const words = (this.words = new Words(data.labels));
    const locked = data.locked;
    this.start = data.start;
    this.plane = new Plane(words, { moved: (theta, psi, ended) => this.moved(theta, psi, ended) });
    this.plane.still = PLACE.every((name) => locked.includes(name));
    this.controls = new Controls(words, data.controls, locked, { changed: (...given) => this.changed(...given), usual: () => this.usual() });
    this.fixed = locked;
    this.eigen = new EigenChart(words, () => {
      this.which = this.eigen.which;
      this.paint();
    });
    this.eigen.which = this.which;
    this.distance = new DistanceChart(words);
    this.line = new LineChart(words);
    this.line.head.append(h("span", { class: "di-legend" }, icon("real"), words.get("line.real"), icon("fake"), words.get("line.fake")));
    this.verdict = h("p", { class: "di-verdict", role: "status" });
    this.status = h("p", { class: "di-status", role: "alert" });
    this.place = h("div", { class: "di-place" });
    this.left = h("dl");
    const title = h("figcaption", {}, h("b", { tabindex: 0, "data-tip": words.get("plane.help") }, words.get("plane")));
    this.root.replaceChildren(
      h("div", { class: "di-all" },
        h("section", { class: "di-main" }, h("figure", {}, title, this.plane.box), this.transport(), this.place, this.verdict, this.status, this.keeping()),
        h("section", { class: "di-side" }, this.controls.box),
        h("section", { class: "di-charts" }, this.eigen.box, this.line.box, this.distance.box)),
      h("details", { class: "di-left" }, h("summary", {}, words.get("left")), this.left));
    this.tooltip ??= new Tooltip(this.root);
    this.root.append(this.tooltip.box);
    this.theme.signature = "";
  }

  transport() {
    const { words } = this;
    const button = (code, sign, act) => h("button", { type: "button", class: "gl-button", "data-do": code, "aria-label": words.get(code), "data-tip": words.get(code), onclick: act }, icon(sign));
    this.playButton = button("play", "resume", () => (this.playing ? this.pause() : this.play()));
    this.slider = h("input", { type: "range", min: 0, step: 1, "aria-label": words.get("at") });
    this.slider.addEventListener("input", () => {
      this.pause();
      this.go(Number(this.slider.value));
    });
    this.speed = h("select", { class: "gl-select", "aria-label": words.get("speed") }, ...SPEEDS.map((count) => h("option", { value: count }, words.get("speed.value", { count }))));
    this.speed.value = String(this.pace ?? SPEEDS[1]);
    this.speed.addEventListener("change", () => (this.pace = Number(this.speed.value)));
    const by = (count) => () => {
      this.pause();
      this.go(this.at + count);
    };
    return h("div", { class: "di-bar" }, this.playButton, button("first", "reset", by(-Infinity)), button("back", "back", by(-1)), button("forth", "forth", by(1)), this.slider, this.speed);
  }

  keeping() {
    const { words } = this;
    this.keepButton = h("button", { type: "button", class: "gl-button", "data-do": "keep", onclick: () => this.keep() }, icon("plus"), h("span", {}, words.get("keep")));
    this.list = h("ul", { class: "di-kept", "aria-label": words.get("kept") });
    return h("div", { class: "di-keeping" }, this.keepButton, this.list);
  }

  // -- what a person does --------------------------------------------------------------------------------------------

  changed(name, value, final) {
    this.settings = { ...this.settings, [name]: value };
    if (name === "penalty" && !this.fixed.includes("weight")) this.settings.weight = null; // its own usual strength
    this.ask({ final });
  }

  moved(theta, psi, final) {
    const most = this.controls.specs.theta.high;
    const within = (v) => Math.round(Math.max(-most, Math.min(most, v)) * 100) / 100;
    const place = { theta: within(theta), psi: within(psi) };
    for (const name of PLACE) if (!this.fixed.includes(name)) this.settings = { ...this.settings, [name]: place[name] };
    if (this.view) this.paint(); // the start follows at once, its path when the server has answered
    this.ask({ final });
  }

  usual() {
    this.settings = { ...this.start };
    this.ask({ final: true });
  }

  // -- asking the server ---------------------------------------------------------------------------------------------

  /** One request at a time; of what was asked meanwhile the latest. */
  async ask({ final }) {
    if (this.busy) {
      this.waiting = { final };
      return;
    }
    this.busy = true;
    if (!final) this.live = true; // drawn whole, and not yet played
    const { tag, settings } = this;
    const least = Math.max(...this.kept.map((one) => one.reach), 1.5);
    const extent = final || !this.view ? null : this.view.extent;
    const wanted = JSON.stringify([...FIELD_OF.map((name) => settings[name]), extent]);
    const field = final || wanted !== this.fieldOf;
    let again = false;
    try {
      const address = new URL("api/dirac", appBase());
      address.searchParams.set("lang", this.words.labels.lang);
      const answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ settings, extent, least, field }) });
      const found = await answer.json();
      if (tag === this.tag) this.answered(found, final);
    } catch {
      setText(this.status, this.words.get("failed"));
      again = true;
    }
    this.busy = false;
    const next = this.waiting;
    this.waiting = null;
    if (!this.root.isConnected) return;
    if (next) this.ask(next);
    else if (again) setTimeout(() => !this.busy && this.root.isConnected && this.ask({ final }), AGAIN_MS);
  }

  answered(found, final) {
    setText(this.status, found.error ?? "");
    if (found.error) {
      if (this.view && final) {
        this.settings = { ...this.view.settings };
        this.controls.show(this.view);
      }
      return;
    }
    const field = found.field ?? this.view?.field;
    const same = this.view && JSON.stringify(found.settings) === JSON.stringify(this.view.settings);
    this.view = { ...found, field, kept: this.kept };
    this.fieldOf = JSON.stringify([...FIELD_OF.map((name) => found.settings[name]), found.extent]);
    if (!this.waiting) this.settings = { ...found.settings };
    if (!same) {
      this.pause();
      this.at = this.view.path.length / 2 - 1;
    }
    this.refresh();
    if (!final) return;
    const seen = same && !this.live;
    this.live = false;
    if (!seen && !this.waiting && !this.calm.matches && document.visibilityState === "visible") this.play();
    this.tellPage(found.settings);
  }

  /** What is chosen, for the page: settings alone. */
  tellPage(settings) {
    const text = JSON.stringify(settings);
    if (text === this.told) return;
    this.told = text;
    this.component.setStateValue("chosen", { of: this.tag, settings });
  }

  // -- time ----------------------------------------------------------------------------------------------------------

  play() {
    const last = this.view.path.length / 2 - 1;
    if (this.at >= last) this.at = 0;
    this.playing = true;
    let before = null;
    let shown = this.at;
    const frame = (now) => {
      if (!this.playing || !this.root.isConnected) return;
      if (before !== null) shown += ((now - before) / 1000) * Number(this.speed.value);
      before = now;
      this.go(Math.min(last, Math.floor(shown)));
      if (this.at >= last) this.pause();
      else requestAnimationFrame(frame);
    };
    this.label();
    requestAnimationFrame(frame);
  }

  pause() {
    const was = this.playing;
    this.playing = false;
    this.label();
    if (was) this.say();
  }

  label() {
    const code = this.playing ? "pause" : "play";
    const text = this.words.get(code);
    if (this.playButton.getAttribute("aria-label") === text) return;
    this.playButton.setAttribute("aria-label", text);
    this.playButton.dataset.tip = text;
    this.playButton.dataset.do = code;
    this.playButton.replaceChildren(icon(this.playing ? "pause" : "resume"));
  }

  go(step) {
    this.at = Math.max(0, Math.min(this.view.path.length / 2 - 1, step));
    this.paint();
    if (!this.playing) this.say();
  }

  // -- comparing -----------------------------------------------------------------------------------------------------

  keep() {
    const { settings, path, reach, discrete, continuous, weight, shown, verdict } = this.view;
    const number = [1, 2, 3, 4].find((n) => !this.kept.some((one) => one.number === n));
    this.kept = [...this.kept, { settings, path, reach, discrete, continuous, weight, shown, verdict, number }];
    this.kept.sort((a, b) => a.number - b.number);
    this.view.kept = this.kept;
    this.refresh();
  }

  drop(number) {
    this.kept = this.kept.filter((one) => one.number !== number);
    this.view.kept = this.kept;
    this.keepButton.focus();
    this.ask({ final: true }); // the plane may be smaller now
    this.refresh();
  }

  /** What tells one path from the others: those of its settings that are not the same in all. */
  nameOf(one) {
    const all = [...this.kept, this.view];
    const differs = (name) => new Set(all.map((other) => other.settings[name])).size > 1;
    const told = (name) => one.shown.includes(name) && differs(name);
    const parts = Object.keys(one.settings).filter((name) => told(name) && !PLACE.includes(name)).map((name) => this.controls.say(name, one));
    if (PLACE.some(told)) parts.push(`${this.words.get("plane.start")} (${PLACE.map((name) => brief(this.words, one.settings[name])).join(", ")})`);
    return parts.length ? parts.reduce((first, second) => this.words.get("and", { first, second })) : this.controls.say("loss", one);
  }

  list_() {
    const { words, view } = this;
    const same = this.kept.some((one) => JSON.stringify(one.settings) === JSON.stringify(view.settings));
    const full = this.kept.length >= MOST_KEPT;
    this.keepButton.disabled = same || full;
    const tip = full ? "keep.full" : same ? "keep.same" : "keep.help";
    this.keepButton.dataset.tip = words.get(tip, { most: MOST_KEPT });
    const line = (one) => {
      const name = this.nameOf(one);
      const number = h("span", { class: "di-number-sign", style: `background:${one.color}` }, String(one.number));
      const remove = h("button", { type: "button", class: "gl-mini gl-plain", "aria-label": words.get("kept.remove", { name }), "data-tip": words.get("kept.remove", { name }), onclick: () => this.drop(one.number) }, icon("close"));
      return h("li", { "data-verdict": one.verdict }, number, h("span", {}, name), remove);
    };
    const present = h("li", { class: "di-present" }, h("span", { class: "di-number-sign" }, "•"), h("span", {}, words.get("named", { name: words.get("kept.present"), value: this.nameOf(view) })));
    this.list.replaceChildren(...(this.kept.length ? [present, ...this.kept.map(line)] : []));
  }

  // -- drawing -------------------------------------------------------------------------------------------------------

  repaint() {
    if (this.view) this.refresh();
  }

  colors() {
    if (!this.theme.refresh() && this.theme.kept) return;
    const style = getComputedStyle(this.root);
    const plain = (name) => `rgb(${rgb(style.getPropertyValue(name).trim()).join(",")})`;
    const { theme } = this;
    theme.kept = [1, 2, 3, 4].map((n) => plain(`--di-kept-${n}`));
    Object.assign(theme, { good: plain("--gl-good"), accent: plain("--gl-accent"), shade: plain("--di-shade"), arrow: plain("--di-arrow") });
  }

  refresh() {
    this.colors();
    for (const one of this.kept) Object.assign(one, { color: this.theme.kept[one.number - 1], dash: DASHES[one.number - 1] });
    this.controls.show({ ...this.view, settings: this.waiting ? { ...this.view.settings, ...this.settings, weight: this.settings.weight ?? this.view.settings.weight } : this.view.settings });
    const far = this.view.extent < Math.max(...this.view.path.map(Math.abs));
    const [verdict, ...more] = this.view.says;
    const text = [verdict, ...more, ...(far ? [this.words.get("plane.beyond")] : [])].join(/^zh/.test(this.words.labels.lang) ? "" : " ");
    if (this.verdict.textContent !== text) this.verdict.replaceChildren(h("b", {}, verdict), text.slice(verdict.length));
    this.verdict.dataset.code = this.view.verdict;
    this.left.replaceChildren(...this.view.left.flatMap(([title, why]) => [h("dt", {}, title), h("dd", {}, why)]));
    this.list_();
    this.paint();
    this.say();
  }

  paint() {
    this.colors();
    const view = { ...this.view, at: this.at };
    this.plane.paint(view, PLACE.map((name) => this.settings[name]), this.theme);
    for (const chart of [this.eigen, this.distance, this.line]) chart.paint(view, this.theme);
    const steps = view.path.length / 2 - 1;
    this.slider.max = steps;
    this.slider.value = this.at;
    const { words } = this;
    const text = words.get("at.of", { step: words.number(this.at), steps: words.number(steps) });
    this.slider.setAttribute("aria-valuetext", text);
    const [theta, psi] = [view.path[2 * this.at], view.path[2 * this.at + 1]];
    const place = words.get("place", { theta: brief(words, theta), psi: brief(words, psi), distance: brief(words, Math.hypot(theta, psi)) });
    setText(this.place, words.get("named", { name: text, value: place }));
    Object.assign(this.root.dataset, { step: this.at, verdict: view.verdict, playing: this.playing });
  }

  /** The pictures in words; not at every frame. */
  say() {
    const view = { ...this.view, at: this.at };
    this.plane.tell(view);
    this.distance.say(view);
    this.line.say(view);
  }
}

export default function diracLab(component) {
  const root = component.parentElement.querySelector(".di");
  root.lab ??= new DiracLab(root);
  root.lab.update(component);
}
