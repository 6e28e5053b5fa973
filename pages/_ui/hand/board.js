// The board: the very pixels that the network is given, enlarged. One draws on them, or takes a picture onto them.

const MOST_UNDONE = 100;
const FINE = 4; // samples a pixel, along one side, by which a stroke covers it
const BLOCK = 4; // pixels: the first colour of the pen is the mean of such a square
const FAR_STEP = 4; // pixels that Shift and an arrow move the pen

class Board {
  /** `changed()`: other pixels; `settled()`: a stroke is done, or something was taken back. */
  constructor(words, changed, settled) {
    Object.assign(this, { changed, settled, past: [], future: [], at: [0.5, 0.5], down: false, tool: "pen", width: 1, color: [255, 255, 255] });
    this.canvas = h("canvas", { class: "gh-picture gh-board", tabindex: "0", role: "application", "aria-label": words.get("sketch.board") });
    this.brush = h("i", { class: "gh-brush" });
    this.box = h("div", { class: "gh-frame gh-board-box" }, this.canvas, this.brush);
    this.become([1, 28, 28], true, []);
    dragging(this.canvas, (x, y, ended) => this.drag([x, y], ended));
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("blur", () => this.down && this.toggle());
  }

  /** What goes in from now on: (channels, height, width); `two`: only black and white; held-out pictures, as bytes. */
  become(shape, two, held) {
    const [channels, height, width] = shape;
    Object.assign(this, { shape, two, channels, rows: height, columns: width, past: [], future: [], now: null });
    Object.assign(this.canvas, { width, height });
    const borders = held.map((bytes) => borderOf(this.unpacked(bytes), width, height));
    this.usual = !borders.length ? [0, 0, 0] : [0, 1, 2].map((c) => middleOf(borders.map((border) => border[c])));
    this.ground = this.usual;
    this.color = !held.length ? [255, 255, 255] : farthestColor(this.unpacked(held[0]), width, height, borders[0]);
    this.width = two ? 1 : Math.max(1, Math.round(width / 10));
    this.pixels = this.blank(this.ground);
    this.paint();
  }

  blank(color) {
    const pixels = new Uint8ClampedArray(4 * this.rows * this.columns);
    for (let i = 0; i < pixels.length; i += 4) pixels.set([...color, 255], i);
    return pixels;
  }

  /** Channel by channel, as the server has them -> as a canvas has them. */
  unpacked(bytes) {
    const plane = this.rows * this.columns;
    const pixels = new Uint8ClampedArray(4 * plane);
    for (let i = 0; i < plane; i += 1) pixels.set([0, 1, 2].map((c) => bytes[(this.channels === 1 ? 0 : c * plane) + i]).concat(255), 4 * i);
    return pixels;
  }

  /** What is sent: channel by channel. */
  bytes() {
    const plane = this.rows * this.columns;
    const bytes = new Uint8Array(this.channels * plane);
    for (let c = 0; c < this.channels; c += 1) for (let i = 0; i < plane; i += 1) bytes[c * plane + i] = this.pixels[4 * i + c];
    return bytes;
  }

  // -- whole pictures ----------------------------------------------------------------------------------------------

  /** A picture takes the place of what was there. */
  take(pixels) {
    this.put(pixels, this.groundOf(pixels));
  }

  clear() {
    this.put(this.blank(this.usual), this.usual);
  }

  /** Light becomes dark. */
  invert() {
    this.take(this.pixels.map((value, i) => (i % 4 < 3 ? 255 - value : value)));
  }

  /** What the eraser leaves: the colour around a picture. */
  groundOf(pixels) {
    const border = borderOf(pixels, this.columns, this.rows);
    return this.two ? border.map((value) => (value < 128 ? 0 : 255)) : border;
  }

  /** What the pen draws in: where all is black or white, what is seen on the ground. */
  get ink() {
    return this.two ? this.ground.map((value) => (value < 128 ? 255 : 0)) : this.color;
  }

  put(pixels, ground) {
    this.lift();
    this.remember();
    Object.assign(this, { pixels, ground });
    this.shown();
  }

  remember() {
    this.past = [...this.past, { pixels: this.pixels, ground: this.ground }].slice(-MOST_UNDONE);
    this.future = [];
  }

  get canUndo() {
    return this.past.length > 0;
  }

  undo() {
    this.lift();
    if (!this.past.length) return;
    this.future.push({ pixels: this.pixels, ground: this.ground });
    Object.assign(this, this.past.at(-1));
    this.past = this.past.slice(0, -1);
    this.shown();
  }

  redo() {
    this.lift();
    if (!this.future.length) return;
    this.past = [...this.past, { pixels: this.pixels, ground: this.ground }];
    Object.assign(this, this.future.pop());
    this.shown();
  }

  shown() {
    this.paint();
    this.changed();
    this.settled();
  }

  // -- strokes -----------------------------------------------------------------------------------------------------

  drag(to, ended) {
    this.at = to;
    this.place();
    if (this.tool === "pick") this.pick(to);
    else this.stroke(to);
    if (ended) this.lift();
  }

  /** The colour that lies here becomes the pen's. */
  pick([x, y]) {
    const [column, row] = [Math.floor(x * this.columns), Math.floor(y * this.rows)];
    if (column < 0 || row < 0 || column >= this.columns || row >= this.rows) return;
    const i = 4 * (row * this.columns + column);
    this.color = [...this.pixels.slice(i, i + 3)];
    this.picked?.();
  }

  stroke(to) {
    const here = [to[0] * this.columns, to[1] * this.rows];
    if (!this.now) {
      this.remember();
      this.now = { under: this.pixels, covered: new Float32Array(this.rows * this.columns), color: this.tool === "eraser" ? this.ground : this.ink };
      this.pixels = this.pixels.slice();
    }
    this.cover(this.now.from ?? here, here);
    this.now.from = here;
    this.paint();
    this.changed();
  }

