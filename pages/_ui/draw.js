// The drawing board: 96 × 96 cells of 16 levels, filled with a pen, by a word, or by the dark parts of a picture.

const SIDE = 96;
const TOP = 15; // the darkest level
const FINE = 4; // pixels a cell, along one side, that words and pictures are drawn with
const UNDOS = 60;
const POINTS = 1000;
const TYPES = ["image/png", "image/jpeg", "image/webp", "image/gif"];
const ICONS = {
  undo: "M5 9h9a5 5 0 0 1 0 10h-4M5 9l4-4M5 9l4 4",
  redo: "M19 9h-9a5 5 0 0 0 0 10h4M19 9l-4-4M19 9l-4 4",
  clear: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
};

/** What is being drawn outlives the component: Streamlit mounts it anew whenever a dialog is opened. */
function kept(board) {
  window.ganDrawings ??= new Map();
  if (!window.ganDrawings.has(board)) window.ganDrawings.set(board, { start: null });
  return window.ganDrawings.get(board);
}

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made && !key.includes("-")) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function icon(name) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  made.setAttribute("viewBox", "0 0 24 24");
  made.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  made.append(path);
  return made;
}

/** Random numbers that are the same each time, so that the preview does not flicker (mulberry32). */
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const cellsOf = (levels) => Uint8Array.from({ length: SIDE * SIDE }, (_, i) => parseInt(levels[i] ?? "0", 16) || 0);
const levelsOf = (cells) => Array.from(cells, (level) => level.toString(16)).join("");

// -- cells from words and pictures ---------------------------------------------------------------------------------

/** Darkness 0 … 1 of each cell of what `paint(context, side)` draws; `ground`: the colour under it. */
function darkness(paint, ground, flipped) {
  const side = SIDE * FINE;
  const context = element("canvas", { width: side, height: side }).getContext("2d", { willReadFrequently: true });
  context.fillStyle = ground;
  context.fillRect(0, 0, side, side);
  context.imageSmoothingQuality = "high";
  paint(context, side);
  const pixels = context.getImageData(0, 0, side, side).data;
  const found = new Float32Array(SIDE * SIDE);
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const i = 4 * (y * side + x);
      const light = (0.2126 * pixels[i] + 0.7152 * pixels[i + 1] + 0.0722 * pixels[i + 2]) / 255;
      found[Math.floor(y / FINE) * SIDE + Math.floor(x / FINE)] += (flipped ? light : 1 - light) / (FINE * FINE);
    }
  }
  return found;
}

function cellsOfWord(text, size, bold) {
  const words = text.trim().split(/\s+/);
  const arrangements = [[words.join(" ")], words];
  const paint = (context, side) => {
    const weight = bold ? 800 : 400;
    const fits = arrangements.map((lines) => {
      context.font = `${weight} 100px system-ui, sans-serif`;
      const width = Math.max(...lines.map((line) => context.measureText(line).width), 1);
      return Math.min((0.94 * side * 100) / width, (0.94 * side) / (1.05 * lines.length));
    });
    const best = fits[1] > fits[0] ? 1 : 0;
    const height = fits[best] * size;
    context.font = `${weight} ${height}px system-ui, sans-serif`;
    context.fillStyle = "#000";
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    const lines = arrangements[best];
    lines.forEach((line, i) => {
      const box = context.measureText(line);
      const middle = (box.actualBoundingBoxAscent - box.actualBoundingBoxDescent) / 2;
      context.fillText(line, side / 2, side / 2 + (i - (lines.length - 1) / 2) * 1.05 * height + middle);
    });
  };
  return Uint8Array.from(darkness(paint, "#fff", false), (d) => Math.round(TOP * Math.min(1, d)));
}

function cellsOfPicture(image, threshold, flipped) {
  const paint = (context, side) => {
    const ratio = side / Math.max(image.naturalWidth, image.naturalHeight);
    const [width, height] = [image.naturalWidth * ratio, image.naturalHeight * ratio];
    context.drawImage(image, (side - width) / 2, (side - height) / 2, width, height);
  };
  const found = darkness(paint, flipped ? "#000" : "#fff", flipped); // what lies under a picture stays empty
  return Uint8Array.from(found, (d) => (d <= threshold ? 0 : Math.max(1, Math.round((TOP * (d - threshold)) / (1 - threshold)))));
}

function isEmpty(cells) {
  return cells.every((level) => level === 0);
}

// -- the board -------------------------------------------------------------------------------------------------------

