// The pad: places at the corners, blends of them between. Dragging shows the picture of every point on the way.

const CORNERS = [3, 4, 5, 6, 8];
const BACKDROP = 7; // blends a side, behind the knob

class PadTool {
  static code = "pad";

  static fits() {
    return true;
  }

  constructor(desk) {
    this.desk = desk;
    const { words, memory } = desk;
    memory.pad ??= { places: [0, 1, 2, 3].map((seed) => ({ seed })), point: [0, 0], space: "z", keep: true };
    this.canvas = h("canvas", { class: "gx-pad-canvas", tabindex: "0", role: "img", "aria-label": words.get("pad.surface") });
    this.knob = h("i", { class: "gx-knob" });
    this.surface = h("div", { class: "gx-pad-surface" }, this.canvas, this.knob);
    this.slots = h("div", { class: "gx-pad-slots" });
    this.area = h("div", { class: "gx-pad" }, this.surface, this.slots);
    this.count = h("select", { class: "gl-select", "aria-label": words.get("pad.count"), onchange: () => this.recount(Number(this.count.value)) },
      ...CORNERS.map((n) => h("option", { value: String(n) }, words.get("pad.corners", { count: n }))));
    this.space = choice(words, "space", ["z", "w"], (space) => this.set({ space }));
    this.keep = h("input", { type: "checkbox", onchange: () => this.set({ keep: this.keep.checked }) });
    this.keepLine = h("label", { class: "gx-check", "data-tip": words.get("pad.keep.help") }, this.keep, h("span", {}, words.get("pad.keep")));
    const again = h("button", { type: "button", class: "gl-button", onclick: () => this.recorner() }, icon("random"), h("span", {}, words.get("pad.others")));
    this.bar = h("div", { class: "gx-bar" }, this.count, this.space.box, this.keepLine, again);
    this.box = h("div", {}, h("p", { class: "gx-hint" }, words.get("pad.hint")), this.bar, this.area);
    dragging(this.canvas, (x, y, ended) => this.drag([2 * x - 1, 1 - 2 * y], ended));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.build();
  }

  get said() {
    return this.desk.memory.pad;
  }

  get corners() {
    return cornersOf(this.said.places.length);
  }

  get place() {
    const { places, point, space, keep } = this.said;
    return { pad: places, corners: this.corners, point, space, keep };
  }

  build() {
    const { words } = this.desk;
    this.all = this.said.places.map((place, i) => new Slot(this.desk, words.get("pad.corner", { index: i + 1 }), place, (chosen) => {
      this.said.places = this.said.places.map((old, k) => (k === i ? chosen : old));
      this.go(true);
      this.refresh();
    }));
    this.slots.replaceChildren(...this.all.map((slot, i) => {
      const [x, y] = this.corners[i];
      slot.box.style.left = `${((x + 1) / 2) * 100}%`;
      slot.box.style.top = `${((1 - y) / 2) * 100}%`;
      slot.box.classList.add("gx-corner");
      return slot.box;
    }));
    this.count.value = String(this.said.places.length);
  }

  recount(count) {
    const { places } = this.said;
    const more = Array.from({ length: Math.max(0, count - places.length) }, () => ({ seed: chanceSeed() }));
    this.said.places = [...places.slice(0, count), ...more];
    this.said.point = [0, 0];
    this.build();
    this.go(true);
    this.refresh();
  }

  recorner() {
    this.said.places = this.said.places.map(() => this.desk.seeded(chanceSeed()));
    this.build();
    this.go(true);
    this.refresh();
  }

  set(change) {
    Object.assign(this.said, change);
    this.go(true);
    this.refresh();
  }

  drag(point, ended) {
    this.said.point = point.map((value) => Math.max(-1, Math.min(1, value)));
    this.go(ended);
  }

