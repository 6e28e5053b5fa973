// The three small pictures beside the plane: eigenvalues, distance over steps, and the critic's line over both points.

const SMALLEST = 1e-12; // a distance below that is drawn there

class Chart {
  constructor(words, code, height) {
    Object.assign(this, { words, code, height });
    this.canvas = h("canvas", { role: "img" });
    this.head = h("figcaption", {}, h("b", { tabindex: 0, "data-tip": words.get(`${code}.help`) }, words.get(code)));
    this.box = h("figure", { class: `di-chart di-${code}` }, this.head, h("div", { class: "di-stage" }, this.canvas));
  }

  /** The context and size, cleared. */
  begin(square = false) {
    const width = Math.max(180, roomIn(this.canvas.parentElement));
    const height = square ? Math.min(width, this.height) : this.height;
    const context = fitCanvas(this.canvas, width, height);
    context.clearRect(0, 0, width, height);
    return [context, width, height];
  }

  tell(text) {
    if (this.canvas.getAttribute("aria-label") !== text) this.canvas.setAttribute("aria-label", text);
  }
}

class EigenChart extends Chart {
  constructor(words, changed) {
    super(words, "eigen", 236);
    this.which = "discrete";
    this.buttons = ["discrete", "continuous"].map((code) => h("button", { type: "button", class: "gl-choice", "data-code": code, "data-tip": words.get(`eigen.${code}.help`), onclick: () => {
      this.which = code;
      changed();
    } }, words.get(`eigen.${code}`)));
    this.head.append(h("span", { class: "gl-switch", role: "group", "aria-label": words.get("eigen.which") }, ...this.buttons));
    this.values = h("div", { class: "di-values" });
    this.box.append(this.values);
    this.head.querySelector("b").removeAttribute("data-tip");
    this.head.querySelector("b").removeAttribute("tabindex");
  }

  paint(view, theme) {
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.code === this.which));
    const values = view[this.which];
    const sets = [...view.kept.map((one) => ({ values: one[this.which], color: one.color, number: one.number })), { values, color: theme.text }];
    const parts = sets.flatMap((one) => (one.values ?? []).flat().map(Math.abs));
    const most = Math.min(60, Math.max(1.2, ...parts.map((part) => part * 1.15)));
    const [context, width, height] = this.begin();
    const [left, right, top, bottom] = [46, 12, 8, 34];
    const wide = ((width - left - right) / (height - top - bottom)) * most;
    const frame = new Frame(width, height, { left, right, top, bottom, x0: -wide, x1: wide, y0: -most, y1: most });
    context.fillStyle = theme.shade;
    frame.inside(context, () => {
      if (this.which === "continuous") context.fillRect(frame.left, frame.top, frame.x(0) - frame.left, frame.bottom - frame.top);
      else {
        context.beginPath();
        context.arc(frame.x(0), frame.y(0), frame.x(1) - frame.x(0), 0, 2 * Math.PI);
        context.fill();
        context.strokeStyle = theme.good;
        context.lineWidth = 1.5;
        context.stroke();
      }
    });
    const say = (v, all) => this.words.tick(v, all);
    frame.paint(context, theme, { across: this.words.get("eigen.re"), up: this.words.get("eigen.im"), xs: marksBetween(-wide, wide, Math.max(3, width / 70)), ys: marksBetween(-most, most, 4), say });
    if (this.which === "continuous") {
      context.strokeStyle = theme.good;
      context.lineWidth = 1.5;
      strokeLine(context, 2, (i) => [frame.x(0), i ? frame.bottom : frame.top]);
    }
    frame.inside(context, () => sets.forEach((one) => (one.values ?? []).forEach(([re, im]) => {
      const [x, y] = [frame.x(re), frame.y(im)];
      if (one.number) {
        paintNumber(context, one.number, x, y, one.color, theme);
        return;
      }
      context.lineWidth = 3;
      context.strokeStyle = theme.text;
      for (const s of [1, -1]) strokeLine(context, 2, (i) => [x + (i ? 6 : -6), y + (i ? 6 : -6) * s]);
    })));
    if (!values) paintText(context, this.words.get("eigen.none"), (frame.left + frame.right) / 2, frame.y(0) - 14, theme, "center");
    const text = values ? this.words.get("eigen.alt", { first: this.complex(values[0]), second: this.complex(values[1]) }) : this.words.get("eigen.none");
    setText(this.values, values ? `λ = ${values.map((one) => this.complex(one)).join(", ")}` : "");
    this.tell(`${this.words.get(`eigen.${this.which}`)}: ${text} ${this.words.get(`eigen.${this.which}.help`)}`);
  }

  complex([re, im]) {
    const say = (v) => brief(this.words, v);
    if (Math.abs(im) < 1e-9) return say(re);
    const imaginary = `${say(Math.abs(im))}i`;
    if (Math.abs(re) < 1e-9) return im < 0 ? `\u2212${imaginary}` : imaginary;
    return `${say(re)} ${im < 0 ? "\u2212" : "+"} ${imaginary}`;
  }
}

class DistanceChart extends Chart {
  constructor(words) {
    super(words, "distance", 190);
  }