class Board {
  constructor(root) {
    this.root = root;
    this.ends = new AbortController();
  }

  update(component) {
    this.component = component;
    this.words = component.data.labels;
    this.memory = kept(component.data.board);
    if (this.memory.start !== component.data.start) {
      Object.assign(this.memory, { start: component.data.start, cells: cellsOf(component.data.start), past: [], future: [],
        tool: "pen", pen: { size: 5, weight: TOP, erase: false }, word: { text: "", size: 100, bold: true },
        picture: { image: null, threshold: 40, invert: false } });
    }
    if (!this.built) this.build();
    this.paint();
  }

  word(code) {
    return this.words[code] ?? code;
  }

  listen(target, type, action, options = {}) {
    target.addEventListener(type, action, { ...options, signal: this.ends.signal });
  }

  // -- its parts

  build() {
    this.built = true;
    this.cursor = { x: SIDE / 2, y: SIDE / 2, seen: false };
    this.tools = Object.fromEntries(["pen", "word", "picture"].map((tool) => [tool, this.button(tool, () => this.choose(tool))]));
    const tools = element("div", { className: "gd-group gd-tools", role: "group", "aria-label": this.word("tools") }, ...Object.values(this.tools));
    this.undoButton = this.button("undo", () => this.undo(), "undo");
    this.redoButton = this.button("redo", () => this.redo(), "redo");
    this.clearButton = this.button("clear", () => this.fill(new Uint8Array(SIDE * SIDE)), "clear");
    const past = element("div", { className: "gd-history" }, this.undoButton, this.redoButton, this.clearButton);
    this.panels = { pen: this.penPanel(), word: this.wordPanel(), picture: this.picturePanel() };
    this.sheet = element("canvas", { className: "gd-sheet", tabIndex: 0, role: "application", "aria-label": this.word("sheet.keys") });
    this.hint = element("div", { className: "gd-hint", textContent: this.word("hint") });
    this.frame = element("div", { className: "gd-canvas" }, this.sheet, this.hint);
    this.dots = element("canvas", { role: "img", "aria-label": this.word("becomes") });
    this.say = element("div", { className: "gd-say", role: "alert" });
    this.use = element("button", { type: "button", className: "gd-button gd-use", textContent: this.word("use") });
    this.listen(this.use, "click", () => this.hand());
    const figure = (canvas, caption) => element("figure", {}, canvas, element("figcaption", { textContent: caption }));
    this.root.replaceChildren(
      element("div", { className: "gd-bar" }, tools, past),
      ...Object.values(this.panels),
      element("div", { className: "gd-stage" }, figure(this.frame, this.word("sheet")),
        element("div", { className: "gd-foot" }, this.use, this.say),
        figure(element("div", { className: "gd-canvas" }, this.dots), this.word("becomes"))),
    );
    this.drawWithPointer();
    this.drawWithKeys();
    this.takeDrops();
    this.sizes = new ResizeObserver(() => this.paint());
    this.sizes.observe(this.frame);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    this.listen(scheme, "change", () => setTimeout(() => this.paint(), 60));
  }

  button(code, action, drawn = null) {
    const made = element("button", { type: "button", className: "gd-button", title: this.word(code) });
    if (drawn) made.append(icon(drawn));
    made.append(element("span", { textContent: this.word(code) }));
    made.dataset.do = code;
    this.listen(made, "click", action);
    return made;
  }

  field(code, input, shown = null) {
    const output = shown ? element("output") : null;
    const tell = () => { if (output) output.textContent = shown(input.value); };
    input.dataset.name = code;
    this.listen(input, "input", tell);
    tell();
    const made = element("label", { className: "gd-field", title: this.words[`${code}.help`] ?? "" }, element("span", { textContent: this.word(code) }), input);
    if (output) made.append(output);
    return made;
  }

  range(low, high, value, action) {
    const input = element("input", { type: "range", min: low, max: high, step: 1, value });
    this.listen(input, "input", () => action(Number(input.value)));
    return input;
  }

  box(checked, action) {
    const input = element("input", { type: "checkbox", checked });
    this.listen(input, "change", () => action(input.checked));
    return input;
  }

  penPanel() {
    const { pen } = this.memory;
    this.eraser = this.button("erase", () => this.switchEraser());
    return element("div", { className: "gd-panel" },
      this.field("size", this.range(1, 24, pen.size, (v) => { pen.size = v; this.paint(); }), (v) => v),
      this.field("weight", this.range(1, TOP, pen.weight, (v) => { pen.weight = v; }), (v) => `${Math.round((100 * v) / TOP)} %`),
      this.eraser);
  }

