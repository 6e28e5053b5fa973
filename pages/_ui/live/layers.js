// The layers of the picture of a 2-D run beside its points: what is drawn of the noise, the critic and the past. Each takes a canvas
// context and a camera, so that it can be drawn anywhere.

const TRAIL_MS = 3000;
const TRAIL_POINTS = 120;
const TRAIL_FRAMES = 40;
const SHADES = 6; // of a layer whose opacity varies: one path each, not one a piece
const DENSITY_CELLS = 64;
const DENSITY_LEVELS = [0.12, 0.4, 0.75]; // of the highest density
const CONTOURS = [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9].map((share) => share * 255);
const ARROW_LONGEST = 26;
const ARROWS_DRAWN = 110;
const MORPH_MS = 1800;

/** Line pieces where the field crosses `level` (marching squares), as x0, y0, x1, y1 in grid cells. */
function contour(field, rows, cols, level) {
  const pieces = [];
  const at = (r, c) => field[r * cols + c] - level;
  for (let r = 0; r + 1 < rows; r += 1) {
    for (let c = 0; c + 1 < cols; c += 1) {
      const corners = [at(r, c), at(r, c + 1), at(r + 1, c + 1), at(r + 1, c)];
      const crossings = cellCrossings(corners, r, c);
      for (let k = 0; k + 3 < crossings.length; k += 4) pieces.push(...crossings.slice(k, k + 4));
    }
  }
  return pieces;
}

function cellCrossings([a, b, c, d], row, col) {
  const found = [];
  if (a > 0 !== b > 0) found.push(col + a / (a - b), row);
  if (b > 0 !== c > 0) found.push(col + 1, row + b / (b - c));
  if (d > 0 !== c > 0) found.push(col + d / (d - c), row + 1);
  if (a > 0 !== d > 0) found.push(col, row + a / (a - d));
  return found;
}

/** Where data lie on the canvas. */
function placer(camera) {
  return {
    x: (x) => camera.left + camera.side / 2 + (x - camera.x) * camera.scale,
    y: (y) => camera.top + camera.side / 2 - (y - camera.y) * camera.scale,
  };
}

/** Strokes contour pieces of a grid of `rows` × `cols` cell centres over `extent`. */
function strokePieces(context, camera, pieces, [x0, x1, y0, y1], rows, cols) {
  const at = placer(camera);
  const gx = (c) => at.x(x0 + ((c + 0.5) / cols) * (x1 - x0));
  const gy = (r) => at.y(y0 + ((r + 0.5) / rows) * (y1 - y0));
  context.beginPath();
  for (let i = 0; i < pieces.length; i += 4) {
    context.moveTo(gx(pieces[i]), gy(pieces[i + 1]));
    context.lineTo(gx(pieces[i + 2]), gy(pieces[i + 3]));
  }
  context.stroke();
}

// -- the critic's field ------------------------------------------------------------------------------------------------

/** The field of one frame: its picture, its border and, once asked for, its contour lines. */
class Field {
  constructor(frame, lut) {
    [this.rows, this.cols] = frame.header.arrays.field.shape;
    this.values = frame.arrays.field;
    this.extent = frame.header.extent;
    let low = 255;
    let high = 0;
    for (const v of this.values) {
      if (v < low) low = v;
      if (v > high) high = v;
    }
    this.flat = high - low <= 8; // a flat field has no lines, only noise
    this.border = this.flat ? [] : contour(this.values, this.rows, this.cols, 127.5);
    this.color(lut);
  }

  color(lut) {
    this.canvas = canvasOf(this.cols, this.rows);
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(this.cols, this.rows);
    const pixels = new Uint32Array(image.data.buffer);
    for (let r = 0; r < this.rows; r += 1) { // row 0 is the bottom of the picture
      const line = (this.rows - 1 - r) * this.cols;
      for (let c = 0; c < this.cols; c += 1) pixels[line + c] = lut[this.values[r * this.cols + c]];
    }
    context.putImageData(image, 0, 0);
  }

  paint(context, camera) {
    const [x0, x1, y0, y1] = this.extent;
    const at = placer(camera);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.canvas, at.x(x0), at.y(y1), at.x(x1) - at.x(x0), at.y(y0) - at.y(y1));
  }

  paintBorder(context, camera, color) {
    context.strokeStyle = color;
    context.globalAlpha = 0.5;
    context.lineWidth = 1.25;
    strokePieces(context, camera, this.border, this.extent, this.rows, this.cols);
    context.globalAlpha = 1;
  }

  paintContours(context, camera, color) {
    if (this.flat) return;
    this.lines ??= CONTOURS.map((level) => contour(this.values, this.rows, this.cols, level));
    context.strokeStyle = color;
    context.lineWidth = 1;
    this.lines.forEach((pieces, i) => {
      context.globalAlpha = i < CONTOURS.length / 2 ? 0.22 : 0.34; // the side of the real ones is the darker one
      strokePieces(context, camera, pieces, this.extent, this.rows, this.cols);
    });
    context.globalAlpha = 1;
  }

  /** 0 … 255 at (x, y); null outside. */
  at(x, y) {
    const [x0, x1, y0, y1] = this.extent;
    if (x < x0 || x > x1 || y < y0 || y > y1) return null;
    const r = Math.min(this.rows - 1, Math.floor(((y - y0) / (y1 - y0)) * this.rows));
    const c = Math.min(this.cols - 1, Math.floor(((x - x0) / (x1 - x0)) * this.cols));
    return this.values[r * this.cols + c];
  }
}

