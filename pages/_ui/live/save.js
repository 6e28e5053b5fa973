// Saving the view: a picture drawn anew, larger and with legend and caption, as PNG; of points also as SVG.
// `Paper` stands in for a canvas: it writes down what is painted as SVG elements, so that every layer can be saved as it is.

const SHEET = { width: 720, margin: 20, legend: 40, line: 20, ratio: 2 };
const IDENTITY = [1, 0, 0, 1, 0, 0];
const STYLE_OF_CONTEXT = { fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, lineCap: "butt", lineJoin: "miter", globalAlpha: 1,
  font: "10px sans-serif", textAlign: "start", textBaseline: "alphabetic", imageSmoothingEnabled: true, dash: [], matrix: IDENTITY, clipped: "" };
const ANCHORS = { start: "start", left: "start", center: "middle", right: "end", end: "end" };
const BASELINES = { top: "text-before-edge", hanging: "hanging", middle: "central", bottom: "text-after-edge", ideographic: "text-after-edge" };

const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

/** The part of a 2-D canvas context that layers use, as SVG. */
class Paper {
  constructor(width, height) {
    Object.assign(this, STYLE_OF_CONTEXT, { width, height, paper: true });
    this.elements = [];
    this.definitions = [];
    this.symbols = new Map();
    this.saved = [];
    this.steps = [];
    this.measure = canvasOf(1, 1).getContext("2d");
  }

  text() {
    return `<svg xmlns="${SVG}" width="${this.width}" height="${this.height}" viewBox="0 0 ${this.width} ${this.height}">`
      + `<defs>${this.definitions.join("")}</defs>\n${this.elements.join("\n")}\n</svg>\n`;
  }

  save() {
    this.saved.push(Object.fromEntries(Object.keys(STYLE_OF_CONTEXT).map((name) => [name, this[name]])));
  }

  restore() {
    Object.assign(this, this.saved.pop() || {});
  }

  // -- where ------------------------------------------------------------------------------------------------------

  setTransform(a, b, c, d, e, f) {
    this.matrix = typeof a === "object" ? [a.a, a.b, a.c, a.d, a.e, a.f] : [a, b, c, d, e, f];
  }

  resetTransform() {
    this.matrix = IDENTITY;
  }

  transform(a, b, c, d, e, f) {
    const [A, B, C, D, E, F] = this.matrix;
    this.matrix = [A * a + C * b, B * a + D * b, A * c + C * d, B * c + D * d, A * e + C * f + E, B * e + D * f + F];
  }

  translate(x, y) {
    this.transform(1, 0, 0, 1, x, y);
  }

  scale(x, y) {
    this.transform(x, 0, 0, y, 0, 0);
  }

  rotate(angle) {
    this.transform(Math.cos(angle), Math.sin(angle), -Math.sin(angle), Math.cos(angle), 0, 0);
  }

  at(x, y) {
    const [a, b, c, d, e, f] = this.matrix;
    return `${round2(a * x + c * y + e)} ${round2(b * x + d * y + f)}`;
  }

  get factor() {
    const [a, b, c, d] = this.matrix;
    return Math.sqrt(Math.abs(a * d - b * c));
  }

  // -- paths ------------------------------------------------------------------------------------------------------

  beginPath() {
    this.steps = [];
  }

  moveTo(x, y) {
    this.steps.push(`M${this.at(x, y)}`);
  }

  lineTo(x, y) {
    this.steps.push(`${this.steps.length ? "L" : "M"}${this.at(x, y)}`);
  }

  bezierCurveTo(a, b, c, d, x, y) {
    this.steps.push(`C${this.at(a, b)} ${this.at(c, d)} ${this.at(x, y)}`);
  }

  quadraticCurveTo(a, b, x, y) {
    this.steps.push(`Q${this.at(a, b)} ${this.at(x, y)}`);
  }

  closePath() {
    if (this.steps.length) this.steps.push("Z");
  }

  rect(x, y, w, h_) {
    this.moveTo(x, y);
    for (const [px, py] of [[x + w, y], [x + w, y + h_], [x, y + h_]]) this.lineTo(px, py);
    this.closePath();
  }

  arc(x, y, r, from, to, back = false) {
    this.ellipse(x, y, r, r, 0, from, to, back);
  }

