// A layer of a network as thumbnails, one for each neuron: one canvas, one place for the keyboard.

const TILE_GAP = 2;
const TILE_ROWS = 16; // neurons below each other before a second column begins
const PHONE_COLUMNS = 8;

class NeuronLayer {
  /** `part`: {player, layer, count, name, wide}; `on`: over({player, layer, neuron} | null), click(). */
  constructor(ui, part, on) {
    this.ui = ui;
    this.part = part;
    this.on = on;
    this.shown = Math.min(part.count, part.most);
    this.at = null; // the neuron under pointer or keyboard, from 0
    const { words } = ui;
    const label = part.count > 1 ? words.get("graph.choose", { name: part.name, count: words.number(part.count) }) : part.name;
    this.canvas = h("canvas", { role: "img", tabindex: "0", "aria-label": label });
    const hidden = words.number(part.count - this.shown);
    const more = part.count > this.shown ? [h("small", { "data-tip": words.get("graph.more", { count: hidden }) }, `+${hidden}`)] : [];
    this.box = h("div", { class: "gl-layer", "data-layer": `${part.player}.${part.layer}` }, this.canvas, ...more);
    this.label = label;
    this.listen();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointermove", (event) => event.pointerType !== "touch" && this.choose(this.neuronAt(event)));
    canvas.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && this.choose(null));
    canvas.addEventListener("click", (event) => {
      this.choose(this.neuronAt(event));
      this.on.click();
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && this.choose(this.at ?? 0));
    canvas.addEventListener("blur", () => this.choose(null));
  }

  key(event) {
    if (event.key === "Enter" || event.key === " ") this.on.click();
    else if (event.key === "Escape") this.choose(null);
    else {
      const next = this.moved(event.key);
      if (next === null) return;
      this.choose(next);
    }
    event.preventDefault();
  }

  moved(key) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!(key in moves)) return null;
    if (this.at === null) return 0;
    const [c, r] = this.cellOf(this.at);
    const [dc, dr] = moves[key];
    return this.neuronOf(c + dc, r + dr) ?? this.at;
  }

  choose(neuron) {
    if (neuron === this.at) return;
    this.at = neuron;
    this.paint();
    const { player, layer } = this.part;
    this.on.over(neuron === null ? null : { player, layer, neuron: neuron + 1 }, this);
  }

  // -- places ----------------------------------------------------------------------------------------------------

  /** How many columns of tiles it takes: as few as fit below each other, or as many as a phone is wide. */
  columns(phone) {
    return phone ? Math.min(PHONE_COLUMNS, this.shown) : Math.ceil(this.shown / TILE_ROWS);
  }

  resize(side, phone) {
    this.side = side;
    this.cols = this.columns(phone);
    this.rows = Math.ceil(this.shown / this.cols);
    this.across = phone; // along the rows on a phone, down the columns elsewhere
    this.paint();
  }

  cellOf(k) {
    return this.across ? [k % this.cols, Math.floor(k / this.cols)] : [Math.floor(k / this.rows), k % this.rows];
  }

  neuronOf(c, r) {
    if (c < 0 || r < 0 || c >= this.cols || r >= this.rows) return null;
    const k = this.across ? r * this.cols + c : c * this.rows + r;
    return k < this.shown ? k : null;
  }

  neuronAt(event) {
    if (!this.side) return null;
    return this.neuronOf(...placeOn(this.canvas, event).map((at) => Math.floor(at / (this.side + TILE_GAP))));
  }

  // -- drawing ---------------------------------------------------------------------------------------------------

  /** `shades`: u1, shape (n, …); null while nothing has come. */
  show(shades, shape) {
    this.shades = shades;
    this.cells = shape ? shape[shape.length - 1] : 0;
    this.line = shape?.length === 2;
    this.paint();
  }

  /** The shades of neuron k. */
  thumbnail(k) {
    const size = this.line ? this.cells : this.cells ** 2;
    return this.shades && this.shades.length >= (k + 1) * size ? this.shades.subarray(k * size, (k + 1) * size) : null;
  }

  paint() {
    if (!this.side) return;
    const step = this.side + TILE_GAP;
    const { theme } = this.ui;
    const context = miniContext(this.canvas, this.cols * step - TILE_GAP, this.rows * step - TILE_GAP);
    context.imageSmoothingEnabled = true;
    for (let k = 0; k < this.shown; k += 1) {
      const [c, r] = this.cellOf(k);
      this.paintTile(context, k, c * step, r * step, theme);
    }
    if (this.at === null) return;
    const [c, r] = this.cellOf(this.at);
    context.strokeStyle = theme.text;
    context.lineWidth = 2;
    context.strokeRect(c * step + 1, r * step + 1, this.side - 2, this.side - 2);
  }

  paintTile(context, k, x, y, theme) {
    const shades = this.thumbnail(k);
    if (!shades) {
      context.fillStyle = theme.line;
      context.globalAlpha = 0.5;
      context.fillRect(x, y, this.side, this.side);
      context.globalAlpha = 1;
    } else if (this.line) this.paintCurve(context, shades, x, y, theme);
    else context.drawImage(this.tile(shades, theme.lut), x, y, this.side, this.side);
  }

  paintCurve(context, shades, x, y, theme) {
    context.fillStyle = theme.plot;
    context.fillRect(x, y, this.side, this.side);
    context.beginPath();
    shades.forEach((v, i) => context.lineTo(x + (i / (this.cells - 1)) * this.side, y + this.side - 1 - (v / 255) * (this.side - 2)));
    context.strokeStyle = theme.fake;
    context.lineWidth = 1;
    context.stroke();
  }

  /** One thumbnail's pixels, on a canvas that all of them share. */
  tile(shades, lut) {
    const { cells } = this;
    NeuronLayer.scratch ??= { canvas: canvasOf(1, 1) };
    const { scratch } = NeuronLayer;
    if (scratch.cells !== cells) {
      Object.assign(scratch.canvas, { width: cells, height: cells });
      Object.assign(scratch, { cells, context: scratch.canvas.getContext("2d"), image: new ImageData(cells, cells) });
      scratch.pixels = new Uint32Array(scratch.image.data.buffer);
    }
    for (let r = 0; r < cells; r += 1) {
      for (let c = 0; c < cells; c += 1) scratch.pixels[(cells - 1 - r) * cells + c] = lut[shades[r * cells + c]];
    }
    scratch.context.putImageData(scratch.image, 0, 0);
    return scratch.canvas;
  }

  /** What is heard while one of the neurons is chosen. */
  say(text) {
    this.canvas.setAttribute("aria-label", text || this.label);
  }
}