// -- density -----------------------------------------------------------------------------------------------------------

/** Contour lines of the density of points (x, y, x, y, …) over `extent`: a histogram, blurred by about two cells. */
function densityLines(points, [x0, x1, y0, y1]) {
  const n = DENSITY_CELLS;
  const grid = new Float32Array(n * n);
  for (let i = 0; i + 1 < points.length; i += 2) {
    const c = ((points[i] - x0) / (x1 - x0)) * n - 0.5;
    const r = ((points[i + 1] - y0) / (y1 - y0)) * n - 0.5;
    const c0 = Math.floor(c);
    const r0 = Math.floor(r);
    if (!(c0 >= 0 && r0 >= 0 && c0 + 1 < n && r0 + 1 < n)) continue;
    const [u, v] = [c - c0, r - r0]; // shared by the four cells around it, so that nothing jumps
    grid[r0 * n + c0] += (1 - u) * (1 - v);
    grid[r0 * n + c0 + 1] += u * (1 - v);
    grid[(r0 + 1) * n + c0] += (1 - u) * v;
    grid[(r0 + 1) * n + c0 + 1] += u * v;
  }
  const soft = blurred(blurred(grid, n, 1, n), n, n, 1);
  const highest = soft.reduce((a, b) => Math.max(a, b), 0);
  if (!highest) return [];
  return DENSITY_LEVELS.map((level) => contour(soft, n, n, level * highest));
}

/** One pass of a Gaussian of σ = 1.6 cells along `step`. */
function blurred(grid, n, step, across) {
  const kernel = [0, 1, 2, 3, 4].map((k) => Math.exp((-k * k) / (2 * 1.6 * 1.6)));
  const out = new Float32Array(grid.length);
  for (let line = 0; line < n; line += 1) {
    for (let i = 0; i < n; i += 1) {
      let sum = 0;
      for (let k = -4; k <= 4; k += 1) if (i + k >= 0 && i + k < n) sum += kernel[Math.abs(k)] * grid[line * across + (i + k) * step];
      out[line * across + i * step] = sum;
    }
  }
  return out;
}

function paintDensity(context, camera, lines, extent, color, dash) {
  context.strokeStyle = color;
  context.setLineDash(dash);
  lines.forEach((pieces, i) => {
    context.lineWidth = 1 + 0.6 * i;
    strokePieces(context, camera, pieces, extent, DENSITY_CELLS, DENSITY_CELLS);
  });
  context.setLineDash([]);
}

// -- the noise, warped by the generator --------------------------------------------------------------------------------

/** Where the noise itself is drawn: its first two numbers, filling the middle of the picture. */
function noisePlaces(noise, width, extent) {
  const [x0, x1, y0, y1] = extent;
  let widest = 1e-6;
  for (const v of noise) widest = Math.max(widest, Math.abs(v));
  const scale = (0.42 * Math.min(x1 - x0, y1 - y0)) / widest;
  const count = noise.length / width;
  const places = new Float32Array(2 * count);
  for (let i = 0; i < count; i += 1) {
    places[2 * i] = (x0 + x1) / 2 + scale * noise[i * width];
    places[2 * i + 1] = (y0 + y1) / 2 + (width > 1 ? scale * noise[i * width + 1] : 0);
  }
  return places;
}

function mixed(from, to, t) {
  const out = new Float32Array(to.length);
  for (let i = 0; i < to.length; i += 1) out[i] = from[i] + (to[i] - from[i]) * t;
  return out;
}

/** A warped grid: each square the darker the more noise it holds for its size; or a warped line, the same by length. */
function paintSheet(context, camera, places, [rows, cols], color) {
  const at = placer(camera);
  const xs = places.filter((_v, i) => i % 2 === 0).map(at.x);
  const ys = places.filter((_v, i) => i % 2 === 1).map(at.y);
  context.strokeStyle = color;
  context.fillStyle = color;
  if (rows > 1) paintSquares(context, camera, xs, ys, rows, cols);
  else paintThread(context, camera, xs, ys, cols);
  context.globalAlpha = 1;
}

function shadeOf(share, size) {
  const crowded = Math.sqrt(share / Math.max(size, share / 400)); // 1: as if spread evenly over the picture
  return Math.min(SHADES - 1, Math.floor((SHADES * crowded) / (1 + crowded)));
}

