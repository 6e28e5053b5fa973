// One neuron over its plane, in the place of the critic's field: blue above zero, orange below, both to the neuron's largest value.

class NeuronMap {
  /** `values`: one number a cell, the lowest row first; `noise`: the half width of the noise plane, null for the data's plane;
   *  `line`: the values lie along a line; `coarse`: shades of a thumbnail, which have no scale. */
  constructor({ values, extent, noise, line, coarse, caption, color }) {
    this.values = values;
    this.line = line;
    this.coarse = coarse;
    this.caption = caption;
    this.color = color;
    this.noise = noise === null ? null : [-noise, noise, -noise, noise];
    this.extent = this.noise || extent;
    this.cells = line ? values.length : Math.round(Math.sqrt(values.length));
    this.low = Infinity;
    this.high = -Infinity;
    for (const value of values) {
      if (value < this.low) this.low = value;
      if (value > this.high) this.high = value;
    }
    this.scale = Math.max(Math.abs(this.low), Math.abs(this.high)) || 1;
  }

  /** 0 … 255 of a value, as the colours of the field are counted. */
  shade(value) {
    return this.coarse ? value : Math.round((value / this.scale + 1) * 127.5);
  }

  /** What stands at the two ends of the key. */
  ends(words) {
    return this.coarse ? ["−", "+"] : [words.short(-this.scale), words.short(this.scale)];
  }

  canvas(lut) {
    if (this.drawn && this.lut === lut) return this.drawn;
    const { cells } = this;
    const image = new ImageData(cells, cells);
    const pixels = new Uint32Array(image.data.buffer);
    for (let r = 0; r < cells; r += 1) {
      for (let c = 0; c < cells; c += 1) pixels[(cells - 1 - r) * cells + c] = lut[this.shade(this.values[r * cells + c])];
    }
    this.drawn = canvasOf(cells, cells);
    this.drawn.getContext("2d").putImageData(image, 0, 0);
    this.lut = lut;
    return this.drawn;
  }

  /** Into the big picture. */
  paint(context, camera, theme) {
    if (this.line) {
      this.paintLine(context, camera.left, camera.top, camera.side, camera.side, theme);
      return;
    }
    const [x0, x1, y0, y1] = this.extent;
    const px = (x) => camera.left + camera.side / 2 + (x - camera.x) * camera.scale;
    const py = (y) => camera.top + camera.side / 2 - (y - camera.y) * camera.scale;
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.canvas(theme.lut), px(x0), py(y1), px(x1) - px(x0), py(y0) - py(y1));
  }

  curveEnds() {
    const low = this.coarse ? 0 : Math.min(0, this.low);
    const high = this.coarse ? 255 : Math.max(0, this.high);
    return high > low ? [low, high] : [low - 1, high + 1];
  }

  paintLine(context, left, top, width, height, theme) {
    const [low, high] = this.curveEnds();
    const y = (v) => top + 8 + ((high - v) / (high - low)) * (height - 16);
    context.fillStyle = theme.line;
    context.fillRect(left, y(this.coarse ? 127.5 : 0), width, 1);
    context.beginPath();
    this.values.forEach((v, i) => context.lineTo(left + ((i + 0.5) / this.cells) * width, y(v)));
    context.strokeStyle = this.color;
    context.lineWidth = 2;
    context.stroke();
  }

  /** Of a curve: noise from left to right, values from the lowest to the highest. */
  paintAxes(context, camera, { theme, words }) {
    context.strokeStyle = theme.line;
    context.lineWidth = 1;
    context.strokeRect(camera.left + 0.5, camera.top + 0.5, camera.side - 1, camera.side - 1);
    context.fillStyle = theme.muted;
    context.font = `12px ${theme.font}`;
    context.textBaseline = "top";
    const [z0, z1] = this.extent;
    const across = ticks(z0, z1, 6);
    for (const z of across) {
      context.textAlign = "center";
      context.fillText(words.tick(z, across), camera.left + ((z - z0) / (z1 - z0)) * camera.side, camera.top + camera.side + 7);
    }
    if (this.coarse) return;
    const [low, high] = this.curveEnds();
    context.textAlign = "right";
    context.textBaseline = "middle";
    const upwards = ticks(low, high, 5);
    for (const v of upwards) {
      context.fillText(words.tick(v, upwards), camera.left - 6, camera.top + 8 + ((high - v) / (high - low)) * (camera.side - 16));
    }
  }

  /** What the neuron says at a place, in words. */
  read(x, y, words) {
    const [x0, x1, y0, y1] = this.extent;
    const at = (v, low, high) => Math.floor(((v - low) / (high - low)) * this.cells);
    const c = at(x, x0, x1);
    const r = this.line ? 0 : at(y, y0, y1);
    if (this.coarse || c < 0 || r < 0 || c >= this.cells || r >= this.cells) return "";
    return words.get("graph.value", { value: words.short(this.values[this.line ? c : r * this.cells + c]) });
  }
}