  /** A stroke covers each pixel by the largest share that any part of it covers; where all is black or white, wholly or not at all. */
  cover(from, to) {
    const { covered, under, color } = this.now;
    const radius = this.width / 2;
    const shareOf = this.two ? wholly(from, to, radius) : partly(from, to, radius);
    const reach = radius + 1;
    const [left, right] = [Math.min(from[0], to[0]) - reach, Math.max(from[0], to[0]) + reach];
    const [top, bottom] = [Math.min(from[1], to[1]) - reach, Math.max(from[1], to[1]) + reach];
    for (let row = Math.max(0, Math.floor(top)); row < Math.min(this.rows, bottom); row += 1) {
      for (let column = Math.max(0, Math.floor(left)); column < Math.min(this.columns, right); column += 1) {
        const i = row * this.columns + column;
        const share = shareOf(column, row);
        if (share <= covered[i]) continue;
        covered[i] = share;
        for (let c = 0; c < 3; c += 1) this.pixels[4 * i + c] = under[4 * i + c] * (1 - share) + color[c] * share;
      }
    }
  }

  lift() {
    if (!this.now) return;
    this.now = null;
    this.settled();
  }

  // -- keys, and where the pen is ------------------------------------------------------------------------------------

  toggle() {
    if (this.tool === "pick") return this.pick(this.middleOfPixel(this.at));
    this.down = !this.down;
    this.brush.classList.toggle("gh-down", this.down);
    if (this.down) this.drag(this.middleOfPixel(this.at), false);
    else this.lift();
    return undefined;
  }

  key(event) {
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      if (!event.repeat) this.toggle();
      return;
    }
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    const far = event.shiftKey ? FAR_STEP : 1;
    const sides = [this.columns, this.rows];
    const to = this.middleOfPixel(this.at).map((value, k) => Math.max(0.5 / sides[k], Math.min(1 - 0.5 / sides[k], value + (far * by[k]) / sides[k])));
    if (this.down) this.drag(to, false);
    this.at = to;
    this.place();
  }

  middleOfPixel(at) {
    return at.map((value, k) => {
      const side = [this.columns, this.rows][k];
      return (Math.max(0, Math.min(side - 1, Math.floor(value * side))) + 0.5) / side;
    });
  }

  hover(event) {
    if (this.down) return; // the keys lead the pen
    const box = this.canvas.getBoundingClientRect();
    this.at = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    this.place();
  }

  place() {
    const width = this.tool === "pick" ? 1 : this.width;
    Object.assign(this.brush.style, { left: `${100 * this.at[0]}%`, top: `${100 * this.at[1]}%`, width: `${(100 * width) / this.columns}%` });
  }

  paint() {
    this.canvas.getContext("2d").putImageData(new ImageData(this.pixels.slice(), this.columns, this.rows), 0, 0);
    this.place();
  }
}

/** How far (x, y) is from the line between two places, squared. */
function farFrom([ax, ay], [bx, by], x, y) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return (ax + t * dx - x) ** 2 + (ay + t * dy - y) ** 2;
}

/** The share of a pixel that a round pen covers on its way, by FINE × FINE samples. */
function partly(from, to, radius) {
  return (column, row) => {
    let count = 0;
    for (let k = 0; k < FINE * FINE; k += 1) {
      const [x, y] = [column + ((k % FINE) + 0.5) / FINE, row + (Math.floor(k / FINE) + 0.5) / FINE];
      if (farFrom(from, to, x, y) <= radius * radius) count += 1;
    }
    return count / (FINE * FINE);
  };
}

/** 1 for a pixel whose middle the pen covers on its way, or in which its own middle was; so that no line has gaps. */
function wholly(from, to, radius) {
  const steps = Math.ceil(4 * Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]))) || 1;
  const passed = new Set();
  for (let k = 0; k <= steps; k += 1) passed.add([0, 1].map((axis) => Math.floor(from[axis] + ((to[axis] - from[axis]) * k) / steps)).join());
  const thick = radius > 0.5;
  return (column, row) => (passed.has(`${column},${row}`) || (thick && farFrom(from, to, column + 0.5, row + 0.5) <= radius * radius) ? 1 : 0);
}

// -- colours of a picture ----------------------------------------------------------------------------------------------

function middleOf(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** What lies around it: the median of each channel along the border. */
function borderOf(pixels, width, height) {
  const places = [];
  for (let x = 0; x < width; x += 1) places.push(x, (height - 1) * width + x);
  for (let y = 1; y < height - 1; y += 1) places.push(y * width, y * width + width - 1);
  return [0, 1, 2].map((c) => middleOf(places.map((i) => pixels[4 * i + c])));
}

/** Of the means of small blocks the one that is least like the ground. */
function farthestColor(pixels, width, height, ground) {
  let best = [-1, ground];
  for (let y = 0; y + BLOCK <= height; y += BLOCK) {
    for (let x = 0; x + BLOCK <= width; x += BLOCK) {
      const mean = [0, 0, 0];
      for (let k = 0; k < BLOCK ** 2; k += 1) {
        const i = (y + Math.floor(k / BLOCK)) * width + x + (k % BLOCK);
        for (let c = 0; c < 3; c += 1) mean[c] += pixels[4 * i + c] / BLOCK ** 2;
      }
      const far = mean.reduce((sum, value, c) => sum + (value - ground[c]) ** 2, 0);
      if (far > best[0]) best = [far, mean.map(Math.round)];
    }
  }
  return best[1];
}
