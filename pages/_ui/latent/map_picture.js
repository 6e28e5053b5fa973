// How the map looks: the samples of a layout or the sheet of a slice, and the marks over them.

/** The two canvases of the map: what is laid out, and over it what follows the hand. */
class MapPicture {
  constructor(tool) {
    this.tool = tool;
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.over = h("canvas", { class: "gx-map-canvas", tabindex: "0", role: "img", "aria-label": tool.desk.words.get("map.surface") });
    this.pictured = []; // samples that are shown as pictures
    this.thumb = 0; // pixels of one
  }

  /** -> the colour of the i-th sample, its kind (null: none), and the legend. */
  coloring() {
    const { words, theme } = this.tool.desk;
    const { facts, arrays } = this.tool.shown;
    const code = this.tool.chosenColour;
    const kinds = facts.kinds.find((one) => one.code === code);
    if (kinds) return { color: (i) => mapColor(theme, arrays[`kind.${code}`][i]), kind: (i) => arrays[`kind.${code}`][i], legend: kindsLegend(this.tool.desk, kinds) };
    const values = { d: arrays.logits, rate: arrays.rates }[code];
    if (values) {
      const ends = mostOf(values);
      const color = (i) => `rgb(${viridis((values[i] - ends[0]) / (ends[1] - ends[0])).join(",")})`;
      return { color, kind: () => null, legend: barLegend(words, words.get(`map.legend.${code}`), words.get(`map.${code}.help`), VIRIDIS_CSS, ends) };
    }
    return { color: () => theme.fake, kind: () => null, legend: "" };
  }

  paint() {
    const { size, shown } = this.tool;
    if (!size) return;
    const context = fitCanvas(this.canvas, size, size);
    context.fillStyle = this.tool.desk.theme.plot;
    context.fillRect(0, 0, size, size);
    this.pictured = [];
    this.tool.whole.disabled = !shown;
    this.tool.surface.classList.toggle("gx-waiting", !shown);
    if (shown) {
      const coloring = this.coloring();
      const legends = [coloring.legend];
      if (this.tool.isSlice) this.paintSheet(context, coloring, legends);
      else this.paintLayout(context, coloring);
      this.tool.legends.replaceChildren(...legends);
    }
    this.paintOver();
  }

  paintLayout(context, coloring) {
    const { size, shown } = this.tool;
    const count = shown.facts.samples;
    const at = (i) => this.tool.toPixels(this.tool.sampleAt(i));
    const line = this.tool.desk.theme.bg;
    Object.assign(context, { strokeStyle: line, lineWidth: 0.8 });
    const r = this.tool.isPictures ? 4 : 4.5;
    for (let i = 0; i < count; i += 1) {
      const [x, y] = at(i);
      if (x < -r || y < -r || x > size + r || y > size + r) continue;
      context.fillStyle = coloring.color(i);
      mapShape(context, coloring.kind(i) ?? 0, x, y, r);
      context.fill();
      context.stroke();
    }
    if (!this.tool.isPictures) return;
    const atlas = atlasOf(shown);
    this.thumb = size < 420 ? 26 : 34;
    this.pictured = uncrowded(at, count, this.thumb, size, size);
    for (const i of this.pictured) {
      const [x, y] = at(i);
      this.paintFramed(context, atlas, i, x - this.thumb / 2, y - this.thumb / 2, this.thumb, coloring);
    }
  }

  /** A picture with a frame in its colour, and its shape in a corner. */
  paintFramed(context, atlas, i, x, y, side, coloring) {
    context.fillStyle = this.tool.desk.theme.bg;
    context.fillRect(x - 1, y - 1, side + 2, side + 2);
    paintThumb(context, atlas, i, x + 1, y + 1, side - 2, side - 2);
    this.paintFrame(context, i, x, y, side, coloring);
  }

  paintFrame(context, i, x, y, side, coloring) {
    const color = coloring.color(i);
    Object.assign(context, { strokeStyle: color, lineWidth: 2 });
    context.strokeRect(x + 1, y + 1, side - 2, side - 2);
    const kind = coloring.kind(i);
    if (kind === null) return;
    context.fillStyle = this.tool.desk.theme.bg;
    context.fillRect(x, y + side - 11, 11, 11);
    context.fillStyle = color;
    mapShape(context, kind, x + 5.5, y + side - 5.5, 4);
    context.fill();
  }

