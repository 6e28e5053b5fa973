// Small helpers for elements, icons, numbers and colours. Text goes in as textContent only.

const SVG = "http://www.w3.org/2000/svg";
const DICE = "M2.500 2.500h11v11h-11zM4.100 4.100v7.800h7.800V4.100zM5.300 5.300h1.800v1.800H5.300zM8.900 8.900h1.800v1.800H8.900zM8.900 5.300h1.800v1.800H8.900zM5.300 8.900h1.800v1.800H5.300z";
const ICONS = {
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  resume: "M4 2.5v11l9-5.5z",
  step: "M3 3v10l6.5-5zM10.5 3H13v10h-2.5z",
  stop: "M3.5 3.5h9v9h-9z",
  reset: "M8 2.5V.6L4.6 3.7 8 6.8V4.4a3.7 3.7 0 1 1-3.7 3.7H2.4A5.6 5.6 0 1 0 8 2.5z",
  step_d: "M2.5 3v10l5-5zM9 3h2.2c2.2 0 3.8 2 3.8 5s-1.6 5-3.8 5H9zm1.7 1.8v6.4c1.5 0 2.5-1.2 2.5-3.2s-1-3.200-2.500-3.200z",
  step_g: "M2 3v10l5-5zM14.600 5.200 13.300 6.400A2.600 2.600 0 0 0 9.700 8c0 1.900 1.100 3.200 2.600 3.200.5 0 .9-.1 1.200-.3V9.300h-1.600V7.700h3.300v4.200a4.600 4.600 0 0 1-2.900 1.100C9.700 13 8 11 8 8s1.700-5 4.300-5c.9 0 1.700.8 2.300 2.200z",
  slow: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zm0 1.600a4.400 4.400 0 1 0 0 8.800 4.400 4.400 0 0 0 0-8.800zM7.200 5h1.600v2.700l2.100 2-1.100 1.200L7.200 8.400z",
  reset_seed: DICE,
  more: "M2 6.500h3v3H2zM6.500 6.500h3v3h-3zM11 6.500h3v3h-3z",
  "slow.next": "M3 3v10l6.500-5zM10.500 3H13v10h-2.500z",
  "slow.play": "M4 2.500v11l9-5.500z",
  "slow.hold": "M4 3h3v10H4zM9 3h3v10H9z",
  "slow.finish": "M2 3v10l5-5zM7 3v10l5-5zM12.500 3H14v10h-1.500z",
  running: "M4 2.5v11l9-5.5z",
  paused: "M4 3h3v10H4zM9 3h3v10H9z",
  queued: "M3 3h10v2H3zM3 7h7v2H3zM3 11h4v2H3z",
  preparing: "M2 6.5h3v3H2zM6.5 6.5h3v3h-3zM11 6.5h3v3h-3z",
  finished: "M6.3 12.6 2 8.3l1.5-1.5 2.8 2.8 6.2-6.2L14 4.9z",
  stopped: "M3.5 3.5h9v9h-9z",
  failed: "M8 1.5 15 14H1zM7.1 6v4h1.8V6zM7.1 11h1.8v1.7H7.1z",
  preview: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zm0 1.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4z",
  watching: "M8 3.5c3.4 0 6 2.4 7.2 4.5C14 10.1 11.4 12.5 8 12.5S2 10.1.8 8C2 5.9 4.6 3.5 8 3.5zM8 5.3a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4z",
  reconnecting: "M8 2.5V.6L4.6 3.7 8 6.8V4.4a3.7 3.7 0 1 1-3.7 3.7H2.4A5.6 5.6 0 1 0 8 2.5z",
  lost: "M3.4 2 8 6.6 12.6 2 14 3.4 9.4 8 14 12.6 12.6 14 8 9.4 3.4 14 2 12.6 6.6 8 2 3.4z",
  close: "M3.4 2 8 6.6 12.6 2 14 3.4 9.4 8 14 12.6 12.6 14 8 9.4 3.4 14 2 12.6 6.6 8 2 3.4z",
  plus: "M7 2.5h2V7h4.5v2H9v4.5H7V9H2.5V7H7z",
  minus: "M2.5 7h11v2h-11z",
  whole: "M2 2h4.5v2H4v2.5H2zM9.5 2H14v4.5h-2V4H9.5zM2 9.5h2V12h2.5v2H2zM12 9.5h2V14H9.5v-2H12z",
  save: "M7 1.5h2v6.1l2.3-2.3 1.4 1.4L8 11.4 3.3 6.7l1.4-1.4L7 7.6zM2 12.5h12v2H2z",
  back: "M10.5 2.5 12 4 8 8l4 4-1.5 1.5L5 8z",
  forth: "M5.5 2.5 4 4l4 4-4 4 1.5 1.5L11 8z",
  branch: "M4.500 1.500a2 2 0 0 1 .8 3.800v1.900c.6-.4 1.300-.6 2.200-.7 1.700-.1 2.700-.4 2.900-1.300a2 2 0 1 1 1.600.1c-.3 2.100-2.100 2.700-4.300 2.900-1.500.1-2.200.5-2.400 1.700v.8a2 2 0 1 1-1.600 0V5.300a2 2 0 0 1 .8-3.800z",
  undo: "M6.500 2 7.800 3.300 5.600 5.500H10a4.300 4.300 0 0 1 0 8.500H6v-1.800h4a2.500 2.500 0 0 0 0-4.900H5.600l2.200 2.200L6.500 10.800 2.100 6.400z",
  redo: "M9.500 2 8.200 3.300l2.200 2.200H6a4.300 4.300 0 0 0 0 8.500h4v-1.800H6a2.500 2.500 0 0 1 0-4.900h4.400L8.200 9.500l1.300 1.300 4.400-4.400z",
  random: DICE,
  star: "M8 1.300l2 4.400 4.800.5-3.600 3.200 1 4.700L8 11.700l-4.200 2.400 1-4.700L1.200 6.200 6 5.700z",
  real: "M8 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8z",
  fake: "M8 2.8 13.2 8 8 13.2 2.8 8z",
  held: "M8 3.500a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9zM8 5.300a2.700 2.700 0 1 0 0 5.400 2.700 2.700 0 0 0 0-5.400z",
  ghost: "M8 1.800 14.200 8 8 14.200 1.800 8zM8 4.300 4.300 8 8 11.700 11.700 8z",
  healthy: "M6.3 12.6 2 8.3l1.5-1.5 2.8 2.8 6.2-6.2L14 4.9z",
  translating: "M1 5.500h10l-3-3 1.200-1.200L14 6.200 9.200 11 8 9.800l2.600-2.600H1zM15 10.500H5l3 3-1.200 1.200L2 9.900z",
  no_game: "M2 3.500 3.500 2 14 12.500 12.500 14z",
  early: "M2 6.5h3v3H2zM6.5 6.5h3v3h-3zM11 6.5h3v3h-3z",
  resting: "M4 3h3v10H4zM9 3h3v10H9z",
  ill: "M8 1.5 15 14H1zM7.1 6v4h1.8V6zM7.1 11h1.8v1.7H7.1z",
  unfold: "M2.5 5.5 4 4l4 4 4-4 1.5 1.5L8 11z",
  field: "M1.5 3.5h13v9h-13z",
  contours: "M8 1.5C12 1.5 15 4.4 15 8s-3 6.5-7 6.5S1 11.6 1 8s3-6.5 7-6.5zm0 1.6C4.9 3.1 2.6 5.3 2.6 8s2.3 4.9 5.4 4.9 5.4-2.2 5.4-4.9S11.1 3.1 8 3.1zM8 5.5c1.6 0 2.8 1.1 2.8 2.5S9.6 10.5 8 10.5 5.2 9.4 5.2 8 6.4 5.5 8 5.5zm0 1.4c-.8 0-1.4.5-1.4 1.1S7.2 9.1 8 9.1 9.4 8.6 9.4 8 8.8 6.9 8 6.9z",
  sheet: "M1 4.5C4 2 6 6 9 4s4-1 6-1v9.500c-2 0-3-1-6 1s-5-2-8 .5zm1.300.8v2.100c1.700-.9 3.200-.2 4.700.1V5.400C5.600 5.100 4 4.600 2.300 5.300zm6 .2v2.200c1-.1 2-.7 2.900-1V4.400c-.9.200-1.900.9-2.900 1.100zm4.200-1.200v2.200c.4 0 .800-.1 1.200-.1V4.200c-.4 0-.800 0-1.200.1zM2.300 8.700v2.200c1.700-.7 3.200-.1 4.700.2V8.900c-1.500-.4-3.100-.9-4.700-.2zm6 .3v2.200c1-.200 2-.8 2.900-1.100V8c-.9.200-1.900.8-2.900 1zm4.200-1.200v2.200c.4-.1.800-.1 1.200-.1V7.700c-.4 0-.800 0-1.200.1z",
  arrows: "M2.500 12.400 11 3.900H6.500V2.200H14v7.500h-1.700V5.100l-8.600 8.500z",
  trails: "M1.500 12.500c3 0 3.500-3 5-5.500S10 3 12 3a1.800 1.800 0 1 1 0 1.600C10.500 4.600 9.300 5.800 8 8s-2.500 6-6.500 6z",
  density: "M8 3c3.600 0 6.500 2.200 6.500 5S11.600 13 8 13s-6.500-2.200-6.500-5S4.400 3 8 3zm0 1.300C5.100 4.300 2.900 6 2.900 8s2.200 3.700 5.100 3.700 5.100-1.700 5.100-3.700S10.900 4.300 8 4.300zM8 6.200c1.300 0 2.300.8 2.300 1.800S9.300 9.800 8 9.800 5.700 9 5.700 8s1-1.800 2.300-1.800z",
};

