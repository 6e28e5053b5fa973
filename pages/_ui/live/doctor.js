// The diagnosis: one calm line on what is wrong with the run, which opens to what it is, why, and what helps.

const DOCTOR_MS = 2000; // between two changes of its text
const UNTROUBLED = new Set(["healthy", "early", "resting", "no_game", "translating"]);

class DoctorView {
  constructor(ui, apply) {
    this.ui = ui;
    this.apply = apply;
    this.control = false;
    this.asked = null; // the remedy that was asked for, until the run's answer shows
    const { words } = ui;
    this.title = h("b", {});
    this.says = h("span", { class: "gl-doctor-says" });
    this.more = h("span", { class: "gl-doctor-count gl-gone" });
    this.sign = h("span", { class: "gl-doctor-sign" });
    const arrow = h("span", { class: "gl-doctor-arrow" }, icon("unfold"));
    this.body = h("div", { class: "gl-doctor-body", id: "gl-doctor-body", hidden: "" });
    this.bar = h("button", { type: "button", class: "gl-doctor-bar", "aria-expanded": "false", "aria-controls": "gl-doctor-body",
      "data-tip": words.get("doctor.help"), onclick: () => this.unfold(this.body.hidden) }, this.sign,
    h("span", { class: "gl-doctor-line" }, this.title, this.says), this.more, arrow);
    this.heard = h("span", { class: "gl-hidden", role: "status" });
    this.box = h("section", { class: "gl-doctor gl-gone", "aria-label": words.get("doctor") }, this.bar, this.body, this.heard);
  }

  unfold(open) {
    this.body.hidden = !open;
    this.bar.setAttribute("aria-expanded", String(open));
    this.ui.tooltip.hide();
    if (open) this.draw();
  }

  /** `live`: there is a run; `control`: this viewer may change it. */
  showState(live, control) {
    this.box.classList.toggle("gl-gone", !live);
    if (control === this.control) return;
    this.control = control;
    if (this.found) this.draw();
  }

  /** Another run: nothing is known of it. */
  forget() {
    this.found = this.asked = null;
    this.drawnAt = undefined;
  }

  /** `past`: what was said at the moment that is looked back to, which is shown at once, as what is said now is after it. */
  show(found, past) {
    const leap = past || this.past;
    this.past = past;
    const now = performance.now();
    const kind = (some) => (some || []).map((f) => f.code).join();
    if (!found?.length) found = [{ code: "early", since: 0, evidence: null, remedy: {}, advice: null }];
    const answered = this.asked && !found.some((f) => f.code === this.asked.code && JSON.stringify(f.remedy) === this.asked.remedy);
    if (answered) this.asked = null;
    this.found = found;
    const wait = this.drawnAt === undefined || answered || leap ? 0 : this.drawnAt + DOCTOR_MS - now;
    if (wait <= 0) this.draw();
    else this.timer ??= setTimeout(() => this.draw(), wait);
    this.box.dataset.found = kind(found);
  }

  draw() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.found) return;
    this.drawnAt = performance.now();
    const { words } = this.ui;
    const [first, ...others] = this.found;
    if (this.box.dataset.code !== first.code) {
      this.box.dataset.code = first.code;
      this.box.classList.toggle("gl-doctor-ill", !UNTROUBLED.has(first.code));
      this.sign.replaceChildren(icon(UNTROUBLED.has(first.code) ? first.code : "ill"));
      setText(this.title, words.get(`condition.${first.code}`));
      setText(this.heard, words.pair(words.get("doctor"), words.get(`condition.${first.code}`)));
    }
    setText(this.says, this.evidence(first));
    setText(this.more, words.get("doctor.others", { count: words.number(others.length) }));
    this.more.classList.toggle("gl-gone", !others.length);
    if (!this.body.hidden) this.drawBody();
  }

  evidence(finding) {
    const text = this.sentence(finding.evidence);
    return text && !UNTROUBLED.has(finding.code) ? this.ui.words.get("doctor.since", { step: this.ui.words.number(finding.since), text }) : text;
  }

  /** Like every message of a run, with numbers of unknown size. */
  sentence(message) {
    const { words } = this.ui;
    const shown = Object.entries(message?.params || {}).map(([name, value]) =>
      [name, typeof value !== "number" ? value : Number.isInteger(value) ? words.number(value) : words.short(value)]);
    return words.sentence(message && { ...message, params: Object.fromEntries(shown) });
  }

  /** A card for each finding. Only what differs is written, so that a button stays under the finger that presses it. */
  drawBody() {
    const key = JSON.stringify([this.control, this.asked, this.found.map((f) => [f.code, f.remedy, f.advice])]);
    if (key !== this.key) {
      this.key = key;
      const focused = this.body.contains(this.ui.root.getRootNode().activeElement);
      this.cards = this.found.map((finding, i) => this.card(finding, i === 0));
      this.body.replaceChildren(...this.cards.map((card) => card.box));
      if (focused) (this.body.querySelector("button:enabled") ?? this.bar).focus();
    }
    this.found.slice(1).forEach((finding, i) => setText(this.cards[i + 1].evidence, this.evidence(finding)));
  }

  /** Of the first, name and evidence stand in the line above already. */
  card(finding, first) {
    const { words } = this.ui;
    const { code } = finding;
    const evidence = h("p", { class: "gl-doctor-evidence" });
    const part = (name, ...inside) => [h("dt", {}, words.get(`doctor.${name}`)), h("dd", {}, ...inside)];
    const well = UNTROUBLED.has(code);
    const list = h("dl", {}, ...part("what", words.get(`condition.${code}.help`)),
      ...part(well ? "means" : "why", words.get(`condition.${code}.why`)));
    if (!well) list.append(...part("helps", ...this.remedy(finding)));
    const box = h("div", { class: "gl-doctor-card", "data-code": code },
      ...(first ? [] : [h("h3", {}, words.get(`condition.${code}`)), evidence]), list);
    return { box, evidence };
  }

  remedy(finding) {
    const { words } = this.ui;
    const changes = Object.entries(finding.remedy || {});
    const advice = h("span", {}, words.sentence(finding.advice));
    if (!changes.length) return [advice];
    const lines = changes.map(([name, [old, value]]) => h("li", {}, words.get("mark.change",
      { name: words.labels[`setting.${name}`] ?? name, old: this.value(name, old), new: this.value(name, value) })));
    const shown = [advice, h("ul", { class: "gl-doctor-changes" }, ...lines)];
    if (this.control) shown.push(this.button(finding));
    return shown;
  }

  /** A setting's value as its control writes it. */
  value(name, text) {
    const { words } = this.ui;
    const number = Number(text);
    return words.labels[`choice.${name}.${text}`] ?? (Number.isNaN(number) ? text : words.short(number));
  }

  button(finding) {
    const { words } = this.ui;
    const remedy = JSON.stringify(finding.remedy);
    const asked = this.asked?.code === finding.code && this.asked.remedy === remedy;
    const element = h("button", { type: "button", class: "gl-button gl-doctor-apply", "data-code": finding.code,
      onclick: () => {
        this.asked = { code: finding.code, remedy };
        this.apply(finding.code);
        this.draw();
        // An answer that does not come (a run that has ended meanwhile) must not leave the button dead.
        setTimeout(() => { this.asked = null; this.draw(); }, 2 * DOCTOR_MS);
      } }, words.get(asked ? "doctor.applied" : "doctor.apply"));
    element.disabled = asked;
    return element;
  }
}
