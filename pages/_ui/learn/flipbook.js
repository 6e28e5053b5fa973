// A book of charts: the dials say which page is shown. All pages are here; nothing is asked of the server while they are turned.

const SVG = "http://www.w3.org/2000/svg";
const PLAY = "M8 5v14l11-7z";
const STOP = "M6 6h12v12H6z";
const BEAT = 90; // milliseconds between two pages that are played
const HEIGHT = 230;
const EDGE = { left: 58, right: 10, top: 8, bottom: 40 };
const TELL = 150; // milliseconds of rest, after which the page hears where the dials stand

function made(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in node && !key.includes("-")) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

function drawn(name, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

const sign = (path) => drawn("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, drawn("path", { d: path }));

const minus = (text) => text.replace("-", "\u2212");

/** Round numbers from low to high, about `count` of them. */
function ticks(low, high, count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw * 0.999);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-6; at += step) found.push(Math.abs(at) < step * 1e-6 ? 0 : at);
  return found;
}

/** One chart. */
class Chart {
  constructor(panel, book) {
    this.panel = panel;
    this.book = book;
    this.picture = drawn("svg", { role: "img" });
    const key = panel.lines.map((line) => made("span", {},
      drawn("svg", { viewBox: "0 0 26 10", "aria-hidden": "true" }, drawn("path", { class: `gf-curve gf-${line.role}`, d: "M1 5H25" })), line.name));
    this.node = made("figure", { className: panel.wide ? "gf-panel gf-wide" : "gf-panel" }, made("figcaption", { textContent: panel.title }),
      made("div", { className: "gf-key" }, ...key), this.picture);
  }

  scale(width) {
    const { x: [x0, x1], y: [y0, y1] } = this.panel;
    this.across = (x) => EDGE.left + ((x - x0) / (x1 - x0)) * (width - EDGE.left - EDGE.right);
    this.up = (y) => HEIGHT - EDGE.bottom - ((y - y0) / (y1 - y0)) * (HEIGHT - EDGE.top - EDGE.bottom);
  }

  build(width) {
    if (width < 80) return;
    this.scale(width);
    const { panel, book } = this;
    const [y0, y1] = panel.y;
    const frame = drawn("g", { "aria-hidden": "true" });
    for (const y of ticks(y0, y1, 4)) {
      frame.append(drawn("path", { class: "gf-grid", d: `M${EDGE.left} ${this.up(y)}H${width - EDGE.right}` }));
      const text = drawn("text", { class: "gf-axis", x: EDGE.left - 6, y: this.up(y) + 4, "text-anchor": "end" });
      text.textContent = book.plain(y);
      frame.append(text);
    }
    for (const x of ticks(...panel.x, Math.min(8, width / 55))) {
      const text = drawn("text", { class: "gf-axis", x: this.across(x), y: HEIGHT - EDGE.bottom + 16, "text-anchor": "middle" });
      text.textContent = book.plain(x);
      frame.append(text);
    }
    const title = drawn("text", { class: "gf-axis", x: (width + EDGE.left) / 2, y: HEIGHT - 4, "text-anchor": "middle" });
    title.textContent = panel.axes[0];
    const middle = (HEIGHT - EDGE.bottom + EDGE.top) / 2;
    const side = drawn("text", { class: "gf-axis", x: 12, y: middle, transform: `rotate(-90 12 ${middle})`, "text-anchor": "middle" });
    side.textContent = panel.axes[1];
    frame.append(title, side);
    const clip = `gf-${book.id}-${book.charts.indexOf(this)}`;
    const hole = drawn("clipPath", { id: clip }, drawn("rect", { x: EDGE.left, y: EDGE.top - 4, width: width - EDGE.left - EDGE.right,
      height: HEIGHT - EDGE.top - EDGE.bottom + 6 }));
    const inside = drawn("g", { "clip-path": `url(#${clip})` });
    this.curves = panel.lines.map((line) => {
      const area = line.area ? drawn("path", { class: `gf-area gf-${line.role}` }) : null;
      const curve = drawn("path", { class: `gf-curve gf-${line.role}` });
      inside.append(...(area ? [area, curve] : [curve]));
      return { line, area, curve };
    });
    this.spots = panel.spots.map((spot) => {
      const tangent = drawn("path", { class: "gf-tangent" });
      const dot = drawn("circle", { class: `gf-spot gf-${spot.role}`, r: 6 });
      inside.append(tangent, dot);
      return { spot, tangent, dot };
    });
    this.picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.picture.replaceChildren(hole, frame, inside);
    this.fresh = true;
  }