  wordPanel() {
    const { word } = this.memory;
    const again = () => { if (word.text.trim()) this.fill(cellsOfWord(word.text, word.size / 100, word.bold), "word"); };
    const input = element("input", { type: "text", maxLength: 24, value: word.text, autocomplete: "off", spellcheck: false });
    this.listen(input, "input", () => { word.text = input.value; again(); });
    return element("div", { className: "gd-panel" }, this.field("text", input),
      this.field("size", this.range(20, 100, word.size, (v) => { word.size = v; again(); }), (v) => `${v} %`),
      this.field("bold", this.box(word.bold, (v) => { word.bold = v; again(); })));
  }

  picturePanel() {
    const { picture } = this.memory;
    const input = element("input", { type: "file", accept: TYPES.join(","), hidden: true });
    input.dataset.name = "file";
    this.listen(input, "change", () => { if (input.files.length) this.open(input.files[0]); input.value = ""; });
    const choose = this.button("choose", () => input.click());
    return element("div", { className: "gd-panel" }, choose, input, element("span", { className: "gd-drop", textContent: this.word("drop") }),
      this.field("threshold", this.range(0, 95, picture.threshold, (v) => { picture.threshold = v; this.develop(); }), (v) => `${v} %`),
      this.field("invert", this.box(picture.invert, (v) => { picture.invert = v; this.develop(); })));
  }

  choose(tool) {
    this.memory.tool = tool;
    this.source = null;
    this.tell("");
    this.paint();
    if (tool === "word") this.panels.word.querySelector("input").focus();
  }

  switchEraser() {
    this.memory.pen.erase = !this.memory.pen.erase;
    this.paint();
  }

  tell(text) {
    this.say.textContent = text;
  }

  // -- what was and what is

  /** Before a change: what can be brought back. */
  remember() {
    const m = this.memory;
    m.past.push(m.cells.slice());
    if (m.past.length > UNDOS) m.past.shift();
    m.future = [];
  }

  /** Replace everything. All that comes in a row from one `source` is undone at once. */
  fill(cells, source = null) {
    if (source === null || source !== this.source) this.remember();
    this.source = source;
    this.memory.cells = cells;
    this.tell("");
    this.paint();
  }

  undo() {
    const m = this.memory;
    if (!m.past.length) return;
    m.future.push(m.cells);
    m.cells = m.past.pop();
    this.source = null;
    this.tell("");
    this.paint();
  }

  redo() {
    const m = this.memory;
    if (!m.future.length) return;
    m.past.push(m.cells);
    m.cells = m.future.pop();
    this.source = null;
    this.paint();
  }

  // -- pen, finger, mouse, keys

  drawWithPointer() {
    const place = (event) => {
      const box = this.sheet.getBoundingClientRect();
      return { x: ((event.clientX - box.left) / box.width) * SIDE, y: ((event.clientY - box.top) / box.height) * SIDE };
    };
    this.listen(this.sheet, "pointerdown", (event) => {
      if (this.stroke || (event.button !== 0 && event.button !== 5)) return;
      event.preventDefault();
      this.sheet.focus({ preventScroll: true });
      this.sheet.setPointerCapture(event.pointerId);
      this.choosePen();
      this.remember();
      this.source = null;
      this.stroke = { id: event.pointerId, at: place(event) };
      this.line(this.stroke.at, this.stroke.at, event);
    });
    this.listen(this.sheet, "pointermove", (event) => {
      if (this.stroke?.id === event.pointerId) {
        const parts = event.getCoalescedEvents?.() ?? [];
        for (const part of parts.length ? parts : [event]) {
          const to = place(part);
          this.line(this.stroke.at, to, part);
          this.stroke.at = to;
        }
      }
      Object.assign(this.cursor, place(event), { seen: true });
      this.paint();
    });
    const end = (event) => { if (this.stroke?.id === event.pointerId) this.stroke = null; };
    this.listen(this.sheet, "pointerup", end);
    this.listen(this.sheet, "pointercancel", end);
    this.listen(this.sheet, "pointerleave", () => { this.cursor.seen = false; this.paint(); });
  }

  choosePen() {
    if (this.memory.tool === "pen") return;
    this.memory.tool = "pen";
    this.paint();
  }

