// The part of the picture that is asked about: marked with a brush, or with a frame from the keyboard.

const BRUSHES = { small: 0.03, medium: 0.07, large: 0.14 }; // radius, as a share of the picture

/** A copy of the current picture that a region can be marked on: with a pointer, a finger, or the keyboard. */
class UnitsRegion {
  constructor(tool) {
    this.tool = tool;
    const { words } = tool.desk;
    const { said } = tool;
    const button = (code, run) => h("button", { type: "button", class: "gl-button", "data-do": `units-${code}`, onclick: run }, words.get(`units.${code}`));
    this.canvas = h("canvas", { class: "gx-region-canvas", role: "img", tabindex: "0" });
    this.brush = choice(words, "units.brush", ["paint", "erase"], (brush) => Object.assign(said, { brush }));
    this.size = choice(words, "units.size", Object.keys(BRUSHES), (size) => Object.assign(said, { size }));
    this.brush.set(said.brush);
    this.size.set(said.size);
    this.box = h("div", { class: "gx-region-box" }, h("h3", {}, words.get("units.region")), h("p", { class: "gx-hint" }, words.get("units.region.help")), this.canvas,
      h("div", { class: "gx-bar" }, this.brush.box, this.size.box), h("div", { class: "gx-bar" }, button("whole", () => this.fill(1)), button("clear", () => this.fill(0))));
    this.frame = null; // the keyboard's rectangle: left, top, side, in pixels
    this.region = undefined; // what was marked when the mask was made of it
    this.mask = new Uint8Array(0); // one byte a pixel: 1 is marked
    this.scratch = canvasOf(1, 1);
    this.last = null;
    dragging(this.canvas, (x, y, ended) => this.drag(x, y, ended));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("blur", () => this.show(null));
    this.follow();
  }

  get shape() {
    return this.tool.desk.about.shape.slice(1);
  }

  /** As the server understands it; null while nothing is marked. */
  get said() {
    const { region } = this.tool.desk.walk.state;
    return region ? { mask: region } : null;
  }

  /** What is marked is a step that can be undone, like every other change. */
  keep() {
    this.region = this.mask.some(Boolean) ? encodeBytes(this.mask.map((one) => (one ? 255 : 0))) : null;
    this.paint();
    this.tool.desk.walk.end({ region: this.region });
  }

  /** What is marked is what the walk says: a stroke may have been taken back. */
  follow() {
    const { region } = this.tool.desk.walk.state;
    if (region === this.region || this.tool.points) return;
    this.region = region;
    const [height, width] = this.shape;
    const bytes = region ? new Uint8Array(decodeBase64(region)) : [];
    this.mask = new Uint8Array(height * width).map((_, i) => (bytes[i] ? 1 : 0));
    this.paint();
  }

  fill(value) {
    this.mask.fill(value);
    this.keep();
  }

  drag(x, y, ended) {
    const [height, width] = this.shape;
    const here = [x * width, y * height];
    const from = this.last ?? here;
    const steps = Math.max(1, Math.ceil(Math.hypot(here[0] - from[0], here[1] - from[1]) * 2));
    for (let i = 1; i <= steps; i += 1) this.dab(from[0] + ((here[0] - from[0]) * i) / steps, from[1] + ((here[1] - from[1]) * i) / steps);
    this.last = ended ? null : here;
    if (ended) this.keep();
    else this.paint();
  }

  dab(x, y) {
    const [height, width] = this.shape;
    const { said } = this.tool;
    const radius = Math.max(0.75, BRUSHES[said.size] * Math.max(width, height));
    for (let row = Math.max(0, Math.floor(y - radius)); row < Math.min(height, y + radius); row += 1) {
      for (let column = Math.max(0, Math.floor(x - radius)); column < Math.min(width, x + radius); column += 1) {
        if (Math.hypot(column + 0.5 - x, row + 0.5 - y) <= radius) this.mask[row * width + column] = said.brush === "paint" ? 1 : 0;
      }
    }
  }

