// The plane of θ and ψ: field, paths, the place where both players are, the start that can be dragged or moved by keys.

const GRAB_PX = 28; // how near to the start a press takes hold of it; elsewhere it fetches it
const NUDGE = 0.05;
const LEAP = 0.25;

class Plane {
  /** on: moved(theta, psi, ended). */
  constructor(words, on) {
    Object.assign(this, { words, on });
    this.canvas = h("canvas", { class: "di-plane", tabindex: 0, role: "application" });
    this.box = h("div", { class: "di-stage" }, this.canvas);
    this.listen();
  }

  listen() {
    let held = null;
    const tell = (event, ended) => {
      const [theta, psi] = this.frame.at(...placeOn(this.canvas, event));
      this.on.moved(theta, psi, ended);
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button > 0 || !this.frame || this.still) return;
      const [x, y] = placeOn(this.canvas, event);
      if (x < this.frame.left || x > this.frame.right || y < this.frame.top || y > this.frame.bottom) return;
      const near = Math.hypot(x - this.frame.x(this.start[0]), y - this.frame.y(this.start[1])) < GRAB_PX;
      if (event.pointerType === "touch" && !near) return; // a finger may scroll the page
      held = event.pointerId;
      this.canvas.setPointerCapture(held);
      this.canvas.focus({ preventScroll: true });
      event.preventDefault();
      tell(event, false);
    });
    // A finger on the start holds it; the page does not move with it.
    this.canvas.addEventListener("touchmove", (event) => held !== null && event.preventDefault(), { passive: false });
    this.canvas.addEventListener("pointermove", (event) => event.pointerId === held && tell(event, false));
    for (const name of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(name, (event) => {
        if (event.pointerId !== held) return;
        held = null;
        tell(event, true);
      });
    }
    this.canvas.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!way || this.still || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const size = event.shiftKey ? LEAP : NUDGE;
      this.on.moved(this.start[0] + way[0] * size, this.start[1] + way[1] * size, false);
      this.nudged = true;
    });
    this.canvas.addEventListener("keyup", () => this.settle());
    this.canvas.addEventListener("blur", () => this.settle());
  }

  /** What was moved by keys stays where it is. */
  settle() {
    if (!this.nudged) return;
    this.nudged = false;
    this.on.moved(...this.start, true);
  }

  paint(view, start, theme) {
    const side = Math.max(240, Math.min(640, roomIn(this.box)));
    const { words } = this;
    const e = view.extent;
    this.start = start;
    const context = fitCanvas(this.canvas, side, side);
    const frame = (this.frame = new Frame(side, side, { left: 44, x0: -e, x1: e, y0: -e, y1: e }));
    context.clearRect(0, 0, side, side);
    context.fillStyle = theme.plot;
    context.fillRect(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top);
    const marks = marksBetween(-e, e, 6);
    frame.paint(context, theme, { across: words.get("axis.theta"), up: words.get("axis.psi"), xs: marks, ys: marks, say: (v, all) => words.tick(v, all) });
    frame.inside(context, () => {
      if (view.bound !== null) this.paintBound(context, frame, view.bound, theme);
      if (view.field) this.paintField(context, frame, view.field, theme);
      view.kept.forEach((one) => this.paintKept(context, frame, one, theme));
      this.paintPath(context, frame, view, theme);
    });
    this.paintPlaces(context, frame, view, theme);
  }

  paintBound(context, frame, bound, theme) {
    context.strokeStyle = theme.neutral;
    context.lineWidth = 1.5;
    context.setLineDash([6, 4]);
    for (const psi of [bound, -bound]) strokeLine(context, 2, (i) => [i ? frame.right : frame.left, frame.y(psi)]);
    context.setLineDash([]);
    if (frame.y(bound) > frame.top + 16) paintText(context, this.words.get("plane.bound"), frame.right - 6, frame.y(bound) - 9, theme, "right");
  }

  /** Arrows: longer where the pull is stronger, by its square root, so that weak ones can be seen. */
  paintField(context, frame, v, theme) {
    const n = Math.round(Math.sqrt(v.length / 2));
    const sizes = Array.from({ length: n * n }, (_, i) => (v[2 * i] === null || v[2 * i + 1] === null ? 0 : Math.hypot(v[2 * i], v[2 * i + 1])));
    const most = Math.sqrt(Math.max(...sizes, 1e-12));
    const cell = (frame.right - frame.left) / (n - 1);
    context.strokeStyle = context.fillStyle = theme.arrow;
    context.lineWidth = 1.2;
    for (let i = 0; i < n * n; i += 1) {
      if (sizes[i] < 1e-9) continue;
      const length = (0.2 + 0.62 * (Math.sqrt(sizes[i]) / most)) * cell;
      const [ux, uy] = [v[2 * i] / sizes[i], -v[2 * i + 1] / sizes[i]];
      const x = frame.left + (i % n) * cell - (ux * length) / 2;
      const y = frame.bottom - Math.floor(i / n) * cell - (uy * length) / 2;
      const [tx, ty] = [x + ux * length, y + uy * length];
      const head = Math.min(5, length * 0.45);
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(tx - ux * head * 0.6, ty - uy * head * 0.6);
      context.stroke();
      context.beginPath();
      context.moveTo(tx, ty);
      context.lineTo(tx - ux * head - uy * head * 0.5, ty - uy * head + ux * head * 0.5);
      context.lineTo(tx - ux * head + uy * head * 0.5, ty - uy * head - ux * head * 0.5);
      context.fill();
    }
  }

  paintKept(context, frame, { path, color, dash, number }, theme) {
    const count = path.length / 2;
    context.strokeStyle = color;
    context.lineWidth = 2;
    context.setLineDash(dash);
    strokeLine(context, count, (i) => [frame.x(path[2 * i]), frame.y(path[2 * i + 1])]);
    context.setLineDash([]);
    const inside = (i) => Math.max(Math.abs(path[2 * i]), Math.abs(path[2 * i + 1])) < frame.x1;
    let last = count - 1;
    while (last > 0 && !inside(last)) last -= 1;
    paintNumber(context, number, frame.x(path[2 * last]), frame.y(path[2 * last + 1]), color, theme);
  }

  paintPath(context, frame, { path, at }, theme) {
    const count = path.length / 2;
    const pixel = (i) => [frame.x(path[2 * i]), frame.y(path[2 * i + 1])];
    context.strokeStyle = theme.text;
    context.globalAlpha = 0.4;
    context.lineWidth = 1.2;
    strokeLine(context, count, pixel);
    context.globalAlpha = 1;
    context.lineWidth = 2;
    strokeLine(context, at + 1, pixel);
    let length = 0;
    for (let i = 1; i < count; i += 1) length += Math.hypot(pixel(i)[0] - pixel(i - 1)[0], pixel(i)[1] - pixel(i - 1)[1]);
    if (length / count < 4) return; // steps that lie so near are a line
    context.fillStyle = theme.text;
    for (let i = 1; i <= at; i += 1) {
      context.beginPath();
      context.arc(...pixel(i), 2.4, 0, 2 * Math.PI);
      context.fill();
    }
  }

  paintPlaces(context, frame, { path, at }, theme) {
    const [x0, y0] = [frame.x(0), frame.y(0)];
    context.setLineDash([]);
    context.strokeStyle = theme.good;
    context.lineWidth = 2;
    for (const r of [3, 8]) {
      context.beginPath();
      context.arc(x0, y0, r, 0, 2 * Math.PI);
      context.stroke();
    }
    const start = [frame.x(this.start[0]), frame.y(this.start[1])];
    const here = [frame.x(path[2 * at]), frame.y(path[2 * at + 1])];
    const near = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) < 46;
    if (!near(start, [x0, y0]) && !near(here, [x0, y0])) paintText(context, this.words.get("plane.equilibrium"), x0 + 13, y0 + 12, theme);
    context.beginPath();
    context.arc(...start, 9, 0, 2 * Math.PI);
    context.fillStyle = theme.bg;
    context.fill();
    context.lineWidth = 3;
    context.strokeStyle = this.still ? theme.muted : theme.accent;
    context.stroke();
    const right = start[0] > frame.right - 70;
    paintText(context, this.words.get("plane.start"), start[0] + (right ? -14 : 14), start[1] - 12, theme, right ? "right" : "left");
    const inside = here[0] >= frame.left && here[0] <= frame.right && here[1] >= frame.top && here[1] <= frame.bottom;
    if (!inside) return;
    context.beginPath();
    context.arc(...here, 5.5, 0, 2 * Math.PI);
    context.fillStyle = theme.text;
    context.fill();
    context.lineWidth = 1.5;
    context.strokeStyle = theme.bg;
    context.stroke();
  }

  /** What it shows, in words. */
  tell(view) {
    const { path } = view;
    const end = path.length - 2;
    const say = (v) => brief(this.words, v);
    const alt = this.words.get("plane.alt", { theta: say(path[0]), psi: say(path[1]), end_theta: say(path[end]), end_psi: say(path[end + 1]), steps: this.words.number(end / 2) });
    this.canvas.setAttribute("aria-label", `${alt} ${this.still ? "" : this.words.get("plane.keys")}`.trim());
  }
}
