// The picture of an image run: a grid of real images beside a grid of generated ones; a cell opens enlarged. Where the run has an
// encoder, the real ones as they are drawn again stand between them.

const GAP = 2;
const NAMES_HEIGHT = 20; // for the names of the classes, a column each
const LOOKS = { rebuilt: "real", given: "real", back: "fake", other_fake: "fake", other_back: "fake" }; // of grids that are neither real nor generated
const lookOf = (role) => LOOKS[role] ?? role;

/** One grid: a canvas whose cells are cut from one decoded picture. */
class Grid {
  constructor(ui, role, open) {
    this.ui = ui;
    this.role = role;
    this.picture = null;
    this.bytes = null;
    this.at = null; // the cell under the keyboard
    this.lacks = false; // of the moment that is shown nothing is kept for it
    const { words } = ui;
    this.canvas = h("canvas", { role: "img", tabindex: "0", "aria-label": words.get(`grid.${role}`) });
    this.note = h("p", {}, words.get("grid.empty"));
    this.stage = h("div", { class: "gl-cells gl-cells-empty" }, this.canvas, this.note);
    this.title = h("span", {}, words.get(`grid.${role}`));
    this.caption = h("figcaption", { "data-tip": words.get(`grid.${role}.help`) }, icon(lookOf(role)), this.title);
    this.box = h("figure", { class: `gl-grid gl-grid-${role} gl-looks-${lookOf(role)}` }, this.caption, this.stage);
    this.canvas.addEventListener("click", (event) => {
      const cell = this.cellAt(event);
      if (cell !== null) open(this, cell);
    });
    this.canvas.addEventListener("keydown", (event) => this.key(event, open));
    this.canvas.addEventListener("blur", () => this.focusCell(null));
  }

  key(event, open) {
    if (!this.spec || this.lacks) return;
    if (event.key === "Enter" || event.key === " ") open(this, this.at ?? 0);
    else {
      const next = moveCell(this.at ?? -1, event.key, this.spec);
      if (next === null) return;
      this.focusCell(next);
    }
    event.preventDefault();
  }

  focusCell(cell) {
    this.at = cell;
    this.moved?.(cell);
    this.paint();
  }

  /** Decodes the picture when its bytes have changed. */
  async load(frame) {
    const bytes = frame.arrays[`image_${this.role}`];
    this.spec = frame.header.grid ?? this.spec; // a frame without pictures leaves the last ones, and what is known of them
    if (!bytes || sameBytes(bytes, this.bytes)) return;
    const picture = await createImageBitmap(new Blob([bytes], { type: this.spec[this.role] }));
    this.picture?.close();
    this.picture = picture;
    this.bytes = bytes;
  }

  layout() {
    const { rows, cols, cell } = this.spec;
    const ratio = sharpness();
    const width = (this.width - GAP * (cols - 1)) / cols; // CSS pixels a cell
    const exact = (width * ratio) / cell[1];
    const whole = Math.floor(exact);
    const factor = whole >= 1 && whole / exact > 0.9 ? whole : exact; // whole factors where they lose little room
    const w = (factor * cell[1]) / ratio;
    const tall = (factor * cell[0]) / ratio;
    const left = Math.max(0, (this.width - (w + GAP) * cols + GAP) / 2);
    const top = this.spec.classes ? NAMES_HEIGHT : 0;
    return { rows, cols, cell, w, tall, left, top, factor, height: top + (tall + GAP) * rows - GAP };
  }

  resize(width) {
    this.width = Math.floor(width);
    this.paint();
  }

  paint() {
    if (!this.spec || !this.width) return;
    this.stage.classList.toggle("gl-cells-empty", !this.picture);
    this.stage.classList.toggle("gl-cells-lack", Boolean(this.picture) && this.lacks);
    setText(this.note, this.ui.words.get(this.lacks ? "grid.lacks" : "grid.empty"));
    const place = this.layout();
    const { cols, w, tall, left, top, height } = place;
    const context = fitCanvas(this.canvas, this.width, height);
    context.clearRect(0, 0, this.width, height);
    if (this.lacks) return;
    this.paintClasses(context, place);
    for (let i = 0; this.picture && i < countOf(this.spec); i += 1) {
      const x = left + (i % cols) * (w + GAP);
      const y = top + Math.floor(i / cols) * (tall + GAP);
      this.drawCell(context, i, x, y, w, tall);
    }
    const mark = this.at ?? this.marked ?? null;
    if (mark !== null) {
      context.strokeStyle = this.ui.theme[lookOf(this.role)];
      context.lineWidth = 3;
      context.strokeRect(left + (mark % cols) * (w + GAP), top + Math.floor(mark / cols) * (tall + GAP), w, tall);
    }
  }

  /** Of the columns. Real pictures are of a class that somebody named, and of no category that a run found by itself. */
  get names() {
    return this.spec.found && this.role === "real" ? null : this.spec.classes;
  }