function paintSquares(context, camera, xs, ys, rows, cols) {
  const share = (camera.side * camera.side) / ((rows - 1) * (cols - 1));
  const paths = Array.from({ length: SHADES }, () => newPath(context));
  for (let r = 0; r + 1 < rows; r += 1) {
    for (let c = 0; c + 1 < cols; c += 1) {
      const corners = [r * cols + c, r * cols + c + 1, (r + 1) * cols + c + 1, (r + 1) * cols + c];
      let area = 0;
      corners.forEach((a, k) => {
        const b = corners[(k + 1) % 4];
        area += (xs[a] * ys[b] - xs[b] * ys[a]) / 2;
      });
      const path = paths[shadeOf(share, Math.abs(area))];
      corners.forEach((a, k) => (k ? path.lineTo(xs[a], ys[a]) : path.moveTo(xs[a], ys[a])));
      path.closePath();
    }
  }
  context.lineWidth = 0.75;
  paths.forEach((path, i) => {
    context.globalAlpha = 0.03 + 0.4 * (i / (SHADES - 1)) ** 1.5;
    context.fill(path);
    context.globalAlpha = 0.3;
    context.stroke(path);
  });
}

function paintThread(context, camera, xs, ys, cols) {
  const share = camera.side / (cols - 1);
  const paths = Array.from({ length: SHADES }, () => newPath(context));
  for (let c = 0; c + 1 < cols; c += 1) {
    const path = paths[shadeOf(share, Math.hypot(xs[c + 1] - xs[c], ys[c + 1] - ys[c]))];
    path.moveTo(xs[c], ys[c]);
    path.lineTo(xs[c + 1], ys[c + 1]);
  }
  context.lineCap = "round";
  paths.forEach((path, i) => {
    context.lineWidth = 1.5 + 0.7 * i;
    context.globalAlpha = 0.25 + 0.6 * (i / (SHADES - 1));
    context.stroke(path);
  });
  context.lineCap = "butt";
}

// -- arrows ------------------------------------------------------------------------------------------------------------

/** The length that nine in ten of these vectors do not exceed. */
function usualLength(vectors) {
  const lengths = [];
  for (let i = 0; i < vectors.length; i += 2) lengths.push(Math.hypot(vectors[i], vectors[i + 1]));
  const sorted = lengths.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted[Math.floor(0.9 * (sorted.length - 1))] || 0;
}

/** One arrow a point along `vectors`; one of length `full` is drawn as long as an arrow may be. */
function paintArrows(context, camera, points, vectors, full, color, halo) {
  if (!full) return;
  const lengths = [];
  for (let i = 0; i < vectors.length; i += 2) lengths.push(Math.hypot(vectors[i], vectors[i + 1]));
  const at = placer(camera);
  const path = newPath(context);
  lengths.forEach((length, i) => {
    if (!(length > 0) || !Number.isFinite(length)) return;
    const drawn = Math.min(1, length / full) * ARROW_LONGEST;
    if (drawn < 3 || i >= ARROWS_DRAWN) return;
    const [ux, uy] = [vectors[2 * i] / length, -vectors[2 * i + 1] / length];
    const [x, y] = [at.x(points[2 * i]), at.y(points[2 * i + 1])];
    const [tx, ty] = [x + ux * drawn, y + uy * drawn];
    const head = Math.min(4, 0.4 * drawn);
    path.moveTo(x, y);
    path.lineTo(tx, ty);
    path.moveTo(tx - head * (ux + 0.6 * uy), ty - head * (uy - 0.6 * ux));
    path.lineTo(tx, ty);
    path.lineTo(tx - head * (ux - 0.6 * uy), ty - head * (uy + 0.6 * ux));
  });
  context.lineJoin = "round";
  context.strokeStyle = halo;
  context.globalAlpha = 0.75;
  context.lineWidth = 2.75;
  context.stroke(path);
  context.strokeStyle = color;
  context.globalAlpha = 0.9;
  context.lineWidth = 1.1;
  context.stroke(path);
  context.globalAlpha = 1;
}

// -- trails ------------------------------------------------------------------------------------------------------------

/** Where the first generated points were during the last seconds. */
class Trails {
  constructor() {
    this.past = [];
  }

  clear() {
    this.past = [];
  }

  add(points, step) {
    const now = performance.now();
    const last = this.past[this.past.length - 1];
    if (last && (step < last.step || points.length !== last.length)) this.clear();
    else if (last && step === last.step) return;
    this.past.push({ at: now, step, length: points.length, points: points.slice(0, 2 * TRAIL_POINTS) });
    this.past = this.past.filter((moment) => now - moment.at < TRAIL_MS).slice(-TRAIL_FRAMES);
  }

  paint(context, camera, color) {
    const at = placer(camera);
    context.strokeStyle = color;
    context.lineWidth = 1.25;
    for (let k = 1; k < this.past.length; k += 1) {
      const [before, after] = [this.past[k - 1].points, this.past[k].points];
      context.beginPath();
      for (let i = 0; i + 1 < after.length; i += 2) {
        context.moveTo(at.x(before[i]), at.y(before[i + 1]));
        context.lineTo(at.x(after[i]), at.y(after[i + 1]));
      }
      context.globalAlpha = 0.08 + 0.55 * (k / this.past.length);
      context.stroke();
    }
    context.globalAlpha = 1;
  }
}
