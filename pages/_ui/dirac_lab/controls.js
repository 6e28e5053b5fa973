// The settings of the game: made from their metadata, shown where they do something, still where they are locked.

const FINE = 200; // places of a slider

/** The number with three digits. */
const three = (value) => Number(value.toPrecision(3));

class Controls {
  /** on: changed(name, value, ended), usual(). */
  constructor(words, specs, locked, on) {
    Object.assign(this, { words, on, specs: Object.fromEntries(specs.map((spec) => [spec.name, spec])), locked: new Set(locked), rows: {} });
    const start = h("div", { class: "di-pair" });
    this.box = h("div", { class: "di-controls", role: "group", "aria-label": words.get("controls") });
    for (const spec of specs) {
      const row = (this.rows[spec.name] = spec.choices ? this.choice(spec) : this.number(spec));
      row.box.dataset.name = spec.name;
      const pair = spec.name === "theta" || spec.name === "psi";
      if (spec.name === "theta") this.box.append(start);
      (pair ? start : this.box).append(row.box);
    }
    this.usual = h("button", { type: "button", class: "gl-button", "data-do": "usual", "data-tip": words.get("usual.help"), onclick: () => on.usual() }, icon("reset"), h("span", {}, words.get("usual")));
    this.box.append(this.usual);
    if (this.locked.size) this.box.append(h("p", { class: "di-hint" }, words.get("locked")));
  }

  choice(spec) {
    const { name } = spec;
    const still = this.locked.has(name);
    if (name === "order") {
      const buttons = spec.choices.map(([code, title]) => h("button", { type: "button", class: "gl-choice", "data-code": code, onclick: () => this.on.changed(name, code, true) }, title));
      buttons.forEach((button) => (button.disabled = still));
      const box = h("div", { class: "di-control" }, h("span", { class: "di-title", "data-tip": spec.help }, spec.title), h("span", { class: "gl-switch", role: "group", "aria-label": spec.title }, ...buttons));
      return { box, set: (code) => buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.code === code))) };
    }
    const select = h("select", { class: "gl-select", onchange: () => this.on.changed(name, select.value, true) }, ...spec.choices.map(([code, title]) => h("option", { value: code }, title)));
    select.disabled = still;
    const about = h("small", { class: "di-hint" });
    const box = h("div", { class: "di-control" }, h("label", {}, h("span", { class: "di-title", "data-tip": spec.help }, spec.title), select), about);
    return { box, set: (code) => {
      select.value = code;
      setText(about, spec.choices.find(([other]) => other === code)?.[2] ?? "");
    } };
  }

  number(spec) {
    const { name } = spec;
    const title = h("span", { class: "di-title", "data-tip": spec.help });
    const field = h("input", { type: "number", class: "di-number", step: "any" });
    const slider = name === "theta" || name === "psi" ? null : h("input", { type: "range" });
    const row = { spec, low: spec.low, high: spec.high };
    const value = () => {
      const raw = spec.log ? 10 ** Number(slider.value) : Number(slider.value);
      return spec.whole ? Math.round(raw) : Math.max(row.low, Math.min(row.high, three(raw)));
    };
    if (slider) {
      slider.disabled = this.locked.has(name);
      slider.addEventListener("input", () => this.on.changed(name, value(), false));
      slider.addEventListener("change", () => this.on.changed(name, value(), true));
    }
    field.disabled = this.locked.has(name);
    let typing = false; // what somebody is in the middle of typing stays, whatever the server says meanwhile
    field.addEventListener("input", () => (typing = true));
    field.addEventListener("blur", () => (typing = false));
    field.addEventListener("change", () => {
      typing = false;
      const typed = field.valueAsNumber;
      if (Number.isFinite(typed)) this.on.changed(name, Math.max(row.low, Math.min(row.high, spec.whole ? Math.round(typed) : typed)), true);
      else row.set(row.value);
    });
    row.box = h("div", { class: "di-control" }, h("label", {}, title, field), ...(slider ? [slider] : []));
    row.range = ({ low, high, unit }) => {
      Object.assign(row, { low, high });
      const named = unit ? `${spec.title} ${unit}` : spec.title;
      setText(title, named);
      field.min = low;
      field.max = high;
      field.title = this.words.get("range", { low: brief(this.words, low), high: brief(this.words, high) });
      if (!slider) return;
      const [from, to] = spec.log ? [Math.log10(low), Math.log10(high)] : [low, high];
      Object.assign(slider, { min: from, max: to, step: spec.whole ? 1 : (to - from) / FINE });
      slider.setAttribute("aria-label", named);
    };
    row.set = (given) => {
      row.value = given;
      if (!typing) field.value = String(given);
      if (!slider) return;
      slider.value = spec.log ? Math.log10(given) : given;
      slider.setAttribute("aria-valuetext", brief(this.words, given));
    };
    row.range(spec.low === null ? { low: 0, high: 1, unit: "" } : spec);
    return row;
  }

  /** What the server says of the settings now. */
  show({ settings, shown, weight }) {
    for (const [name, row] of Object.entries(this.rows)) {
      row.box.hidden = !shown.includes(name);
      if (name === "weight" && !row.box.hidden) row.range(weight);
      row.set(settings[name]);
    }
    this.unit = weight.unit;
  }

  /** One setting in words, as a path is named by it. */
  say(name, { settings, weight }) {
    const spec = this.specs[name];
    const value = settings[name];
    const title = spec.choices?.find(([code]) => code === value)?.[1] ?? value;
    if (spec.choices) return value === "none" ? this.words.get("named", { name: spec.title, value: title }) : title;
    const symbol = name === "weight" ? weight.unit : spec.unit;
    return symbol ? `${symbol} = ${brief(this.words, value)}` : `${spec.title} ${brief(this.words, value)}`;
  }
}