/** An element with attributes and children; `on…` attributes are listeners, strings become text nodes. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `gl-icon gl-icon-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name] || ICONS.preview);
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}

/** Writes only when the text changes, so that an idle view costs no layout. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Nodes of "L_D" or "x^2": what follows _ and ^ is set lower and higher. */
function typeset(text) {
  return text.split(/([_^][A-Za-z0-9]+)/).map((part) =>
    (part.startsWith("_") ? h("sub", {}, part.slice(1)) : part.startsWith("^") ? h("sup", {}, part.slice(1)) : part));
}

/** Like setText, typeset. */
function setFormula(element, formula) {
  if (element.dataset.formula === formula) return;
  element.dataset.formula = formula;
  element.replaceChildren(...typeset(formula));
}

/** Translated words and localised numbers. */
class Words {
  constructor(labels) {
    this.labels = labels || {};
    this.formats = {};
    this.judges = {}; // as they are said, by the name that frames hold
  }

  get(code, values = {}) {
    return this.fill(this.labels[code] ?? code, values);
  }

  /** Words about a number: those for one, where the language has others. */
  counted(code, number, values = {}) {
    const one = `${code}.one`;
    return this.get(number === 1 && this.has(one) ? one : code, values);
  }

  fill(text, values) {
    return text.replace(/\{(\w+)[^}]*\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  }

  /** A run's message: {template, params}, in the page's language where the page knows the template, or a word that it is filled in with. */
  sentence(message) {
    if (!message) return "";
    if (typeof message === "string") return message;
    const known = (text) => this.labels[`message:${text}`] ?? text;
    const shown = Object.fromEntries(Object.entries(message.params || {}).map(([name, value]) =>
      [name, typeof value === "number" ? this.number(value, Number.isInteger(value) ? 0 : 3) : value]));
    const told = Object.entries(shown).map(([name, value]) => [name, typeof value === "string" && value !== known(value) ? this.fill(known(value), shown) : value]);
    return this.fill(known(message.template ?? ""), Object.fromEntries(told));
  }

  /** What compares pictures: its name, or a description of it, as one of the templates wrote it; any other as it is. */
  judge(text) {
    return text ? (this.judges[text] ??= this.judged(text)) : text;
  }

  judged(text) {
    for (const template of (this.labels["judge.templates"] ?? "").split("\n").filter(Boolean)) {
      const parts = template.split(/\{(\w+)\}/).map((part, i) => (i % 2 ? `(?<${part}>.+)` : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
      const found = new RegExp(`^${parts.join("")}$`, "s").exec(text)?.groups;
      if (!found) continue;
      const values = { ...found };
      if (values.inner) values.inner = this.judged(values.inner);
      if (values.data) values.data = this.labels[`judge.set:${values.data}`] ?? values.data;
      return this.fill(this.labels[`judge:${template}`] ?? template, values);
    }
    return this.labels[`judge:${text}`] ?? text;
  }

  /** What stands between a text and the next one: after a full-width mark, and after nothing, no space is wanted. */
  gap(text) {
    return !text || /[\u3001\u3002\uff01\uff09\uff0c\uff1a\uff1b\uff1f\u201d]$/.test(text) ? "" : " ";
  }

  /** One text of several. */
  joined(parts) {
    return parts.filter(Boolean).reduce((all, part) => all + this.gap(all) + part, "");
  }

  /** One text of several, each of which may lack its full stop. */
  sentences(parts) {
    const stop = this.labels["sentence.between"] ?? ". ";
    return parts.filter(Boolean).reduce((all, part) => (all ? (/[.!?\u3002\uff01\uff1f]$/.test(all) ? this.joined([all, part]) : all + stop + part) : part), "");
  }

  /** With its full stop. */
  stopped(text) {
    return text + (this.labels["sentence.between"] ?? ". ").trimEnd();
  }

  /** A list of words, as the language divides them. */
  list(parts) {
    return parts.join(this.labels["list.between"] ?? ", ");
  }

  /** A thing by name, and what it is. */
  pair(name, value) {
    return this.fill(this.labels.pair ?? "{name}: {value}", { name, value });
  }

  /** What a mark on the curves says: its own text, or which setting went from what to what. */
  change(mark) {
    if (mark.text !== undefined) return mark.text;
    const name = this.labels[`setting.${mark.name}`] ?? mark.name;
    return this.get("mark.change", { name, old: mark.old, new: mark.new });
  }

  has(code) {
    return code in this.labels;
  }

  number(value, digits = 0, style = "decimal") {
    if (value === null || value === undefined || Number.isNaN(value)) return "–";
    const name = `${digits} ${style}`;
    this.formats[name] ??= this.format({ style, minimumFractionDigits: digits, maximumFractionDigits: digits });
    return this.formats[name].format(value);
  }

  /** Three significant digits: for losses and ticks of unknown size. */
  short(value) {
    if (!Number.isFinite(value)) return "–";
    this.formats.short ??= this.format({ maximumSignificantDigits: 3 });
    this.formats.tiny ??= this.format({ notation: "scientific", maximumSignificantDigits: 2 });
    return (value !== 0 && Math.abs(value) < 1e-3 ? this.formats.tiny : this.formats.short).format(value);
  }

  /** A mark of an axis: as `short`, but with as many digits as tell it from the next one. */
  tick(value, marks) {
    const step = marks.length > 1 ? Math.abs(marks[1] - marks[0]) : 0;
    if (Math.abs(value) < Math.max(1e-12, step * 1e-6)) return this.short(0);
    const digits = step ? Math.floor(Math.log10(Math.abs(value)) + 1e-9) - Math.floor(Math.log10(step) + 1e-9) + 1 : 3;
    if (digits <= 3 || digits > 15) return this.short(value);
    const notation = Math.abs(value) < 1e-3 ? "scientific" : "standard";
    const name = `${digits} ${notation} tick`;
    this.formats[name] ??= this.format({ notation, maximumSignificantDigits: digits });
    return this.formats[name].format(value);
  }

  compact(value) {
    this.formats.compact ??= this.format({ notation: "compact", maximumSignificantDigits: 3 });
    return this.formats.compact.format(value);
  }

  /** A way of writing numbers, with the minus sign of formulas and axes. */
  format(options) {
    let way;
    try {
      way = new Intl.NumberFormat(this.labels.lang || undefined, options);
    } catch {
      way = new Intl.NumberFormat("en", options); // an unknown language tag must not stop the picture
    }
    return { format: (value) => way.format(value).replace("-", "\u2212") };
  }
}

/** Any CSS colour -> [r, g, b]. */
function rgb(color) {
  const context = rgb.context || (rgb.context = canvasOf(1, 1).getContext("2d", { willReadFrequently: true }));
  context.clearRect(0, 0, 1, 1);
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

function canvasOf(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

const CALM_MS = 700; // between two pictures of what would move

/** Whether the visitor has asked for less motion: then nothing glides, and what is played goes from picture to picture. */
function calm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

let magnified = 1; // CSS pixels that a unit of a drawing takes: one, or more on a projector, where type, lines and points are larger

/** Device pixels of a unit. */
function sharpness() {
  return (window.devicePixelRatio || 1) * magnified;
}

/** How many units wide an element is. */
function roomIn(element) {
  return Math.floor(element.clientWidth / magnified);
}

/** Where the pointer is on an element, in units from its left upper corner. */
function placeOn(element, event) {
  const box = element.getBoundingClientRect();
  return [(event.clientX - box.left) / magnified, (event.clientY - box.top) / magnified];
}

/** Gives a canvas the pixels of its box; returns its context scaled to units. */
function fitCanvas(canvas, width, height) {
  const ratio = sharpness();
  const w = Math.max(1, Math.round(width * ratio));
  const h_ = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== w || canvas.height !== h_) {
    canvas.width = w;
    canvas.height = h_;
    canvas.style.width = `${width * magnified}px`;
    canvas.style.height = `${height * magnified}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

const round2 = (value) => String(Math.round(value * 100) / 100);

/** One of the icons, 16 × 16, with its top left corner at (x, y). */
function paintIcon(context, name, x, y, color) {
  if (context.paper) {
    context.put("path", { d: ICONS[name], fill: color, "fill-rule": "evenodd", transform: `translate(${round2(x)} ${round2(y)})` });
    return;
  }
  context.save();
  context.translate(x, y);
  context.fillStyle = color;
  context.fill(new Path2D(ICONS[name]), "evenodd");
  context.restore();
}

/** Paints picture `index` of raw (N, C, H, W) bytes, pixel by pixel; the style sheet enlarges it. */
function paintPixels(canvas, bytes, [, channels, height, width], index) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const plane = width * height;
  const from = index * channels * plane;
  for (let i = 0; i < plane; i += 1) {
    for (let c = 0; c < 3; c += 1) image.data[4 * i + c] = bytes[from + (channels === 1 ? 0 : c * plane) + i];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** Round numbers in [low, high], about `count` of them. */
function ticks(low, high, count) {
  const raw = (high - low) / Math.max(1, count);
  if (!(raw > 0) || !Number.isFinite(raw)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) found.push(i * step || 0); // never -0
  return found;
}

/** Colours from the style sheet and Streamlit's theme, read once a theme. */
class Theme {
  constructor(root) {
    this.root = root;
    this.version = 0;
    this.signature = "";
  }

  /** Reads the theme again; true when something changed. */
  refresh() {
    const style = getComputedStyle(this.root);
    const background = style.getPropertyValue("--gl-bg").trim() || "#ffffff";
    const scale = parseFloat(style.getPropertyValue("--gp-scale")) || 1;
    const names = ["--gl-text", "--gl-muted"];
    const signature = [background, ...names.map((name) => style.getPropertyValue(name)), window.devicePixelRatio, scale].join();
    if (signature === this.signature) return false;
    this.signature = signature;
    magnified = scale;
    const [r, g, b] = rgb(background);
    this.dark = 0.299 * r + 0.587 * g + 0.114 * b < 128;
    this.root.dataset.theme = this.dark ? "dark" : "light";
    this.read(getComputedStyle(this.root));
    this.version += 1;
    return true;
  }

  read(style) {
    for (const name of ["bg", "text", "muted", "line", "real", "fake", "held", "neutral", "plot"]) {
      this[name] = style.getPropertyValue(`--gl-${name}`).trim();
    }
    // Canvas does not resolve color-mix() everywhere: make plain colours of them once.
    for (const name of ["text", "muted", "line", "plot"]) this[name] = `rgb(${rgb(this[name]).join(",")})`;
    this.font = style.fontFamily;
    this.lut = this.diverging(["field-fake", "field-none", "field-real"].map((n) => rgb(style.getPropertyValue(`--gl-${n}`))));
  }

  /** 256 packed RGBA colours: generated -> undecided -> real. */
  diverging([low, middle, high]) {
    const table = new Uint32Array(256);
    for (let i = 0; i < 256; i += 1) {
      const side = i < 127.5 ? low : high;
      const t = Math.abs(i - 127.5) / 127.5;
      const [r, g, b] = middle.map((from, k) => Math.round(from + (side[k] - from) * t ** 0.85));
      table[i] = (255 << 24) | (b << 16) | (g << 8) | r;
    }
    return table;
  }
}

/** Wheel turns mean zoom only once the pointer has really moved on the element: scrolling past never gets stuck. */
function wheelZoom(element, zoom) {
  let armed = false;
  let last = null;
  element.addEventListener("pointermove", (event) => {
    if (last && (last.x !== event.screenX || last.y !== event.screenY)) armed = true;
    last = { x: event.screenX, y: event.screenY };
  });
  element.addEventListener("pointerleave", () => {
    armed = false;
    last = null;
  });
  element.addEventListener(
    "wheel",
    (event) => {
      if (!armed && !event.ctrlKey && !event.metaKey) return;
      if (zoom(event, Math.exp(-Math.max(-120, Math.min(120, event.deltaY)) * 0.0022))) event.preventDefault();
    },
    { passive: false },
  );
}

const TOUCH_TIP_MS = 2500;

/** One quiet tooltip for everything that has data-tip. */
class Tooltip {
  constructor(root) {
    this.root = root;
    this.box = h("div", { class: "gl-tip", role: "tooltip", hidden: "" });
    root.append(this.box);
    const over = (event) => this.over(event.target.closest?.("[data-tip]"));
    // A finger does not leave: what it has shown goes by itself.
    root.addEventListener("pointerover", (event) => (this.touched = event.pointerType === "touch"), { capture: true });
    root.addEventListener("pointerover", (event) => {
      // What a press brings under a pointer that rests is not what the pointer went to (a click has whole pixels).
      if (this.pressed && Math.hypot(this.pressed.x - event.screenX, this.pressed.y - event.screenY) < 2) return;
      this.pressed = null;
      over(event);
    });
    root.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && over(event));
    root.addEventListener("focusout", () => this.hide());
    root.addEventListener("pointerleave", () => this.hide());
    // whoever presses knows, and wants to see what comes of it
    root.addEventListener("click", (event) => {
      if (!event.target.closest?.("button")) return;
      this.pressed = { x: event.screenX, y: event.screenY };
      this.hide();
    });
    root.addEventListener("keydown", (event) => event.key === "Escape" && this.hide());
  }

  over(target) {
    if (!target) return this.hide();
    const box = target.getBoundingClientRect();
    return this.show(target.dataset.tip, box.left + box.width / 2, box.bottom + 6, box.top - 6);
  }

  /** `x`, `below`, `above` in viewport pixels; stays inside the component. */
  show(text, x, below, above = below) {
    setText(this.box, text);
    this.box.hidden = false;
    const root = this.root.getBoundingClientRect();
    const width = this.box.offsetWidth;
    const left = Math.max(0, Math.min(root.width - width, x - root.left - width / 2));
    const fits = below + this.box.offsetHeight < Math.min(window.innerHeight, root.bottom);
    this.box.style.left = `${left}px`;
    this.box.style.top = `${(fits ? below : above - this.box.offsetHeight) - root.top}px`;
    clearTimeout(this.timer);
    if (this.touched) this.timer = setTimeout(() => this.hide(), TOUCH_TIP_MS);
  }

  hide() {
    clearTimeout(this.timer);
    this.box.hidden = true;
  }
}