  turn(page) {
    if (!this.curves) return;
    for (const { line, area, curve } of this.curves) {
      if (line.moves || this.fresh) this.trace(this.book.of(line, page), area, curve);
    }
    for (const { spot, tangent, dot } of this.spots) this.place(this.book.of(spot, page), tangent, dot);
    this.fresh = false;
    const names = this.panel.lines.map((line) => line.name).join("; ");
    this.picture.setAttribute("aria-label", `${this.panel.title}. ${this.panel.axes.join(", ")}. ${names}. ${this.book.said}`);
  }

  trace(values, area, curve) {
    const [x0, x1] = this.panel.x;
    let path = "";
    values.forEach((y, i) => { path += `${i ? "L" : "M"}${this.across(x0 + ((x1 - x0) * i) / (values.length - 1)).toFixed(1)} ${this.up(y).toFixed(1)}`; });
    curve.setAttribute("d", path);
    area?.setAttribute("d", `${path}L${this.across(x1)} ${this.up(0)}L${this.across(x0)} ${this.up(0)}Z`);
  }

  place([x, y, slope], tangent, dot) {
    const at = [this.across(x), this.up(y)];
    dot.setAttribute("cx", at[0]);
    dot.setAttribute("cy", at[1]);
    if (slope === undefined) return;
    const run = this.across(1) - this.across(0);
    const rise = slope * (this.up(1) - this.up(0));
    const long = 34 / Math.hypot(run, rise);
    tangent.setAttribute("d", `M${at[0] - run * long} ${at[1] - rise * long}L${at[0] + run * long} ${at[1] + rise * long}`);
  }
}

class Book {
  constructor(root) {
    this.root = root;
    this.id = Math.random().toString(36).slice(2, 8);
    this.charts = [];
    this.timer = null;
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(root);
  }

  show(data, tell) {
    this.tell = tell;
    this.theme();
    const same = this.data && data.book === this.data.book && data.lang === this.data.lang && data.name === this.data.name;
    if (same) return;
    this.stop();
    const kept = this.data && data.book === this.data.book ? this.at : null; // in another language the same pages
    this.data = data;
    this.numbers = new Float32Array(Uint8Array.from(atob(data.numbers), (letter) => letter.charCodeAt(0)).buffer);
    this.number = new Intl.NumberFormat(data.lang, { maximumFractionDigits: 3 });
    this.fine = new Intl.NumberFormat(data.lang, { maximumFractionDigits: 4 });
    this.at = kept ?? [...data.start];
    this.build();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (data.plays && !kept && !still) this.play();
  }

  /** Dark or light, for what the browser draws itself. */
  theme() {
    const [r, g, b] = getComputedStyle(this.root).backgroundColor.match(/[\d.]+/g).map(Number);
    this.root.dataset.theme = 0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light";
  }

  /** The numbers of a thing on a page. */
  of(thing, page) {
    if (!thing.moves) return this.numbers.subarray(thing.at, thing.at + thing.size);
    const long = thing.size / this.data.pages;
    return this.numbers.subarray(thing.at + page * long, thing.at + (page + 1) * long);
  }

  get page() {
    return this.data.dials.reduce((page, dial, i) => page * dial.values.length + this.at[i], 0);
  }

