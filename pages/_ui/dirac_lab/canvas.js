// What the pictures of the Dirac-GAN lab have in common: a frame with marks, lines of paths, the two kinds of points.

const DASHES = [[], [9, 4], [3, 3], [10, 3, 2, 3]]; // of kept paths: a colour is never the only difference

/** Values to mark between low and high, about `count` of them: 1, 2 or 5 times a power of ten apart. */
function marksBetween(low, high, count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.75);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) found.push(i * step);
  return found;
}

/** 10 to a whole power, as people write it. */
function powerOfTen(power) {
  return `10${[...String(power)].map((sign) => (sign === "-" ? "\u207b" : "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[sign])).join("")}`;
}

/** A number with three digits; what is very small with a power of ten. */
function brief(words, value) {
  if (value === 0 || Math.abs(value) >= 1e-3) return words.short(value);
  const power = Math.floor(Math.log10(Math.abs(value)));
  return `${words.short(Number((value / 10 ** power).toFixed(1)))} · ${powerOfTen(power)}`;
}

/** A frame around a square or oblong of numbers; `x` and `y` give pixels. */
class Frame {
  constructor(width, height, { left = 40, right = 10, top = 10, bottom = 34, x0, x1, y0, y1 }) {
    Object.assign(this, { left, top, x0, x1, y0, y1, right: width - right, bottom: height - bottom });
  }

  x(value) {
    return this.left + ((value - this.x0) / (this.x1 - this.x0)) * (this.right - this.left);
  }

  y(value) {
    return this.bottom - ((value - this.y0) / (this.y1 - this.y0)) * (this.bottom - this.top);
  }

  at(px, py) {
    return [this.x0 + ((px - this.left) / (this.right - this.left)) * (this.x1 - this.x0), this.y0 + ((this.bottom - py) / (this.bottom - this.top)) * (this.y1 - this.y0)];
  }

  /** Runs `draw` with everything outside the frame cut off. */
  inside(context, draw) {
    context.save();
    context.beginPath();
    context.rect(this.left, this.top, this.right - this.left, this.bottom - this.top);
    context.clip();
    draw();
    context.restore();
  }

  /** Border, marks and names of both axes. `say`: number -> text. */
  paint(context, theme, { across, up, xs, ys, say, sayUp = say, zero = true }) {
    context.font = `12px ${theme.font}`;
    context.lineWidth = 1;
    context.setLineDash([]);
    context.strokeStyle = theme.line;
    context.strokeRect(this.left + 0.5, this.top + 0.5, this.right - this.left - 1, this.bottom - this.top - 1);
    if (zero) {
      for (const [a, b, c, d] of [[this.x(0), this.top, this.x(0), this.bottom], [this.left, this.y(0), this.right, this.y(0)]]) {
        context.beginPath();
        context.moveTo(Math.round(a) + 0.5, Math.round(b) + 0.5);
        context.lineTo(Math.round(c) + 0.5, Math.round(d) + 0.5);
        context.stroke();
      }
    }
    context.fillStyle = theme.muted;
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const mark of xs) context.fillText(say(mark, xs), this.x(mark), this.bottom + 4);
    context.fillText(across, (this.left + this.right) / 2, this.bottom + 18);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const mark of ys) context.fillText(sayUp(mark, ys), this.left - 5, this.y(mark));
    if (!up) return;
    context.save();
    context.translate(9, (this.top + this.bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(up, 0, 0);
    context.restore();
  }
}

/** A polyline through pixels. */
function strokeLine(context, count, point) {
  context.beginPath();
  for (let i = 0; i < count; i += 1) context.lineTo(...point(i));
  context.stroke();
}

/** Blue and round: real. Orange and a diamond: generated. */
function paintPoint(context, kind, x, y, theme, size = 6) {
  context.beginPath();
  if (kind === "real") context.arc(x, y, size, 0, 2 * Math.PI);
  else {
    const s = size * 1.25;
    for (const [dx, dy] of [[0, -s], [s, 0], [0, s], [-s, 0]]) context.lineTo(x + dx, y + dy);
    context.closePath();
  }
  context.fillStyle = theme[kind];
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = theme.bg;
  context.stroke();
}

/** The number of a kept path, in a disc of its colour. */
function paintNumber(context, number, x, y, color, theme) {
  context.beginPath();
  context.arc(x, y, 8, 0, 2 * Math.PI);
  context.fillStyle = color;
  context.fill();
  context.font = `bold 11px ${theme.font}`;
  context.fillStyle = theme.bg;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(String(number), x, y + 0.5);
}

/** A text with a rim in the colour of the ground, so that lines behind it do not disturb. */
function paintText(context, text, x, y, theme, align = "left") {
  context.font = `12px ${theme.font}`;
  context.textAlign = align;
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.setLineDash([]);
  context.strokeStyle = theme.bg;
  context.strokeText(text, x, y);
  context.fillStyle = theme.text;
  context.fillText(text, x, y);
}