  key(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!by) return;
    event.preventDefault();
    this.drag(this.said.point.map((value, k) => value + 0.05 * by[k]), true);
  }

  go(ended) {
    this.own = true;
    this.desk.walk.go(this.place, ended);
    this.own = false;
    this.showKnob();
  }

  /** Something else has moved: the knob lets go. */
  moved() {
    this.surface.classList.toggle("gx-loose", !this.own && !("pad" in this.desk.walk.state.base));
  }

  show() {
    this.refresh();
  }

  moment() {
    this.refresh();
  }

  refresh() {
    const { desk } = this;
    const styles = desk.about.styles;
    this.space.box.classList.toggle("gl-gone", !styles);
    if (!styles) this.said.space = "z";
    this.space.set(this.said.space);
    this.keep.checked = this.said.keep;
    this.keepLine.classList.toggle("gl-gone", styles); // a mapping network brings every z to one length
    const { places } = this.said;
    desk.latest("pad.corners", "draw", { places, ...desk.walk.look }, (answer) => this.all.forEach((slot, i) => i < answer.shapes.samples.shape[0] && slot.paint(answer, i)));
    const at = Array.from({ length: BACKDROP ** 2 }, (_, i) => [(2 * (i % BACKDROP) + 1) / BACKDROP - 1, 1 - (2 * Math.floor(i / BACKDROP) + 1) / BACKDROP]);
    if (desk.about.kind === "images") {
      desk.latest("pad.backdrop", "draw", { places: at.map((point) => ({ ...this.place, point })), ...desk.walk.look }, (answer) => {
        this.backdrop = answer;
        this.paint();
      });
    } else this.paint();
    this.showKnob();
  }

  showKnob() {
    const [x, y] = this.said.point;
    this.knob.style.left = `${((x + 1) / 2) * 100}%`;
    this.knob.style.top = `${((1 - y) / 2) * 100}%`;
    const { words } = this.desk;
    const far = this.corners.map(([cx, cy]) => Math.hypot(cx - x, cy - y));
    const near = far.indexOf(Math.min(...far));
    const said = words.get("pad.said", { x: words.number(x, 2), y: words.number(y, 2), corner: words.get("pad.corner", { index: near + 1 }), name: this.all[near].label.textContent });
    this.canvas.setAttribute("aria-label", words.joined([words.get("pad.surface"), said]));
  }

  paint() {
    const size = roomIn(this.surface);
    if (!size) return;
    const context = fitCanvas(this.canvas, size, size);
    const { theme } = this.desk;
    context.fillStyle = theme.plot;
    context.fillRect(0, 0, size, size);
    const points = this.corners.map(([x, y]) => [((x + 1) / 2) * size, ((1 - y) / 2) * size]);
    context.save();
    context.beginPath();
    points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
    context.clip();
    if (this.backdrop && this.desk.about.kind === "images") {
      const cell = size / BACKDROP;
      const scratch = canvasOf(1, 1);
      context.imageSmoothingEnabled = false;
      for (let i = 0; i < BACKDROP ** 2; i += 1) {
        paintPixels(scratch, this.backdrop.arrays.samples, this.backdrop.shapes.samples.shape, i);
        context.drawImage(scratch, (i % BACKDROP) * cell, Math.floor(i / BACKDROP) * cell, cell + 0.5, cell + 0.5);
      }
    } else {
      context.fillStyle = theme.bg;
      context.fillRect(0, 0, size, size);
    }
    context.restore();
    Object.assign(context, { strokeStyle: theme.muted, lineWidth: 1.5 });
    context.beginPath();
    points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
    context.stroke();
  }

  resize() {
    this.paint();
  }
}

/** Of a square, or of a regular polygon within the circle. */
function cornersOf(count) {
  if (count === 4) return [[-1, 1], [1, 1], [1, -1], [-1, -1]];
  return Array.from({ length: count }, (_, i) => [Math.sin((2 * Math.PI * i) / count), Math.cos((2 * Math.PI * i) / count)].map((v) => Math.round(v * 1e6) / 1e6));
}
