// The pictures of a run that translates: what is given, its translation, and the truth or the way back, the same example in the same place of
// each grid. What the hand or the keyboard is at is marked in all of them.

const PAIR_GAP = 12;
const PAIR_TITLE = 26; // pixels for the words over a picture in the enlargement
const PAIR_FIRST = new Set(["given", "fake"]); // until a frame says which there are
const PAIR_STAYING = new Set(["given", "real"]); // the same at every look, whatever the weights
const PAIR_ROLES = ["given", "fake", "back", "real", "other_fake", "other_back"];

class PairsView extends ImagesView {
  build(open) {
    this.every = PAIR_ROLES.map((role) => new Grid(this.ui, role, open));
    this.grids = this.every.filter(({ role }) => PAIR_FIRST.has(role));
    for (const grid of this.every) {
      setText(grid.title, this.titled(grid.role));
      grid.canvas.setAttribute("aria-label", grid.title.textContent);
      grid.caption.dataset.tip = this.help(grid.role);
      grid.box.classList.toggle("gl-gone", !PAIR_FIRST.has(grid.role));
      grid.canvas.addEventListener("pointermove", (event) => this.point(grid.cellAt(event)));
      grid.canvas.addEventListener("pointerleave", () => this.point(null));
      grid.moved = (cell) => this.point(cell);
    }
    this.role("fake").box.append(this.tools);
    this.box = h("div", { class: "gl-images gl-pairs" }, ...this.every.map((grid) => grid.box));
  }

  role(name) {
    return this.every.find((grid) => grid.role === name);
  }

  /** The example at this place, in every grid. */
  point(cell) {
    if (cell === this.pointed) return;
    this.pointed = cell;
    for (const grid of this.grids) {
      grid.marked = cell;
      grid.paint();
    }
  }

  async load(frame) {
    await Promise.all(this.every.map((grid) => grid.load(frame)));
  }

  show(frame) {
    this.frame = frame;
    const past = frame.header.status === "past"; // of most of its moments only what was made is kept
    const cycled = this.cycles;
    const given = ({ role }) => Boolean(frame.arrays[`image_${role}`]);
    const here = this.every.filter((grid) => given(grid) || (past && grid.picture && this.grids.includes(grid)));
    this.cycles = here.some(({ role }) => role === "back");
    for (const grid of here) grid.lacks = !given(grid) && !PAIR_STAYING.has(grid.role);
    const changed = cycled !== this.cycles || here.length !== this.grids.length || here.some((grid, i) => grid !== this.grids[i]);
    this.grids = here;
    for (const grid of this.every) grid.box.classList.toggle("gl-gone", !here.includes(grid));
    for (const grid of here) {
      setText(grid.title, this.titled(grid.role));
      grid.caption.dataset.tip = this.help(grid.role);
    }
    if (changed && this.width) this.resize(this.width);
    this.paint();
  }

  /** What a grid shows, by the names of the two kinds of pictures: "Neon, translated". */
  titled(role) {
    const { words } = this.ui;
    const [into, out] = [words.get("pairs.into"), words.get("pairs.out")];
    const kind = { given: into, fake: out, back: into, real: out, other_fake: into, other_back: out }[role];
    const cycled = this.cycles && role === "real" ? "other" : role;
    return words.get(`pairs.${cycled}`, { kind });
  }

  help(role) {
    const { words } = this.ui;
    const cycled = this.cycles && role === "real" ? "other" : role;
    const known = words.get("pairs.matched") === "1";
    return words.get(cycled === "real" && !known ? "pairs.real.unknown" : `pairs.${cycled}.help`);
  }

  resize(width) {
    this.width = width;
    const narrow = width < 480;
    const count = Math.min(this.cycles || !narrow ? 3 : 2, this.grids.length); // there, and back again: in a row
    const gap = narrow ? 10 : 20;
    this.box.classList.toggle("gl-two", count === 2);
    this.box.classList.toggle("gl-three", count === 3);
    this.box.classList.toggle("gl-narrow", narrow);
    (narrow ? this.box : this.role("fake").box).append(this.tools); // no room beside the words
    const each = (width - gap * (count - 1)) / count;
    for (const grid of this.grids) grid.resize(each - 14);
  }

  // -- one example, large: all of its pictures beside each other ------------------------------------------------------

  buildDialog() {
    super.buildDialog();
    for (const part of [this.closely.box, this.closely.legend]) part.classList.add("gl-gone"); // what D says of a picture alone means little
  }

  open(grid, cell) {
    this.shown = { grid, cell };
    if (!this.dialog.open) this.dialog.showModal();
    this.paintLarge();
  }

  paintLarge() {
    if (!this.dialog.open || !this.shown.grid.picture) return;
    const { grid, cell } = this.shown;
    const { theme } = this.ui;
    const grids = this.grids.filter(({ lacks }) => !lacks);
    const columns = Math.min(3, grids.length);
    const rows = Math.ceil(grids.length / columns);
    const room = Math.min((Math.min(window.innerWidth / magnified - 60, 960) - PAIR_GAP * (columns - 1)) / columns, (window.innerHeight / magnified - 160) / rows - PAIR_TITLE);
    const { cell: [height, width] } = grid.spec;
    const factor = Math.max(1, Math.floor(room / Math.max(width, height)));
    const [w, tall] = [width * factor, height * factor];
    const context = fitCanvas(this.large, columns * w + PAIR_GAP * (columns - 1), rows * (tall + PAIR_TITLE));
    Object.assign(context, { font: `13px ${theme.font}`, textBaseline: "top", fillStyle: theme.text });
    grids.forEach((one, i) => {
      const [x, y] = [(i % columns) * (w + PAIR_GAP), Math.floor(i / columns) * (tall + PAIR_TITLE)];
      context.fillText(this.titled(one.role), x, y + 2, w);
      one.drawCell(context, cell, x, y + PAIR_TITLE - 4, w, tall);
    });
    const { words } = this.ui;
    const { cols } = grid.spec;
    setText(this.title, words.get("cell", { row: words.number(Math.floor(cell / cols) + 1), column: words.number((cell % cols) + 1) }));
    this.large.setAttribute("aria-label", words.pair(this.title.textContent, words.list(grids.map((one) => this.titled(one.role)))));
  }

  caption() {
    return this.titled("fake");
  }

  // -- on a sheet to be saved ---------------------------------------------------------------------------------------

  sheetHeight(width) {
    return Math.ceil(this.grids.length / 3) * (super.sheetHeight(width) + 16) - 16;
  }

  sheetWidth(width) {
    const count = Math.min(3, this.grids.length);
    return (width - 20 * (count - 1)) / count;
  }

  sheetPlace(i, each, width) {
    return [(i % 3) * (each + 20), Math.floor(i / 3) * (super.sheetHeight(width) + 16)];
  }

  sheetTitle(role) {
    return this.titled(role);
  }
}