  /** In pieces of at most a third of a turn, which say unambiguously which way they go. */
  ellipse(x, y, rx, ry, turn, from, to, back = false) {
    const whole = 2 * Math.PI;
    let sweep = back ? from - to : to - from;
    sweep = Math.abs(sweep) >= whole ? whole : ((sweep % whole) + whole) % whole;
    const pieces = Math.max(1, Math.ceil(sweep / 2.1));
    const place = (angle) => {
      const [px, py] = [rx * Math.cos(angle), ry * Math.sin(angle)];
      return [x + px * Math.cos(turn) - py * Math.sin(turn), y + px * Math.sin(turn) + py * Math.cos(turn)];
    };
    this.lineTo(...place(from));
    const [a, b, c, d] = this.matrix;
    const flipped = a * d - b * c < 0 !== back;
    for (let i = 1; i <= pieces; i += 1) {
      const end = place(from + ((back ? -1 : 1) * sweep * i) / pieces);
      const tilt = round2(((turn + Math.atan2(b, a)) * 180) / Math.PI);
      this.steps.push(`A${round2(rx * this.factor)} ${round2(ry * this.factor)} ${tilt} 0 ${flipped ? 0 : 1} ${this.at(...end)}`);
    }
  }

  // -- what is seen -----------------------------------------------------------------------------------------------

  /** An element as it is; what turns it stands inside what clips it, since a clip is not turned with its element. */
  put(tag, { transform = null, ...attributes }, inner = null) {
    const seen = { "clip-path": this.clipped || null, opacity: this.globalAlpha < 1 ? round2(this.globalAlpha) : null };
    if (!transform) return this.elements.push(this.element(tag, { ...attributes, ...seen }, inner));
    return this.elements.push(this.element("g", seen, this.element(tag, { ...attributes, transform }, inner)));
  }

  element(tag, attributes, inner) {
    const text = Object.entries(attributes).filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => ` ${name}="${escaped(value)}"`).join("");
    return inner === null ? `<${tag}${text}/>` : `<${tag}${text}>${inner}</${tag}>`;
  }

  /** The path that is being made, or one made beforehand by `newPath`. */
  fill(path, rule) {
    const { steps } = path?.steps ? path : this;
    if (steps.length) this.put("path", { d: steps.join(""), fill: this.fillStyle, "fill-rule": path === "evenodd" || rule === "evenodd" ? "evenodd" : null });
  }

  stroke(path = this) {
    if (path.steps.length) this.put("path", { d: path.steps.join(""), fill: "none", ...this.pen() });
  }

  newPath() {
    return Object.assign(new Paper(0, 0), { matrix: this.matrix });
  }

  pen() {
    const { factor } = this;
    return { stroke: this.strokeStyle, "stroke-width": round2(this.lineWidth * factor),
      "stroke-linecap": this.lineCap === "butt" ? null : this.lineCap, "stroke-linejoin": this.lineJoin === "miter" ? null : this.lineJoin,
      "stroke-dasharray": this.dash.length ? this.dash.map((d) => round2(d * factor)).join(" ") : null };
  }

  setLineDash(dash) {
    this.dash = [...dash];
  }

  getLineDash() {
    return this.dash;
  }

  clip() {
    const id = `clip${this.definitions.length}`;
    const inside = this.clipped ? ` clip-path="${this.clipped}"` : "";
    this.definitions.push(`<clipPath id="${id}"${inside}><path d="${this.steps.join("")}"/></clipPath>`);
    this.clipped = `url(#${id})`;
  }

  /** A box of its own, which leaves the path that is being made alone. */
  box(x, y, w, h_, paint) {
    const before = this.steps;
    this.steps = [];
    this.rect(x, y, w, h_);
    paint();
    this.steps = before;
  }

  fillRect(x, y, w, h_) {
    this.box(x, y, w, h_, () => this.fill());
  }

  strokeRect(x, y, w, h_) {
    this.box(x, y, w, h_, () => this.stroke());
  }

  clearRect() {} // a sheet begins empty

  measureText(text) {
    this.measure.font = this.font;
    return this.measure.measureText(text);
  }

  fillText(text, x, y) {
    const [, style = "", size = "10", family = "sans-serif"] = /^((?:[a-z0-9]+ )*)([\d.]+)px (.+)$/i.exec(this.font) || [];
    const place = this.turned ? { transform: `matrix(${this.matrix.map(round2).join(" ")})`, x: round2(x), y: round2(y) }
      : Object.fromEntries(this.at(x, y).split(" ").map((value, i) => [["x", "y"][i], value]));
    this.put("text", { ...place, fill: this.fillStyle, "font-family": family, "font-size": size, "font-weight": style.trim() || null,
      textLength: text.length > 3 ? round2(this.measureText(text).width) : null, lengthAdjust: text.length > 3 ? "spacingAndGlyphs" : null,
      "text-anchor": ANCHORS[this.textAlign] || "start", "dominant-baseline": BASELINES[this.textBaseline] || null }, escaped(text));
  }

  get turned() {
    const [a, b, c, d] = this.matrix;
    return a !== 1 || b !== 0 || c !== 0 || d !== 1;
  }

  createLinearGradient(x0, y0, x1, y1) {
    const id = `ramp${this.definitions.length}`;
    const [from, to] = [this.at(x0, y0).split(" "), this.at(x1, y1).split(" ")];
    const stops = [];
    const index = this.definitions.push("") - 1;
    const write = () => {
      this.definitions[index] = `<linearGradient id="${id}" gradientUnits="userSpaceOnUse" x1="${from[0]}" y1="${from[1]}" x2="${to[0]}" `
        + `y2="${to[1]}">${stops.join("")}</linearGradient>`;
    };
    return { addColorStop: (offset, color) => { stops.push(`<stop offset="${round2(offset)}" stop-color="${escaped(color)}"/>`); write(); },
      toString: () => `url(#${id})` };
  }

  /** A picture as it is in the file, or a cut-out of it. */
  drawImage(image, ...place) {
    const cut = place.length === 8;
    const [sx, sy, sw, sh] = cut ? place : [0, 0, image.width, image.height];
    const [x, y, w = sw, h_ = sh] = cut ? place.slice(4) : place;
    const scratch = canvasOf(Math.max(1, sw), Math.max(1, sh));
    scratch.getContext("2d").drawImage(image, sx, sy, sw, sh, 0, 0, sw, sh);
    this.put("image", { href: scratch.toDataURL(), x: round2(x), y: round2(y), width: round2(w), height: round2(h_), preserveAspectRatio: "none",
      style: this.imageSmoothingEnabled ? null : "image-rendering:pixelated",
      transform: this.matrix === IDENTITY ? null : `matrix(${this.matrix.map(round2).join(" ")})` });
  }

  /** Many equal shapes: one symbol, used at each place. `paint` draws it around (0, 0). */
  stamp(key, points, paint) {
    if (!this.symbols.has(key)) {
      const id = `mark${this.symbols.size}`;
      const inner = new Paper(0, 0);
      paint(inner);
      this.definitions.push(`<g id="${id}">${inner.elements.join("")}</g>`);
      this.symbols.set(key, id);
    }
    const id = this.symbols.get(key);
    const uses = points.map(([x, y]) => `<use href="#${id}" x="${this.at(x, y).replace(" ", '" y="')}"/>`);
    this.put("g", {}, uses.join(""));
  }
}