  /** Which class each column was asked for. */
  paintClasses(context, { w, left }) {
    const { theme } = this.ui;
    context.font = `12px ${theme.font}`;
    context.fillStyle = theme.muted;
    context.textAlign = "center";
    context.textBaseline = "top";
    (this.names ?? []).forEach((name, i) => context.fillText(name, left + i * (w + GAP) + w / 2, 2, w));
    context.textAlign = "left";
  }

  /** Small pictures keep hard pixels; at a broken factor they are first enlarged hard, then fitted, so that all look alike. */
  drawCell(context, index, x, y, w, tall) {
    const { cols, cell: [cellH, cellW] } = this.spec;
    const sx = (index % cols) * cellW;
    const sy = Math.floor(index / cols) * cellH;
    const factor = (w * sharpness()) / cellW;
    const hard = Math.max(cellW, cellH) <= 64 && factor >= 1;
    if (!hard || Math.abs(factor - Math.round(factor)) < 0.01) {
      context.imageSmoothingEnabled = !hard;
      context.drawImage(this.picture, sx, sy, cellW, cellH, x, y, w, tall);
      return;
    }
    const big = Math.ceil(factor);
    Grid.scratch ??= canvasOf(1, 1);
    const scratch = Grid.scratch;
    if (scratch.width !== cellW * big || scratch.height !== cellH * big) Object.assign(scratch, { width: cellW * big, height: cellH * big });
    const inner = scratch.getContext("2d");
    inner.imageSmoothingEnabled = false;
    inner.drawImage(this.picture, sx, sy, cellW, cellH, 0, 0, scratch.width, scratch.height);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(scratch, x, y, w, tall);
  }

  cellAt(event) {
    if (!this.spec || !this.picture || this.lacks) return null;
    const [across, down] = placeOn(this.canvas, event);
    const { rows, cols, w, tall, left, top } = this.layout();
    const c = Math.floor((across - left) / (w + GAP));
    const r = Math.floor((down - top) / (tall + GAP));
    const cell = r * cols + c;
    return c >= 0 && c < cols && r >= 0 && r < rows && cell < countOf(this.spec) ? cell : null;
  }
}

/** Of the pictures in a grid, whose last row need not be full. */
function countOf({ rows, cols, count }) {
  return count ?? rows * cols;
}

/** The cell that an arrow key leads to, or null when the key means nothing here. */
function moveCell(at, key, spec) {
  const { cols } = spec;
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -cols, ArrowDown: cols };
  if (!(key in moves)) return null;
  const next = at < 0 ? 0 : at + moves[key];
  return next >= 0 && next < countOf(spec) ? next : at;
}

class ImagesView {
  constructor(ui) {
    this.ui = ui;
    this.tools = h("div", { class: "gl-image-tools" });
    this.build((grid, cell) => this.open(grid, cell));
    this.buildDialog();
  }

  build(open) {
    const { ui } = this;
    const [real, rebuilt, fake] = ["real", "rebuilt", "fake"].map((role) => new Grid(ui, role, open));
    this.grids = [real, fake];
    this.rebuilt = rebuilt;
    fake.box.append(this.tools);
    this.box = h("div", { class: "gl-images" }, real.box, rebuilt.box, fake.box);
    rebuilt.box.classList.add("gl-gone");
    real.box.classList.toggle("gl-gone", ui.only === "cell"); // of runs side by side they are the same
  }

