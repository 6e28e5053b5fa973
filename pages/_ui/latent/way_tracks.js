// What runs along a way: the strip and the charts beneath it, each with a mark where the current place is.

const WAY_CHART = 132; // height

/** A keyframe beneath a track: a wedge and its number, inside the track. */
function paintKeyMark(context, x, y, name, width) {
  context.beginPath();
  context.moveTo(x, y + 1);
  context.lineTo(x - 4, y + 6);
  context.lineTo(x + 4, y + 6);
  context.fill();
  const half = context.measureText(name).width / 2;
  context.fillText(name, Math.max(half, Math.min(width - half, x)), y + 20);
}

/** A canvas along whose width the way runs, with a mark where the current place is; dragging along it moves the place. */
class WayTrack {
  constructor(tool) {
    this.tool = tool;
    this.canvas = h("canvas", { role: "img", class: "gx-way-canvas", "aria-label": tool.desk.words.get("way.strip") });
    this.line = h("i", { class: "gx-way-mark" });
    this.frame = h("div", { class: "gx-way-frame" }, this.canvas, this.line);
    this.box = h("div", { class: "gx-way-strip" }, this.frame);
    dragging(this.frame, (x, _y, ended) => tool.seek(x, ended));
    this.frame.style.touchAction = "pan-y"; // a finger can scroll the page here
  }

  /** In CSS pixels. */
  get width() {
    return roomIn(this.box) - WAY_LEFT - WAY_RIGHT;
  }

  mark(t) {
    this.line.style.left = `${100 * t}%`;
  }
}

/** One value along the way. */
class WayChart {
  constructor(tool, code) {
    this.tool = tool;
    this.title = h("b", {});
    this.now = h("output", {});
    this.caption = h("figcaption", {}, this.title, this.now);
    this.canvas = h("canvas", { role: "img" });
    this.line = h("i", { class: "gx-way-mark" });
    this.hand = h("div", { class: "gx-way-hand" }, this.line);
    this.sentence = h("p", { class: "gx-hint" });
    this.legend = h("p", { class: "gx-way-legend" });
    this.frame = h("div", { class: "gx-way-plot" }, this.canvas, this.hand);
    this.box = h("figure", { class: "gx-way-chart", "data-chart": code }, this.caption, this.frame, this.legend, this.sentence);
    dragging(this.hand, (x, _y, ended) => tool.seek(x, ended));
    this.hand.style.touchAction = "pan-y";
  }

  show(what) {
    this.what = what;
    const { words } = this.tool.desk;
    setText(this.title, what.title);
    setText(this.sentence, what.sentence);
    this.caption.dataset.tip = what.help;
    const said = [["line", what.name], ...(what.other ? [["dash", what.otherName]] : []), ...(what.band ? [["band", what.usualName]] : []), ["tick", words.get("way.keyframe")]];
    this.legend.replaceChildren(...said.map(([form, name]) => h("span", { class: `gx-way-${form}` }, name)));
    this.canvas.setAttribute("aria-label", words.sentences([what.title, what.sentence, words.get("way.range", { low: words.short(Math.min(...what.values)), high: words.short(Math.max(...what.values)) })]));
    this.paint();
  }

  /** The value at t, between the samples that are known. */
  at(t) {
    const { values } = this.what;
    const along = t * (values.length - 1);
    const i = Math.min(Math.floor(along), values.length - 2);
    return values[i] + (along - i) * (values[i + 1] - values[i]);
  }

  mark(t) {
    this.line.style.left = `${100 * t}%`;
    if (this.what) setText(this.now, this.tool.loose ? "" : this.tool.desk.words.short(this.at(t)));
  }

  paint() {
    const { desk, keyTs, found } = this.tool;
    const { theme, words } = desk;
    const { values, other, band, usual } = this.what;
    const width = roomIn(this.box);
    const inner = width - WAY_LEFT - WAY_RIGHT;
    if (inner <= 0) return;
    const height = WAY_CHART;
    const foot = 22;
    const context = fitCanvas(this.canvas, width, height);
    const all = [...values, ...(other ?? []), ...(band ?? [])];
    let [low, high] = [Math.min(...all), Math.max(...all)];
    const room = Math.max(0.08 * (high - low), 1e-3 * Math.max(Math.abs(low), Math.abs(high)), 1e-6);
    [low, high] = [low - room, high + room];
    const x = (t) => WAY_LEFT + t * inner;
    const y = (value) => 4 + (1 - (value - low) / (high - low)) * (height - foot - 4);
    context.clearRect(0, 0, width, height);
    context.fillStyle = theme.plot;
    context.fillRect(WAY_LEFT, 4, inner, height - foot - 4);
    if (band) {
      Object.assign(context, { fillStyle: theme.muted, globalAlpha: 0.16 });
      context.fillRect(WAY_LEFT, y(band[1]), inner, Math.max(2, y(band[0]) - y(band[1])));
      Object.assign(context, { strokeStyle: theme.muted, globalAlpha: 0.8, lineWidth: 1 });
      context.beginPath();
      context.moveTo(WAY_LEFT, y(usual));
      context.lineTo(WAY_LEFT + inner, y(usual));
      context.stroke();
      context.globalAlpha = 1;
    }
    Object.assign(context, { strokeStyle: theme.line, lineWidth: 1, fillStyle: theme.muted, font: `11px ${theme.font}`, textAlign: "right", textBaseline: "middle" });
    const marks = ticks(low, high, 4);
    context.beginPath();
    for (const value of marks) {
      context.moveTo(WAY_LEFT, Math.round(y(value)) + 0.5);
      context.lineTo(WAY_LEFT + inner, Math.round(y(value)) + 0.5);
    }
    for (const t of keyTs) {
      context.moveTo(Math.round(x(t)) + 0.5, 4);
      context.lineTo(Math.round(x(t)) + 0.5, height - foot);
    }
    context.stroke();
    for (const value of marks) context.fillText(words.tick(value, marks), WAY_LEFT - 6, Math.max(7, y(value))); // all of it on the canvas
    const curve = (points, color, thick, dash) => {
      Object.assign(context, { strokeStyle: color, lineWidth: thick, lineJoin: "round" });
      context.setLineDash(dash);
      context.beginPath();
      points.forEach((value, i) => context[i ? "lineTo" : "moveTo"](x(i / (points.length - 1)), y(value)));
      context.stroke();
      context.setLineDash([]);
    };
    if (other) curve(other, theme.muted, 1.5, [4, 4]);
    curve(values, theme.fake, 2.25, []);
    context.save();
    context.translate(WAY_LEFT, 0);
    Object.assign(context, { fillStyle: theme.muted, font: `12px ${theme.font}`, textAlign: "center", textBaseline: "bottom" });
    keyTs.forEach((t, i) => paintKeyMark(context, t * inner, height - foot, words.number((i % found.facts.keyframes.length) + 1), inner));
    context.restore();
  }
}