/** A path to be kept and drawn later, on a canvas or on paper. */
function newPath(context) {
  return context.paper ? context.newPath() : new Path2D();
}

/** Draws a shape at each of many places, on a canvas or on paper. */
function stampAll(context, key, points, paint) {
  if (context.paper) return context.stamp(key, points, paint);
  for (const [x, y] of points) {
    context.save();
    context.translate(x, y);
    paint(context);
    context.restore();
  }
  return undefined;
}

/** The whole sheet of a view: legend, picture, caption. */
class Sheet {
  constructor(ui) {
    this.ui = ui;
    this.picture = ui.picture;
    const { width } = SHEET;
    this.across = width - 2 * SHEET.margin;
    this.inner = this.picture.sheetHeight(this.across);
    this.lines = this.caption();
    this.width = width;
    this.places = this.legend();
    this.top = SHEET.margin + (this.places.length ? this.places[this.places.length - 1].y + SHEET.legend : 0);
    this.height = Math.ceil(this.top + this.inner + SHEET.line * this.lines.length + 8 + SHEET.margin);
  }

  paint(context) {
    const { theme } = this.ui;
    context.fillStyle = theme.bg;
    context.fillRect(0, 0, this.width, this.height);
    this.paintLegend(context);
    context.save();
    context.translate(SHEET.margin, this.top);
    this.picture.paintSheet(context, this.across);
    context.restore();
    context.textAlign = "left";
    context.textBaseline = "middle";
    this.lines.forEach((line, i) => {
      context.font = `${i ? "" : "600 "}13px ${theme.font}`;
      context.fillStyle = i ? theme.muted : theme.text;
      context.fillText(line, SHEET.margin, this.top + this.inner + 8 + SHEET.line * (i + 0.5));
    });
  }