  buildDialog() {
    const { words } = this.ui;
    this.large = h("canvas", { role: "img" });
    this.title = h("span", {});
    this.closely = new Closely(this.ui, () => this.paintLarge());
    const button = (name, code, action) =>
      h("button", { type: "button", class: "gl-mini", "aria-label": words.get(code), onclick: action }, icon(name));
    this.dialog = h("dialog", { class: "gl-dialog gl-close", "aria-label": words.get("enlarged") },
      h("div", { class: "gl-dialog-bar" }, this.title, button("back", "previous", () => this.move("ArrowLeft")),
        button("forth", "next", () => this.move("ArrowRight")), button("close", "close", () => this.dialog.close())),
      h("div", { class: "gl-close-body" }, h("div", { class: "gl-close-picture" }, this.large, this.closely.legend), this.closely.box));
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog || event.target === this.large) this.dialog.close();
    });
    this.dialog.addEventListener("close", () => this.closely.leave());
    this.dialog.addEventListener("keydown", (event) => {
      if (this.move(event.key)) event.preventDefault();
    });
    this.ui.root.append(this.dialog);
  }

  open(grid, cell) {
    this.shown = { grid, cell };
    if (!this.dialog.open) this.dialog.showModal();
    this.closely.look(grid.role, cell);
    this.paintLarge();
  }

  move(key) {
    const { grid, cell } = this.shown;
    const next = moveCell(cell, key, grid.spec);
    if (next === null) return false;
    if (next !== cell) this.open(grid, next);
    return true;
  }

  paintLarge() {
    if (!this.dialog.open || !this.shown.grid.picture) return;
    const { grid, cell } = this.shown;
    const { cell: [height, width] } = grid.spec;
    const beside = window.innerWidth >= CLOSE_WIDE;
    const [across, down] = [window.innerWidth / magnified, window.innerHeight / magnified];
    const room = Math.min(across - (beside ? 460 : 50), down - (beside ? 190 : 0), beside ? 560 : 300);
    const factor = Math.max(1, Math.floor(room / Math.max(width, height)));
    const context = fitCanvas(this.large, width * factor, height * factor);
    grid.drawCell(context, cell, 0, 0, width * factor, height * factor);
    this.closely.show(this.frame);
    this.closely.overlay(context, width * factor, height * factor);
    this.dialog.dataset.role = grid.role;
    setText(this.title, this.name(grid, cell));
    this.large.setAttribute("aria-label", this.title.textContent);
  }

  /** "Generated as 3 · row 2, column 4". */
  name(grid, cell) {
    const { words } = this.ui;
    const { cols } = grid.spec;
    const where = words.get("cell", { row: words.number(Math.floor(cell / cols) + 1), column: words.number((cell % cols) + 1) });
    const what = grid.names ? words.get(`close.class.${grid.role}`, { class: grid.names[cell % cols] }) : words.get(`grid.${grid.role}`);
    return `${what} · ${where}`;
  }

  async load(frame) {
    await Promise.all([...this.grids, this.rebuilt].map((grid) => grid.load(frame)));
  }

  show(frame) {
    this.frame = frame;
    this.rearrange(Boolean(frame.arrays.image_rebuilt)); // of most moments of the past only what was generated is kept
    this.paint();
  }

  /** With or without the pictures that are drawn again. */
  rearrange(encodes) {
    if (encodes === this.grids.includes(this.rebuilt)) return;
    const [real, fake] = [this.grids[0], this.grids[this.grids.length - 1]];
    this.grids = encodes ? [real, this.rebuilt, fake] : [real, fake];
    this.rebuilt.box.classList.toggle("gl-gone", !encodes);
    if (this.width) this.resize(this.width);
  }

  resize(width) {
    this.width = width;
    const single = width < 480 || this.ui.only === "cell";
    const count = this.grids.length;
    this.box.classList.toggle("gl-single", single);
    this.box.classList.toggle("gl-three", count === 3);
    const each = single ? width : (width - 20 * (count - 1)) / count;
    for (const grid of this.grids) grid.resize(each - 14); // the frame around the cells
  }

  paint() {
    for (const grid of this.grids) grid.paint();
    this.paintLarge();
  }

  // -- on a sheet to be saved, see save.js ---------------------------------------------------------------------------

  get vector() {
    return false;
  }

  legend() {
    return [];
  }

  sheetHeight(width) {
    const { rows, cols, cell } = this.frame.header.grid;
    return 26 + (this.sheetWidth(width) / cols) * rows * (cell[0] / cell[1]);
  }

  sheetWidth(width) {
    const count = this.grids.length;
    return (width - 20 * (count - 1)) / count;
  }

  sheetPlace(i, each) {
    return [i * (each + 20), 0];
  }

  sheetTitle(role) {
    return this.ui.words.get(`grid.${role}`);
  }

  /** The grids beside each other, each under its own name. */
  paintSheet(context, width) {
    const { theme } = this.ui;
    const each = this.sheetWidth(width);
    this.grids.forEach(({ role, spec, picture, lacks }, i) => {
      if (!picture || lacks) return;
      const [left, top] = this.sheetPlace(i, each, width);
      paintIcon(context, lookOf(role), left, top, theme[lookOf(role)]);
      Object.assign(context, { fillStyle: theme.text, font: `600 14px ${theme.font}`, textAlign: "left", textBaseline: "middle" });
      context.fillText(this.sheetTitle(role), left + 22, top + 8);
      const [height, wide] = spec.cell;
      const w = each / spec.cols;
      context.imageSmoothingEnabled = Math.max(height, wide) > 64;
      for (let cell = 0; cell < countOf(spec); cell += 1) {
        const [column, row] = [cell % spec.cols, Math.floor(cell / spec.cols)];
        context.drawImage(picture, column * wide, row * height, wide, height, left + column * w, top + 26 + row * w * (height / wide), w - 1.5, w * (height / wide) - 1.5);
      }
    });
  }

  caption() {
    return this.ui.words.get("grid.fake");
  }

  /** `judged`: the figures of a classifier, which say what the generated ones are worth. */
  *sayings(header, judged) {
    for (const grid of this.grids) {
      const title = this.sheetTitle(grid.role);
      const said = saidOfGrid(grid, title, header, grid.role === "fake" ? judged.inWords() : []);
      yield [grid.canvas, grid.lacks ? this.ui.words.pair(title, this.ui.words.get("grid.lacks")) : said];
    }
  }
}