  paintSheet(context, coloring, legends) {
    const { words, theme } = this.tool.desk;
    const { facts, arrays } = this.tool.shown;
    const { side, fine, centre, reach } = facts;
    const [x0, y0] = this.tool.toPixels([centre[0] - reach, centre[1] + reach]);
    const width = (reach / this.tool.view.half) * this.tool.size;
    const cell = width / side;
    const at = (i) => [x0 + (i % side) * cell, y0 + Math.floor(i / side) * cell];
    if (this.tool.isPictures) {
      const atlas = atlasOf(this.tool.shown);
      for (let i = 0; i < side * side; i += 1) paintThumb(context, atlas, i, ...at(i), cell + 0.5, cell + 0.5);
      if (arrays.rates && this.tool.said.shade) {
        const ends = mostOf(arrays.rates);
        const [r, g, b] = rgb(theme.fake);
        context.imageSmoothingEnabled = true;
        context.drawImage(shadingOf(arrays.rates, fine, ends, (share) => [r, g, b, 190 * Math.max(0, Math.min(1, share))]), x0, y0, width, width);
        legends.push(barLegend(words, words.get("map.legend.rate"), words.get("map.rate.help"), `linear-gradient(90deg, rgba(${r},${g},${b},0), rgba(${r},${g},${b},0.75))`, ends));
      }
      if (this.tool.chosenColour === "none") return;
      for (let i = 0; i < side * side; i += 1) {
        const [x, y] = at(i);
        this.paintFrame(context, i, x + 1, y + 1, cell - 2, coloring);
      }
      return;
    }
    if (this.tool.chosenColour === "none") return;
    const cells = canvasOf(side, side);
    const dots = cells.getContext("2d");
    for (let i = 0; i < side * side; i += 1) {
      dots.fillStyle = coloring.color(i);
      dots.fillRect(i % side, Math.floor(i / side), 1, 1);
    }
    context.imageSmoothingEnabled = false;
    context.drawImage(cells, x0, y0, width, width);
    this.paintModeMarks(context, coloring, x0, y0, cell);
  }

  /** On a slice that is coloured by kinds, their shapes in every sixth cell: colour is not all that tells them apart. */
  paintModeMarks(context, coloring, x0, y0, cell) {
    const { side } = this.tool.shown.facts;
    for (let row = 3; row < side; row += 6) {
      for (let column = 3; column < side; column += 6) {
        const kind = coloring.kind(row * side + column);
        if (kind === null) return;
        context.fillStyle = this.tool.desk.theme.bg;
        mapShape(context, kind, x0 + (column + 0.5) * cell, y0 + (row + 0.5) * cell, 3.5);
        context.fill();
      }
    }
  }

  /** The marks over it: the current place, the one that is pointed at, the places of a slice. */
  paintOver() {
    const { size, shown } = this.tool;
    const { theme } = this.tool.desk;
    if (!size) return;
    const context = fitCanvas(this.over, size, size);
    context.clearRect(0, 0, size, size);
    if (!shown) return;
    if (this.tool.isSlice && this.tool.said.by === "places") shown.facts.marks.forEach((mark, i) => this.paintName(context, this.tool.toPixels(mark), "ABC"[i]));
    if (!this.tool.isSlice && this.tool.pointed !== null && this.tool.pointed !== undefined) {
      const [x, y] = this.tool.toPixels(this.tool.sampleAt(this.tool.pointed));
      const r = this.pictured.includes(this.tool.pointed) ? this.thumb / 2 + 3 : 9;
      for (const [color, width] of [[theme.bg, 6], [theme.text, 3]]) {
        Object.assign(context, { strokeStyle: color, lineWidth: width });
        context.strokeRect(x - r, y - r, 2 * r, 2 * r);
      }
    }
    this.describe();
    if (!this.tool.mark) return;
    const [x, y] = this.tool.toPixels(this.tool.mark);
    if (!this.tool.loose) return paintHere(context, x, y, theme);
    context.setLineDash([3, 3]);
    Object.assign(context, { strokeStyle: theme.text, lineWidth: 2 });
    context.beginPath();
    context.arc(x, y, 8, 0, 2 * Math.PI);
    context.stroke();
    return context.setLineDash([]);
  }

  /** What it shows, and where the current place is on it. */
  describe() {
    const { tool } = this;
    const { words } = tool.desk;
    const what = tool.isSlice ? words.get("map.how.slice") : words.get("map.said", { how: words.get(`map.how.${tool.said.how}`), count: words.number(tool.shown.facts.samples) });
    const where = tool.mark ? words.get("map.said.here", { x: words.short(tool.mark[0]), y: words.short(tool.mark[1]) }) : "";
    this.over.setAttribute("aria-label", words.sentences([words.get("map.surface"), what, where]));
  }

  paintName(context, [x, y], name) {
    const { theme } = this.tool.desk;
    context.fillStyle = theme.bg;
    context.beginPath();
    context.arc(x, y, 11, 0, 2 * Math.PI);
    context.fill();
    Object.assign(context, { strokeStyle: theme.text, lineWidth: 1.5, fillStyle: theme.text, font: `600 13px ${theme.font}`, textAlign: "center", textBaseline: "middle" });
    context.stroke();
    context.fillText(name, x, y + 0.5);
  }
}