  /** The words of the layers that are on, and where they stand: in as many lines as they need. */
  legend() {
    const context = canvasOf(1, 1).getContext("2d");
    context.font = this.legendFont;
    let [x, y] = [0, 0];
    return this.picture.legend().map((entry) => {
      const sign = entry.ramp ? 50 : 22;
      const width = sign + context.measureText(entry.text).width;
      if (x && x + width > this.width - 2 * SHEET.margin) [x, y] = [0, y + SHEET.legend * 0.6];
      const place = { ...entry, x, y, sign };
      x += width + 22;
      return place;
    });
  }

  get legendFont() {
    return `600 14px ${this.ui.theme.font}`;
  }

  paintLegend(context) {
    context.font = this.legendFont;
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (const { name, text, color, ramp, x, y, sign } of this.places) {
      const [left, middle] = [SHEET.margin + x, SHEET.margin + y + SHEET.legend / 2 - 6];
      if (ramp) this.paintRamp(context, left, middle - 6);
      else paintIcon(context, name, left, middle - 8, color);
      context.fillStyle = this.ui.theme.text;
      context.fillText(text, left + sign, middle);
    }
  }

  /** The colours of the field, from generated to real. */
  paintRamp(context, x, y) {
    const { lut } = this.ui.theme;
    for (let i = 0; i < 22; i += 1) {
      const packed = lut[Math.round((i / 21) * 255)];
      context.fillStyle = `rgb(${packed & 255},${(packed >> 8) & 255},${(packed >> 16) & 255})`;
      context.fillRect(x + 2 * i, y, 2.2, 12);
    }
  }

  caption() {
    const { words, theme, data } = this.ui;
    const { header } = this.picture.frame;
    const first = [words.get("save.step", { step: words.number(header.step) }), this.picture.which?.(), data.run].filter(Boolean).join(" · ");
    const context = canvasOf(1, 1).getContext("2d");
    context.font = `13px ${theme.font}`;
    return [first, ...wrapped(context, data.caption || "", SHEET.width - 2 * SHEET.margin)];
  }
}

/** A text in lines of at most `room` pixels. */
function wrapped(context, text, room) {
  const lines = [];
  for (const word of text.split(" ").filter(Boolean)) {
    const longer = lines.length ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length && context.measureText(longer).width <= room) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** The button on the picture, and the choice of a format where there are two. */
class Saver {
  constructor(ui) {
    this.ui = ui;
    const { words } = ui;
    const formats = ui.picture.vector ? ["png", "svg"] : ["png"];
    this.button = h("button", { type: "button", class: "gl-mini gl-mini-save", "aria-label": words.get("save"), "data-tip": words.get("save"),
      "aria-haspopup": formats.length > 1 ? "menu" : null, "aria-expanded": formats.length > 1 ? "false" : null,
      onclick: () => (formats.length > 1 ? this.open(this.menu.hidden) : this.save("png")) }, icon("save"));
    this.menu = h("div", { class: "gl-formats", role: "menu", hidden: "", "aria-label": words.get("save") }, ...formats.map((format) =>
      h("button", { type: "button", role: "menuitem", "data-format": format, onclick: () => this.save(format) }, words.get(`save.${format}`))));
    this.box = h("div", { class: "gl-save" }, this.button, this.menu);
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("focusout", (event) => !this.menu.contains(event.relatedTarget) && event.relatedTarget !== this.button && this.open(false));
  }

  open(shown) {
    if (this.menu.hidden === !shown) return;
    this.menu.hidden = !shown;
    this.button.setAttribute("aria-expanded", String(shown));
    if (shown) this.menu.firstElementChild.focus();
  }

  key(event) {
    const items = [...this.menu.children];
    const at = items.indexOf(event.target);
    if (event.key === "Escape" && !this.menu.hidden) this.button.focus(); // which closes the menu: the focus has left it
    else if (at >= 0 && (event.key === "ArrowDown" || event.key === "ArrowUp")) items[(at + 1) % items.length].focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  async save(format) {
    this.open(false);
    if (!this.ui.picture.frame) return;
    const sheet = new Sheet(this.ui);
    const name = this.name(format); // before another frame comes
    const blob = format === "svg" ? this.svg(sheet) : await this.png(sheet);
    const link = h("a", { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  name(format) {
    const { data, picture } = this.ui;
    return `${data.run || "untrained"}-step-${picture.frame.header.step}.${format}`;
  }

  svg(sheet) {
    const paper = new Paper(sheet.width, sheet.height);
    sheet.paint(paper);
    return new Blob([paper.text()], { type: "image/svg+xml" });
  }

  png(sheet) {
    const canvas = canvasOf(sheet.width * SHEET.ratio, sheet.height * SHEET.ratio);
    const context = canvas.getContext("2d");
    context.scale(SHEET.ratio, SHEET.ratio);
    sheet.paint(context);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }
}