  /** Draw discs from one place to another, in cells. A pen's pressure makes it lighter; its other end erases. */
  line(from, to, event = {}) {
    const { pen, cells } = this.memory;
    const erase = pen.erase || (event.buttons & 32) !== 0;
    const pressure = event.pointerType === "pen" && event.pressure > 0 ? 0.25 + 0.75 * event.pressure : 1;
    const level = erase ? 0 : Math.max(1, Math.round(pen.weight * pressure));
    const radius = pen.size / 2;
    const count = Math.max(1, Math.ceil(2 * Math.hypot(to.x - from.x, to.y - from.y)));
    for (let k = 0; k <= count; k += 1) {
      const [cx, cy] = [from.x + ((to.x - from.x) * k) / count, from.y + ((to.y - from.y) * k) / count];
      for (let y = Math.max(0, Math.floor(cy - radius)); y <= Math.min(SIDE - 1, cy + radius); y += 1) {
        for (let x = Math.max(0, Math.floor(cx - radius)); x <= Math.min(SIDE - 1, cx + radius); x += 1) {
          const inside = Math.hypot(x + 0.5 - cx, y + 0.5 - cy) <= Math.max(radius, 0.71);
          if (inside) cells[y * SIDE + x] = level;
        }
      }
    }
    this.tell("");
    this.paint();
  }

  drawWithKeys() {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    this.listen(this.sheet, "keydown", (event) => {
      const step = steps[event.key];
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
      if (step) {
        const from = { x: this.cursor.x, y: this.cursor.y };
        this.cursor.x = Math.min(SIDE, Math.max(0, from.x + 2 * step[0]));
        this.cursor.y = Math.min(SIDE, Math.max(0, from.y + 2 * step[1]));
        if (event.shiftKey) this.dab(from, event.repeat);
      } else if (event.key === " " || event.key === "Enter") this.dab(this.cursor, false);
      else if (plain && event.key.toLowerCase() === "e") this.switchEraser();
      else return;
      event.preventDefault();
      this.cursor.seen = true;
      this.paint();
    });
    this.listen(this.sheet, "blur", () => { this.cursor.seen = false; this.paint(); });
    // Streamlit's own keys must not hear what is typed here: from inside a component a text field does not look like one.
    this.listen(this.root, "keydown", (event) => {
      const typing = event.target.matches?.("input[type=text]");
      if ((event.ctrlKey || event.metaKey) && !typing && event.key.toLowerCase() === "z") {
        event.preventDefault();
        if (event.shiftKey) this.redo();
        else this.undo();
      } else if ((event.ctrlKey || event.metaKey) && !typing && event.key.toLowerCase() === "y") {
        event.preventDefault();
        this.redo();
      }
      if (event.key !== "Escape" && event.key !== "Tab") event.stopPropagation();
    });
  }

  dab(from, goesOn) {
    this.choosePen();
    if (!goesOn) this.remember();
    this.line(from, this.cursor);
  }

  // -- pictures

  takeDrops() {
    const stop = (event) => { event.preventDefault(); event.stopPropagation(); };
    this.listen(this.root, "dragover", (event) => { stop(event); this.frame.classList.add("gd-over"); });
    this.listen(this.root, "dragleave", () => this.frame.classList.remove("gd-over"));
    this.listen(this.root, "drop", (event) => {
      stop(event);
      this.frame.classList.remove("gd-over");
      if (event.dataTransfer.files.length) {
        this.choose("picture");
        this.open(event.dataTransfer.files[0]);
      }
    });
  }

  open(file) {
    const { megabytes, megapixels } = this.component.data;
    this.tell("");
    if (file.size > megabytes * 1e6) return this.tell(this.word("too.large"));
    if (!TYPES.includes(file.type)) return this.tell(this.word("no.picture"));
    const address = URL.createObjectURL(file);
    const image = new Image();
    image.onload = () => {
      if (image.naturalWidth * image.naturalHeight > megapixels * 1e6) this.tell(this.word("too.large"));
      else {
        if (this.memory.picture.address) URL.revokeObjectURL(this.memory.picture.address);
        Object.assign(this.memory.picture, { image, address });
        this.source = null;
        this.develop();
      }
    };
    image.onerror = () => { URL.revokeObjectURL(address); this.tell(this.word("no.picture")); };
    image.src = address;
    return undefined;
  }

