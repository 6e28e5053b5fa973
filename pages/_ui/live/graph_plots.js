// The small plots of the picture of the model: points, histograms, curves.

const MINI_FONT = 11;

/** A canvas that has its size before it is first drawn, which is when it is seen: until then it would be 300 pixels wide. */
function miniCanvas(width, height) {
  return h("canvas", { style: `width: ${width * magnified}px; height: ${height * magnified}px` });
}

/** Canvas for a small plot, cleared, with its context in CSS pixels. */
function miniContext(canvas, width, height) {
  const context = fitCanvas(canvas, width, height);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Real points are rings, generated ones filled diamonds, noise dots. */
function miniMarker(shape, color, ratio) {
  const size = Math.ceil(6 * ratio);
  const canvas = canvasOf(size, size);
  const context = canvas.getContext("2d");
  context.translate(size / 2, size / 2);
  context.scale(ratio, ratio);
  context.beginPath();
  if (shape === "diamond") for (const [x, y] of [[0, -1.9], [1.9, 0], [0, 1.9], [-1.9, 0]]) context.lineTo(x, y);
  else context.arc(0, 0, shape === "ring" ? 1.8 : 1.1, 0, 2 * Math.PI);
  context.closePath();
  context.fillStyle = color;
  context.strokeStyle = color;
  context.lineWidth = 1;
  if (shape === "ring") context.stroke();
  else context.fill();
  return canvas;
}

/** Stamps (x, y) pairs into a square of `side` pixels that shows `extent`; `stride` 1: numbers along a line, stacked as a strip. */
function miniPoints(context, points, extent, side, image, { stride = 2, alpha = 0.8 } = {}) {
  if (!points) return;
  const ratio = sharpness();
  const [x0, x1, y0, y1] = extent;
  const scale = side / Math.max(x1 - x0, y1 - y0);
  const half = image.width / ratio / 2;
  const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
  context.globalAlpha = alpha;
  for (let i = 0; i + stride - 1 < points.length; i += stride) {
    const x = side / 2 + (points[i] - cx) * scale;
    const y = stride > 1 ? side / 2 - (points[i + 1] - cy) * scale : side * (0.2 + 0.6 * ((i * 0.618034) % 1));
    if (x < -2 || y < -2 || x > side + 2 || y > side + 2) continue;
    context.drawImage(image, x - half, y - half, image.width / ratio, image.height / ratio);
  }
  context.globalAlpha = 1;
}

/** Shares of `values` in `count` equal bins from low to high. */
function binned(values, low, high, count) {
  const bins = new Float32Array(count);
  for (const value of values) {
    const k = Math.floor(((value - low) / (high - low)) * count);
    if (k >= 0 && k < count) bins[k] += 1 / values.length;
    else if (value === high) bins[count - 1] += 1 / values.length;
  }
  return bins;
}

/** Round ends around all finite values, so that the axis rests while they wander. */
function roundEnds(...lists) {
  let low = Infinity;
  let high = -Infinity;
  for (const list of lists) {
    for (const value of list) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (!(low <= high) || !Number.isFinite(high - low)) return [-1, 1];
  if (high - low < 1e-6) return [low - 0.5, high + 0.5];
  const marks = ticks(low, high, 4);
  const step = marks.length > 1 ? marks[1] - marks[0] : high - low;
  return [Math.floor(low / step + 1e-6) * step || 0, Math.ceil(high / step - 1e-6) * step || 0]; // never -0
}

const BINS = 28;

/** Two histograms back to back: real upwards, generated downwards and hatched. */
function miniHistograms(canvas, width, height, real, fake, ui) {
  const context = miniContext(canvas, width, height);
  if (!real?.length || !fake?.length) return;
  const { theme, words } = ui;
  const [low, high] = roundEnds(real, fake);
  const middle = (height - MINI_FONT - 6) / 2;
  const bins = [binned(real, low, high, BINS), binned(fake, low, high, BINS)];
  const most = Math.max(...bins[0], ...bins[1], 1e-9);
  const room = width / BINS;
  bins.forEach((list, down) => {
    context.fillStyle = down ? theme.fake : theme.real;
    list.forEach((share, k) => {
      const tall = (share / most) * (middle - 2);
      if (down) for (let y = 0; y < tall; y += 3) context.fillRect(k * room + 0.5, middle + 1 + y, room - 1, Math.min(2, tall - y));
      else context.fillRect(k * room + 0.5, middle - tall, room - 1, tall);
    });
  });
  context.fillStyle = theme.muted;
  context.fillRect(0, middle, width, 1);
  context.font = `${MINI_FONT}px ${theme.font}`;
  context.textBaseline = "bottom";
  context.textAlign = "left";
  context.fillText(words.short(low), 0, height);
  context.textAlign = "right";
  context.fillText(words.short(high), width, height);
  if (low < 0 && high > 0) { // a logit of 0
    const x = Math.round((-low / (high - low)) * width);
    context.fillRect(x, 0, 1, 2 * middle);
    context.textAlign = "center";
    if (x > 28 && x < width - 28) context.fillText("0", x, height);
  }
}

/** Curves of one size without axes: D dashed in its colour, G whole in orange. */
function miniCurves(canvas, width, height, frame, names, theme, { log = false } = {}) {
  const context = miniContext(canvas, width, height);
  const xs = frame.arrays.curve_x;
  const curves = names.map((name) => frame.arrays[`curve:${name}`]).map((ys) =>
    ys && Array.from(ys, (v) => (log ? Math.log10(v > 0 ? v : NaN) : v)));
  if (!xs?.length || !curves.some(Boolean)) return;
  const [low, high] = roundEnds(...curves.filter(Boolean).map((ys) => ys.filter(Number.isFinite)));
  const [from, to] = [xs[0], Math.max(xs[xs.length - 1], xs[0] + 1)];
  context.lineWidth = 1.5;
  curves.forEach((ys, k) => {
    if (!ys) return;
    const ofG = names[k].startsWith("g_");
    context.strokeStyle = ofG ? theme.fake : theme.neutral;
    context.setLineDash(ofG ? [] : [4, 2]);
    context.beginPath();
    let drawing = false;
    ys.forEach((v, i) => {
      const there = Number.isFinite(v);
      const x = ((xs[i] - from) / (to - from)) * width;
      const y = 1 + ((high - v) / (high - low)) * (height - 2);
      if (there && drawing) context.lineTo(x, y);
      else if (there) context.moveTo(x, y);
      drawing = there;
    });
    context.stroke();
  });
  context.setLineDash([]);
}

/** The newest value of a curve, or null. */
function lastOf(frame, name) {
  const ys = frame?.arrays[`curve:${name}`];
  for (let i = (ys?.length || 0) - 1; i >= 0; i -= 1) if (Number.isFinite(ys[i])) return ys[i];
  return null;
}