  key(event) {
    const [height, width] = this.shape;
    const side = Math.max(2, Math.round(width / 4));
    const frame = this.frame ?? { left: Math.floor((width - side) / 2), top: Math.floor((height - side) / 2), side };
    const by = Math.max(1, Math.round(width / 28));
    const change = {
      ArrowLeft: { left: frame.left - by }, ArrowRight: { left: frame.left + by }, ArrowUp: { top: frame.top - by }, ArrowDown: { top: frame.top + by },
      "+": { side: frame.side + by }, "=": { side: frame.side + by }, "-": { side: frame.side - by }, Enter: {}, " ": {},
    }[event.key];
    if (!change) return;
    event.preventDefault();
    const next = this.frame ? { ...frame, ...change } : frame;
    next.side = Math.max(1, Math.min(next.side, width, height));
    next.left = Math.max(0, Math.min(next.left, width - next.side));
    next.top = Math.max(0, Math.min(next.top, height - next.side));
    if ((event.key === "Enter" || event.key === " ") && this.frame) {
      for (let row = next.top; row < next.top + next.side; row += 1) this.mask.fill(this.tool.said.brush === "paint" ? 1 : 0, row * width + next.left, row * width + next.left + next.side);
      this.keep();
    }
    this.show(next);
  }

  show(frame) {
    this.frame = frame;
    this.paint();
  }

  paint() {
    const { tool, canvas, mask } = this;
    const { theme, words } = tool.desk;
    const room = roomIn(this.box);
    if (!room || !tool.now || tool.points) return;
    const [height, width] = this.shape;
    const size = Math.min(room, 280);
    const pixel = size / width;
    const context = fitCanvas(canvas, size, (size * height) / width);
    paintPixels(this.scratch, tool.now.arrays.samples, tool.now.shapes.samples.shape, 0);
    context.imageSmoothingEnabled = Math.max(width, height) > 64;
    context.drawImage(this.scratch, 0, 0, size, pixel * height);
    const marked = mask.reduce((sum, one) => sum + one, 0);
    canvas.setAttribute("aria-label", words.get("units.region.canvas", { share: words.number(marked / mask.length, 0, "percent") }));
    canvas.dataset.marked = String(marked);
    if (marked && tool.unmarked) {
      tool.unmarked = false;
      setText(tool.about, "");
    }
    if (marked) {
      // What is not marked grows dark; a line runs along the border, light beside dark, so that it shows on every picture.
      const shade = new ImageData(width, height);
      mask.forEach((one, i) => (shade.data[4 * i + 3] = one ? 0 : 150));
      this.scratch.getContext("2d").putImageData(shade, 0, 0);
      context.imageSmoothingEnabled = false;
      context.drawImage(this.scratch, 0, 0, size, pixel * height);
      const edge = new Path2D();
      const at = (row, column) => row >= 0 && column >= 0 && row < height && column < width && mask[row * width + column];
      for (let row = 0; row < height; row += 1) {
        for (let column = 0; column < width; column += 1) {
          if (!at(row, column)) continue;
          const [x, y] = [column * pixel, row * pixel];
          for (const [dr, dc, x0, y0, x1, y1] of [[-1, 0, 0, 0, 1, 0], [1, 0, 0, 1, 1, 1], [0, -1, 0, 0, 0, 1], [0, 1, 1, 0, 1, 1]]) {
            if (at(row + dr, column + dc)) continue;
            edge.moveTo(x + x0 * pixel, y + y0 * pixel);
            edge.lineTo(x + x1 * pixel, y + y1 * pixel);
          }
        }
      }
      for (const [color, line] of [["#000000", 4], ["#ffffff", 2]]) {
        Object.assign(context, { strokeStyle: color, lineWidth: line });
        context.stroke(edge);
      }
    }
    if (this.frame) {
      const { left, top, side } = this.frame;
      for (const [color, line] of [["#000000", 5], [theme.fake, 2.5]]) {
        Object.assign(context, { strokeStyle: color, lineWidth: line });
        context.strokeRect(left * pixel, top * pixel, side * pixel, side * pixel);
      }
    }
  }
}