  develop() {
    const { image, threshold, invert } = this.memory.picture;
    if (!image) return;
    const cells = cellsOfPicture(image, threshold / 100, invert);
    this.fill(cells, "picture");
    if (isEmpty(cells)) this.tell(this.word("no.dark"));
  }

  // -- showing and handing over

  paint() {
    if (!this.pending) this.pending = requestAnimationFrame(() => { this.pending = 0; this.paintNow(); });
  }

  paintNow() {
    const m = this.memory;
    const style = getComputedStyle(this.root);
    const light = style.getPropertyValue("--gd-bg").trim();
    this.root.dataset.theme = luminance(light) < 0.5 ? "dark" : "light";
    for (const [tool, button] of Object.entries(this.tools)) {
      button.setAttribute("aria-pressed", String(tool === m.tool));
      this.panels[tool].hidden = tool !== m.tool;
    }
    this.eraser.setAttribute("aria-pressed", String(m.pen.erase));
    this.undoButton.disabled = !m.past.length;
    this.redoButton.disabled = !m.future.length;
    const empty = isEmpty(m.cells);
    this.clearButton.disabled = empty;
    this.hint.hidden = !empty || m.tool !== "pen";
    this.root.dataset.filled = String(m.cells.reduce((n, level) => n + (level > 0), 0));
    const blue = style.getPropertyValue("--gd-real").trim();
    this.paintSheet(blue, style.color);
    this.paintDots(blue);
  }

  fit(canvas) {
    const ratio = window.devicePixelRatio || 1;
    const side = Math.max(1, Math.round(canvas.clientWidth * ratio));
    if (canvas.width !== side) Object.assign(canvas, { width: side, height: side });
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, side, side);
    return [context, side, ratio];
  }

  paintSheet(blue, ink) {
    const [context, side, ratio] = this.fit(this.sheet);
    const cell = side / SIDE;
    context.fillStyle = blue;
    this.memory.cells.forEach((level, i) => {
      if (!level) return;
      const [x, y] = [Math.round((i % SIDE) * cell), Math.round(Math.floor(i / SIDE) * cell)];
      context.globalAlpha = level / TOP;
      context.fillRect(x, y, Math.round(((i % SIDE) + 1) * cell) - x, Math.round((Math.floor(i / SIDE) + 1) * cell) - y);
    });
    context.globalAlpha = 1;
    if (!this.cursor.seen || this.memory.tool !== "pen") return;
    context.strokeStyle = ink;
    context.lineWidth = ratio;
    if (this.memory.pen.erase) context.setLineDash([3 * ratio, 3 * ratio]);
    context.beginPath();
    context.arc(this.cursor.x * cell, this.cursor.y * cell, Math.max(1, (this.memory.pen.size / 2) * cell), 0, 2 * Math.PI);
    context.stroke();
    context.setLineDash([]);
  }

  paintDots(blue) {
    const [context, side, ratio] = this.fit(this.dots);
    const ends = new Float64Array(SIDE * SIDE);
    let total = 0;
    this.memory.cells.forEach((level, i) => { total += level; ends[i] = total; });
    if (!total) return;
    const random = generator(7);
    context.fillStyle = blue;
    context.globalAlpha = 0.75;
    for (let n = 0; n < POINTS; n += 1) {
      const at = random() * total;
      let [low, high] = [0, ends.length - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (ends[middle] > at) high = middle;
        else low = middle + 1;
      }
      context.beginPath();
      context.arc((((low % SIDE) + random()) / SIDE) * side, ((Math.floor(low / SIDE) + random()) / SIDE) * side, 1.9 * ratio, 0, 2 * Math.PI);
      context.fill();
    }
  }

  hand() {
    if (isEmpty(this.memory.cells)) return this.tell(this.word("empty"));
    this.component.setTriggerValue("levels", levelsOf(this.memory.cells));
    return undefined;
  }

  close() {
    this.ends.abort();
    this.sizes?.disconnect();
    cancelAnimationFrame(this.pending);
  }
}

/** 0 black … 1 white, of a colour as the browser writes it. */
function luminance(colour) {
  const context = element("canvas", { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  context.fillStyle = colour || "#fff";
  context.fillRect(0, 0, 1, 1);
  const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}

export default function draw(component) {
  const host = component.parentElement;
  const root = host.querySelector(".gd");
  if (!host.ganBoard || host.ganBoard.root !== root || host.ganBoard.ends.signal.aborted) host.ganBoard = new Board(root);
  const board = host.ganBoard;
  board.update(component);
  return () => { if (!root.isConnected) board.close(); };
}
