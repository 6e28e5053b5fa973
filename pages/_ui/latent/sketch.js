// A board to draw on.

const SKETCH_SIDE = 256; // pixels

/** A black board to draw on in white, or in colours: with a mouse, a finger or the keyboard. */
class Sketch {
  /** `changed()`: it looks different; `kept(strokes)`: a stroke is done, or all are wiped away. */
  constructor(words, coloured, changed, kept) {
    Object.assign(this, { changed, kept, strokes: [] });
    this.canvas = h("canvas", { class: "gx-board", width: String(SKETCH_SIDE), height: String(SKETCH_SIDE), tabindex: "0", role: "img", "aria-label": words.get("sketch.board") });
    this.brush = h("i", { class: "gx-brush" });
    this.tool = choice(words, "sketch", ["pen", "eraser"], (tool) => {
      this.erasing = tool === "eraser";
    });
    this.color = h("input", { type: "color", class: "gx-color", value: "#ffffff", "aria-label": words.get("sketch.color") });
    const clear = h("button", { type: "button", class: "gl-button", "data-do": "clear", onclick: () => this.clear() }, words.get("sketch.clear"));
    this.box = h("div", { class: "gx-source" }, h("div", { class: "gx-board-box" }, this.canvas, this.brush), h("div", { class: "gx-bar" }, this.tool.box, ...(coloured ? [this.color] : []), clear),
      h("p", { class: "gx-hint gx-keys" }, words.get("sketch.keys")));
    this.at = [0.5, 0.5];
    this.down = false;
    dragging(this.canvas, (x, y, ended) => {
      this.stroke([x, y]);
      if (ended) this.lift();
    });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("blur", () => this.down && this.toggle());
    this.wipe();
  }

  wipe() {
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = "#000000";
    context.fillRect(0, 0, SKETCH_SIDE, SKETCH_SIDE);
  }

  /** Whether nothing is drawn on it. */
  get empty() {
    return ![...this.strokes, this.now].some((stroke) => stroke && !stroke.erasing);
  }

  clear() {
    this.now = null;
    this.keep([]);
  }

  keep(strokes) {
    this.follow(strokes, false);
    this.kept(strokes);
  }

  /** These strokes are on it now: one may have been taken back. */
  follow(strokes, anew = true) {
    if (strokes === this.strokes || !(strokes.length || this.strokes.length)) return;
    this.strokes = strokes;
    if (anew || !strokes.length) {
      this.wipe();
      for (const stroke of strokes) stroke.points.forEach((point, i) => this.line(stroke, stroke.points[Math.max(0, i - 1)], point));
    }
    this.changed();
  }

  line({ erasing, color }, from, to) {
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    Object.assign(context, { lineCap: "round", lineJoin: "round", lineWidth: SKETCH_SIDE * (erasing ? 0.14 : 0.085), strokeStyle: erasing ? "#000000" : color });
    context.beginPath();
    context.moveTo(from[0] * SKETCH_SIDE, from[1] * SKETCH_SIDE);
    context.lineTo(to[0] * SKETCH_SIDE + 0.01, to[1] * SKETCH_SIDE);
    context.stroke();
  }

  stroke(to) {
    this.now ??= { erasing: Boolean(this.erasing), color: this.color.value, points: [] };
    this.line(this.now, this.now.points.at(-1) ?? to, to);
    this.now.points.push(to.map((value) => Math.round(value * 1e4) / 1e4));
    this.at = to;
    this.place();
    this.changed();
  }

  lift() {
    if (!this.now) return;
    const strokes = [...this.strokes, this.now];
    this.now = null;
    this.keep(strokes);
  }

  toggle() {
    this.down = !this.down;
    this.brush.classList.toggle("gx-down", this.down);
    if (this.down) this.stroke(this.at);
    else this.lift();
  }

  key(event) {
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      this.toggle();
      return;
    }
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    const to = this.at.map((value, k) => Math.max(0, Math.min(1, value + 0.04 * by[k])));
    if (this.down) this.stroke(to);
    this.at = to;
    this.place();
  }

  place() {
    this.brush.style.left = `${100 * this.at[0]}%`;
    this.brush.style.top = `${100 * this.at[1]}%`;
  }
}