  paint(view, theme) {
    const [context, width, height] = this.begin();
    const logs = (path) => Array.from({ length: path.length / 2 }, (_, i) => Math.log10(Math.max(SMALLEST, Math.hypot(path[2 * i], path[2 * i + 1]))));
    const own = logs(view.path);
    const kept = view.kept.map((one) => ({ ...one, logs: logs(one.path) }));
    const all = [own, ...kept.map((one) => one.logs)].flat();
    const low = Math.floor(Math.min(...all, -0.3) * 2) / 2;
    const high = Math.ceil(Math.max(...all, 0.3) * 2) / 2;
    const steps = Math.max(1, own.length - 1, ...kept.map((one) => one.logs.length - 1));
    const frame = new Frame(width, height, { left: 46, right: 12, top: 8, x0: 0, x1: steps, y0: low, y1: high });
    const powers = marksBetween(low, high, 4).filter((mark) => Number.isInteger(mark));
    const ys = powers.length > 1 ? powers : [Math.log10(0.5), 0, Math.log10(2), Math.log10(5)].filter((mark) => mark >= low && mark <= high);
    frame.paint(context, theme, { across: this.words.get("steps"), up: "", xs: marksBetween(0, steps, Math.max(2, width / 80)), ys, zero: false,
      say: (v, marks) => this.words.tick(v, marks), sayUp: (v) => (Number.isInteger(v) && Math.abs(v) > 3 ? powerOfTen(v) : brief(this.words, 10 ** v)) });
    const draw = (values, color, dash, wide, upTo = values.length) => {
      context.strokeStyle = color;
      context.lineWidth = wide;
      context.setLineDash(dash);
      strokeLine(context, upTo, (i) => [frame.x(i), frame.y(values[i])]);
      context.setLineDash([]);
    };
    kept.forEach((one) => {
      draw(one.logs, one.color, one.dash, 2);
      paintNumber(context, one.number, frame.x(one.logs.length - 1) - 9, frame.y(one.logs.at(-1)), one.color, theme);
    });
    context.globalAlpha = 0.4;
    draw(own, theme.text, [], 1.2);
    context.globalAlpha = 1;
    draw(own, theme.text, [], 2, view.at + 1);
    context.beginPath();
    context.arc(frame.x(view.at), frame.y(own[view.at]), 4.5, 0, 2 * Math.PI);
    context.fillStyle = theme.text;
    context.fill();
  }

  say(view) {
    const far = (i) => brief(this.words, Math.hypot(view.path[2 * i], view.path[2 * i + 1]));
    const last = view.path.length / 2 - 1;
    this.tell(this.words.get("distance.alt", { start: far(0), end: far(last), steps: this.words.number(last) }));
  }
}

class LineChart extends Chart {
  constructor(words) {
    super(words, "line", 190);
  }

  paint(view, theme) {
    const [context, width, height] = this.begin();
    const e = view.extent;
    const [theta, psi] = [view.path[2 * view.at], view.path[2 * view.at + 1]];
    const most = this.most(view);
    const frame = new Frame(width, height, { left: 46, right: 12, top: 8, x0: -e, x1: e, y0: -most, y1: most });
    const say = (v, all) => this.words.tick(v, all);
    frame.paint(context, theme, { across: "x", up: "D(x)", xs: marksBetween(-e, e, 4), ys: marksBetween(-most, most, 4), say });
    const held = (v, end) => Math.max(-end, Math.min(end, v));
    const place = (x) => [frame.x(held(x, e)), frame.y(held(view.border + psi * x, most))];
    frame.inside(context, () => {
      if (view.border) {
        context.strokeStyle = theme.muted;
        context.lineWidth = 1;
        context.setLineDash([4, 4]);
        strokeLine(context, 2, (i) => [i ? frame.right : frame.left, frame.y(view.border)]);
        context.setLineDash([]);
      }
      context.strokeStyle = theme.text;
      context.lineWidth = 2;
      strokeLine(context, 2, (i) => [frame.x(i ? e : -e), frame.y(view.border + psi * (i ? e : -e))]);
      for (const [kind, x] of [["real", 0], ["fake", theta]]) {
        context.strokeStyle = theme[kind];
        context.lineWidth = 1.5;
        context.setLineDash(kind === "fake" ? [3, 3] : []);
        const [px, py] = place(x);
        strokeLine(context, 2, (i) => [px, i ? frame.bottom : py]);
        context.setLineDash([]);
      }
    });
    paintPoint(context, "fake", ...place(theta), theme, 8);
    paintPoint(context, "real", ...place(0), theme, 5); // smaller and on top: both can be seen where they meet
  }

  /** How far D of the generated point goes from 0 on the whole way, as far as it is shown. */
  most({ path, border, extent }) {
    let most = Math.max(1, Math.abs(border));
    for (let i = 0; i < path.length; i += 2) {
      if (Math.abs(path[i]) <= extent && Math.abs(path[i + 1]) <= extent) most = Math.max(most, Math.abs(border + path[i] * path[i + 1]));
    }
    return most * 1.15;
  }

  say(view) {
    const [theta, psi] = [view.path[2 * view.at], view.path[2 * view.at + 1]];
    const value = brief(this.words, view.border + psi * theta);
    this.tell(this.words.get("line.alt", { psi: brief(this.words, psi), theta: brief(this.words, theta), value }));
  }
}
