// How a map is painted: colours and shapes of classes, small pictures that do not overlap, shading, legends.

// Ten colours that stay apart for colour-blind eyes (Paul Tol's "muted", lighter ones on dark ground); the shape says the same again.
const MAP_COLORS = {
  light: ["#332288", "#cc6677", "#117733", "#b8860b", "#3a9bd0", "#882255", "#2a9d8f", "#7a7a1f", "#aa4499", "#555555"],
  dark: ["#8f86ff", "#ee8899", "#4fc26b", "#e6c65c", "#88ccee", "#e0609c", "#5fd6c4", "#b8b84a", "#d58ad0", "#cccccc"],
};
const VIRIDIS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const SIDES = [0, 4, 3, 4, 3, -4, -5, 6, 5, -3]; // of the shapes: 0 a disc, below 0 a star of so many points
const TURNS = [0, 0.25, 0, 0, 0.5, 0, 0, 0, 0, 0.5];

function mapColor(theme, kind) {
  return MAP_COLORS[theme.dark ? "dark" : "light"][kind % 10];
}

/** The shape of a kind, around (x, y): the first ten differ, and so do two kinds of one colour. */
function mapShape(context, kind, x, y, r) {
  const shape = (kind + 3 * Math.floor(kind / 10)) % 10;
  const sides = SIDES[shape];
  context.beginPath();
  if (sides === 0) return context.arc(x, y, 0.9 * r, 0, 2 * Math.PI);
  const count = Math.abs(sides) * (sides < 0 ? 2 : 1);
  const turn = TURNS[shape] * ((2 * Math.PI) / Math.abs(sides)) * (sides === 4 ? 2 : 1);
  for (let i = 0; i < count; i += 1) {
    const angle = (2 * Math.PI * i) / count - Math.PI / 2 + turn;
    const far = sides < 0 && i % 2 ? 0.42 * r : 1.1 * r;
    context.lineTo(x + far * Math.cos(angle), y + far * Math.sin(angle));
  }
  return context.closePath();
}

/** From dark violet to yellow, for a share from 0 to 1. */
function viridis(share) {
  const at = Math.max(0, Math.min(1, share)) * (VIRIDIS.length - 1);
  const i = Math.min(VIRIDIS.length - 2, Math.floor(at));
  return VIRIDIS[i].map((from, c) => Math.round(from + (VIRIDIS[i + 1][c] - from) * (at - i)));
}

/** [low, high] of most of the values: single ones far out do not take the colours from the others. */
function mostOf(values, share = 0.02) {
  const sorted = Float32Array.from(values).filter(Number.isFinite).sort();
  if (!sorted.length) return [0, 1];
  const low = sorted[Math.floor(share * (sorted.length - 1))];
  const high = sorted[Math.ceil((1 - share) * (sorted.length - 1))];
  return high > low ? [low, high] : [low, low + 1];
}

/** All pictures of an answer on one canvas, side by side. */
function atlasOf(answer) {
  if (answer.atlas) return answer.atlas;
  const shape = answer.shapes.samples.shape;
  const [count, , height, width] = shape;
  const across = Math.ceil(Math.sqrt(count));
  const canvas = canvasOf(across * width, Math.ceil(count / across) * height);
  const context = canvas.getContext("2d");
  const scratch = canvasOf(width, height);
  for (let i = 0; i < count; i += 1) {
    paintPixels(scratch, answer.arrays.samples, shape, i);
    context.drawImage(scratch, (i % across) * width, Math.floor(i / across) * height);
  }
  answer.atlas = { canvas, across, width, height };
  return answer.atlas;
}

function paintThumb(context, atlas, index, x, y, w, h_) {
  context.imageSmoothingEnabled = atlas.width > w;
  context.drawImage(atlas.canvas, (index % atlas.across) * atlas.width, Math.floor(index / atlas.across) * atlas.height, atlas.width, atlas.height, x, y, w, h_);
}

/** Which of the places can have a picture of this size without one lying on another. at: [x, y] of each in pixels. */
function uncrowded(at, count, size, width, height) {
  const gap = size + 3;
  const taken = new Map();
  const found = [];
  for (let i = 0; i < count; i += 1) {
    const [x, y] = at(i);
    if (x < size / 2 || y < size / 2 || x > width - size / 2 || y > height - size / 2) continue;
    const column = Math.floor(x / gap);
    const row = Math.floor(y / gap);
    let free = true;
    for (let c = column - 1; free && c <= column + 1; c += 1) {
      for (let r = row - 1; free && r <= row + 1; r += 1) {
        const other = taken.get(`${c} ${r}`);
        free = !other || Math.abs(other[0] - x) >= gap || Math.abs(other[1] - y) >= gap;
      }
    }
    if (!free) continue;
    taken.set(`${column} ${row}`, [x, y]);
    found.push(i);
  }
  return found;
}

/** Values (side, side) as a small picture, to be enlarged; `color(share)` gives [r, g, b, a]. */
function shadingOf(values, side, [low, high], color) {
  const canvas = canvasOf(side, side);
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  for (let i = 0; i < side * side; i += 1) image.data.set(color((values[i] - low) / (high - low)), 4 * i);
  context.putImageData(image, 0, 0);
  return canvas;
}

/** A bar of colours with what its ends stand for. */
function barLegend(words, title, help, css, [low, high]) {
  const bar = h("i", { class: "gx-legend-bar" });
  bar.style.background = css;
  return h("div", { class: "gx-legend", "data-tip": help }, h("span", { class: "gx-legend-title" }, title), h("span", { class: "gx-legend-end" }, words.short(low)), bar, h("span", { class: "gx-legend-end" }, words.short(high)));
}

const VIRIDIS_CSS = `linear-gradient(90deg, ${VIRIDIS.map((color) => `rgb(${color.join(",")})`).join(", ")})`;

/** Each kind's shape and colour with its name. */
function kindsLegend(desk, kinds) {
  const { words, theme } = desk;
  return h("div", { class: "gx-legend gx-legend-kinds" }, ...Array.from({ length: kinds.count }, (_, k) => {
    const canvas = h("canvas", { "aria-hidden": "true" });
    const context = fitCanvas(canvas, 16, 16);
    context.fillStyle = mapColor(theme, k);
    mapShape(context, k, 8, 8, 6);
    context.fill();
    return h("span", {}, canvas, kinds.names[k] ?? words.get("map.mode", { index: k + 1 }));
  }));
}