  get said() {
    const dials = this.data.dials.map((dial, i) => `${dial.label}: ${dial.values[this.at[i]]}`);
    const readings = this.data.readings.map((reading) => `${reading.name}: ${this.reading(reading)}`);
    return [...dials, ...readings].join(". ");
  }

  reading(reading) {
    const value = this.numbers[reading.at + this.page];
    return Number.isFinite(value) ? minus(this.fine.format(Math.abs(value) < 5e-5 ? 0 : value)) : "–";
  }

  plain(value) {
    return minus(this.number.format(value));
  }

  build() {
    const { data } = this;
    this.dials = data.dials.map((dial, i) => this.dial(dial, i));
    this.charts = data.panels.map((panel) => new Chart(panel, this));
    this.values = data.readings.map((reading) => ({ reading, node: made("dd") }));
    const rows = this.values.map(({ reading, node }) => made("div", {}, made("dt", { textContent: reading.name }), node));
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", data.name);
    this.root.replaceChildren(made("div", { className: "gf-dials" }, ...this.dials.map((dial) => dial.node)),
      made("div", { className: "gf-panels" }, ...this.charts.map((chart) => chart.node)), made("dl", { className: "gf-readings" }, ...rows));
    this.resize();
  }

  dial(dial, i) {
    const id = `gf-${this.id}-dial-${i}`;
    const slider = made("input", { type: "range", id, min: 0, max: dial.values.length - 1, step: 1, disabled: dial.values.length < 2 });
    const value = made("output");
    value.setAttribute("for", id);
    slider.addEventListener("input", () => { this.stop(); this.at[i] = Number(slider.value); this.turn(); this.report(); });
    slider.addEventListener("pointerdown", () => this.stop());
    slider.addEventListener("keydown", (event) => event.key !== "Tab" && this.stop());
    const button = this.data.plays ? made("button", { type: "button" }) : null;
    button?.addEventListener("click", () => (this.timer === null ? this.play() : this.stop()));
    const label = made("label", { htmlFor: id }, made("span", { textContent: dial.label }), value);
    const node = made("div", { className: "gf-dial" }, label, ...(button ? [button] : []), slider);
    if (!button) slider.style.gridColumn = "1 / -1";
    return { node, slider, value, button };
  }

  resize() {
    if (!this.data) return;
    const scale = parseFloat(getComputedStyle(this.root).getPropertyValue("--gp-scale")) || 1; // larger on a projector
    for (const chart of this.charts) chart.build(Math.round(chart.picture.getBoundingClientRect().width / scale));
    this.turn();
  }

  turn() {
    const { page, said } = this;
    this.dials.forEach((dial, i) => {
      const text = this.data.dials[i].values[this.at[i]];
      dial.slider.value = this.at[i];
      dial.value.textContent = text;
      dial.slider.setAttribute("aria-valuetext", said);
      if (dial.button) {
        const words = this.timer === null ? this.data.labels.play : this.data.labels.stop;
        dial.button.setAttribute("aria-label", words);
        dial.button.title = words;
        dial.button.replaceChildren(sign(this.timer === null ? PLAY : STOP));
      }
    });
    for (const { reading, node } of this.values) node.textContent = this.reading(reading);
    for (const chart of this.charts) chart.turn(page);
  }

  report() {
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.root.isConnected && this.tell({ book: this.data.book, at: [...this.at] }), TELL);
  }

  play() {
    const last = this.data.dials[0].values.length - 1;
    if (this.at[0] >= last) this.at[0] = 0;
    this.timer = setInterval(() => {
      if (!this.root.isConnected || this.at[0] >= last) {
        this.stop();
        this.report();
        return;
      }
      this.at[0] += 1;
      this.turn();
    }, BEAT);
    this.turn();
  }

  stop() {
    if (this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
    this.turn();
  }
}

export default function flipbook({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".gf");
  root.book ??= new Book(root);
  root.book.show(data, (place) => setStateValue("place", place));
}
