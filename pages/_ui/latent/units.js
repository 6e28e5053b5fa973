// Channels: what each of a layer's channels gives for the current place, switched by a click; and the ones that draw a marked region.

const UNITS_PAGE = 64; // channels that are shown at once
const UNITS_MOST = 256; // that can be switched at once
const UNITS_FIRST = 5; // of those that were found
const UNITS_OTHERS = 16; // samples, where not the current picture alone is asked about
const BOOSTED = 2;

class UnitsTool {
  static code = "units";

  static fits(about) {
    return about.open;
  }

  constructor(desk) {
    this.desk = desk;
    const { words, memory } = desk;
    memory.units ??= { layer: 0, page: 0, shade: "layer", order: "number", over: "place", brush: "paint", size: "medium" };
    this.layers = [];
    this.found = {}; // layer -> what was found in it
    this.points = desk.about.kind === "points";
    const button = (code, run, ...more) => h("button", { type: "button", class: "gl-button", "data-do": code, onclick: run }, ...more);
    this.hint = h("p", { class: "gx-hint" });
    this.layer = h("select", { class: "gl-select gx-units-layer", "aria-label": words.get("units.layer"), onchange: () => this.set({ layer: Number(this.layer.value), page: 0 }) });
    this.shade = choice(words, "units.shade", ["layer", "each"], (shade) => this.set({ shade }));
    this.order = choice(words, "units.order", ["number", "found"], (order) => this.set({ order, page: 0 }));
    this.count = h("span", { class: "gx-units-count", role: "status" });
    this.reset = button("units-reset", () => desk.walk.end({ off: [] }), icon("undo"), h("span", {}, words.get("units.reset")));
    this.state = h("p", { class: "gx-state", role: "status" });
    this.back = h("button", { type: "button", class: "gl-button", "aria-label": words.get("units.page.back"), onclick: () => this.set({ page: this.said.page - 1 }) }, icon("back"));
    this.forth = h("button", { type: "button", class: "gl-button", "aria-label": words.get("units.page.forth"), onclick: () => this.set({ page: this.said.page + 1 }) }, icon("forth"));
    this.range = h("output", {});
    this.pages = h("div", { class: "gx-units-pages" }, this.back, this.range, this.forth);
    this.grid = h("div", { class: "gx-units-grid", role: "group", "aria-label": words.get("units.grid") });
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.pair = Object.fromEntries(["before", "now", "without"].map((code) => {
      const canvas = h("canvas", { "aria-hidden": "true" });
      const caption = h("figcaption", {}, words.get(`units.${code}`, { count: UNITS_FIRST }));
      return [code, { canvas, caption, box: h("figure", { class: code === "without" ? "gl-gone" : "" }, canvas, caption) }];
    }));
    this.find = button("units-find", () => this.search(), icon("watching"), h("span", {}, words.get(this.points ? "units.find.points" : "units.find")));
    this.find.classList.add("gx-units-find");
    if (this.points) this.find.dataset.tip = words.get("units.find.points.help");
    this.stop = button("units-stop", () => this.callOff(), icon("stop"), h("span", {}, words.get("units.stop")));
    this.silence = button("units-silence", () => this.silenceFirst(), icon("lost"), h("span", {}, words.get("units.silence", { count: UNITS_FIRST })));
    this.about = h("p", { class: "gx-hint", role: "status" });
    this.region = new UnitsRegion(this);
    this.over = choice(words, "units.over", ["place", "many"], (over) => this.set({ over }));
    this.overLine = h("div", { class: "gx-bar" }, this.over.box);
    this.asking = h("section", { class: "gx-region" }, ...(this.points ? [] : [this.region.box, this.overLine]), h("div", { class: "gx-bar" }, this.find, this.stop), this.about, h("div", { class: "gx-bar" }, this.silence));
    this.box = h("div", { class: "gx-units-all" }, this.hint,
      h("div", { class: "gx-bar" }, this.layer, this.shade.box, this.order.box),
      h("div", { class: "gx-bar" }, this.reset, this.count), this.state,
      h("div", { class: "gx-units" },
        h("div", { class: "gx-units-left" }, this.pages, this.grid),
        h("div", { class: "gx-units-side" }, h("div", { class: "gx-pair" }, ...Object.values(this.pair).map((part) => part.box)), this.asking)));
    this.seen = new Set(); // tiles that are on the screen
    this.watch = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting && !this.seen.has(target)) this.paintTile(target);
        if (isIntersecting) this.seen.add(target);
        else this.seen.delete(target);
      }
    });
    this.finding(false);
  }

  get said() {
    return this.desk.memory.units;
  }

  /** The channels of the layer in the order in which they are shown. */
  get channels() {
    const all = Array.from({ length: this.layers[this.said.layer].channels }, (_, i) => i);
    const found = this.said.order === "found" && this.found[this.said.layer];
    if (!found) return all;
    const first = new Set(found.channels);
    return [...found.channels, ...all.filter((channel) => !first.has(channel))];
  }

  get shown() {
    const { page } = this.said;
    return this.channels.slice(page * UNITS_PAGE, (page + 1) * UNITS_PAGE);
  }

  get flat() {
    return Math.max(...this.layers[this.said.layer].size) === 1;
  }

  /** What a channel of the chosen layer is multiplied by. */
  factor(channel) {
    return this.desk.walk.state.off.find(([layer, other]) => layer === this.said.layer && other === channel)?.[2] ?? 1;
  }

  set(change) {
    Object.assign(this.said, change);
    this.refresh();
  }

  show() {
    this.refresh();
    this.pictures(this.desk.stage.shown);
  }

  hide() {
    this.callOff();
    this.desk.walk.forget("region");
  }

  settled(answer) {
    this.refresh();
    this.pictures(answer);
  }

  // -- what the channels give ---------------------------------------------------------------------------------------

  refresh() {
    const { desk, said } = this;
    const { place, look } = desk.walk;
    if (this.layers.length) this.build();
    const asked = { place, ...look, layer: said.layer, each: said.shade === "each", ...(this.layers.length ? { channels: this.shown } : {}) };
    desk.latest("units", "units", asked, (answer) => this.answered(answer), (error) => setText(this.state, error.message));
  }

  answered(answer) {
    const { facts } = answer;
    setText(this.state, "");
    this.layers = facts.layers;
    if (facts.layer !== this.said.layer) return;
    this.given = { ...answer, at: new Map(facts.channels.map((channel, i) => [channel, i])) };
    this.build();
    for (const tile of this.seen) this.paintTile(tile);
    for (const tile of this.grid.children) this.describe(tile);
    this.box.dataset.answered = String(Number(this.box.dataset.answered || 0) + 1);
  }

  /** The controls, and a tile for each channel of this page. */
  build() {
    const { words } = this.desk;
    const { said } = this;
    const found = this.found[said.layer];
    setText(this.hint, words.get(this.flat ? "units.hint.flat" : "units.hint"));
    this.shade.box.classList.toggle("gl-gone", this.flat);
    this.shade.set(said.shade);
    this.order.box.classList.toggle("gl-gone", !found);
    this.order.set(found ? said.order : "number");
    this.over.set(said.over);
    const count = this.channels.length;
    const first = said.page * UNITS_PAGE;
    this.pages.classList.toggle("gl-gone", count <= UNITS_PAGE);
    this.back.disabled = !said.page;
    this.forth.disabled = first + UNITS_PAGE >= count;
    setText(this.range, words.get("units.page", { first: words.number(first), last: words.number(Math.min(count, first + UNITS_PAGE) - 1), count: words.number(count) }));
    const made = `${said.layer} ${this.shown.join()}`;
    if (made !== this.made) {
      this.made = made;
      this.watch.disconnect();
      this.seen.clear();
      this.grid.replaceChildren(...this.shown.map((channel) => this.tile(channel)));
      for (const tile of this.grid.children) this.watch.observe(tile);
    }
    this.moved();
    this.tellFound();
  }

  tile(channel) {
    const mark = h("span", { class: "gx-unit-mark" });
    const score = h("div", { class: "gx-unit-score gl-gone" }, h("i", {}));
    const tile = h("button", { type: "button", class: `gx-unit${this.flat ? " gx-unit-flat" : ""}`, "data-channel": String(channel), tabindex: "-1", onclick: () => this.click(channel), onfocus: () => this.rove(tile) },
      h("canvas", { "aria-hidden": "true" }), h("span", { class: "gx-unit-line" }, h("span", {}, this.desk.words.number(channel)), mark), score);
    return tile;
  }

  /** One tile can be reached with the tabulator, the others from there with the arrow keys. */
  rove(tile) {
    for (const other of this.grid.children) other.tabIndex = other === tile ? 0 : -1;
  }

  key(event) {
    const tiles = [...this.grid.children];
    const here = tiles.indexOf(event.target.closest(".gx-unit"));
    if (here < 0) return;
    const across = Math.max(1, tiles.findIndex((tile) => tile.offsetTop !== tiles[0].offsetTop));
    const to = { ArrowLeft: here - 1, ArrowRight: here + 1, ArrowUp: here - across, ArrowDown: here + across, Home: 0, End: tiles.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    tiles[to]?.focus();
  }

  paintTile(tile) {
    const { given } = this;
    const index = given?.facts.layer === this.said.layer ? given.at.get(Number(tile.dataset.channel)) : undefined;
    if (index === undefined) return;
    const canvas = tile.querySelector("canvas");
    if (given.arrays.maps) return paintPixels(canvas, given.arrays.maps, given.shapes.maps.shape, index);
    return this.paintBar(canvas, given.arrays.values[index]);
  }

  /** One number of a flat layer: a bar from zero upwards or downwards, on the scale of the layer. */
  paintBar(canvas, value) {
    const { theme } = this.desk;
    const { facts } = this.given;
    const [width, height] = [56, 42];
    const context = fitCanvas(canvas, width, height);
    Object.assign(canvas.style, { width: "", height: "" });
    const [low, high] = [Math.min(0, facts.low ?? 0), Math.max(0, facts.high ?? 0)];
    const at = (number) => 3 + (1 - (number - low) / (high - low || 1)) * (height - 6);
    context.fillStyle = theme.plot;
    context.fillRect(0, 0, width, height);
    context.fillStyle = theme.text;
    context.fillRect(width / 2 - 8, Math.min(at(0), at(value)), 16, Math.max(1, Math.abs(at(value) - at(0))));
    context.fillStyle = theme.muted;
    context.fillRect(4, at(0) - 0.5, width - 8, 1);
  }

  // -- switching ----------------------------------------------------------------------------------------------------

  click(channel) {
    const now = this.factor(channel);
    const next = now === 1 ? 0 : now === 0 ? BOOSTED : 1;
    this.switchTo([channel], next);
  }

  switchTo(channels, factor) {
    const { layer } = this.said;
    const kept = this.desk.walk.state.off.filter(([other, channel]) => other !== layer || !channels.includes(channel));
    const off = factor === 1 ? kept : [...kept, ...channels.map((channel) => [layer, channel, factor])];
    if (off.length > UNITS_MOST) return setText(this.state, this.desk.words.get("units.most"));
    return this.desk.walk.end({ off });
  }

  silenceFirst() {
    const found = this.found[this.said.layer];
    if (found) this.switchTo(found.channels.slice(0, UNITS_FIRST), 0);
  }

  /** Another place, or other channels are switched: the marks follow at once, the maps when they are there. */
  moved() {
    this.region.follow();
    if (!this.layers.length) return;
    const { words, walk } = this.desk;
    const { off } = walk.state;
    setText(this.count, off.length ? words.get(off.length === 1 ? "units.count.one" : "units.count", { count: words.number(off.length) }) : words.get("units.none"));
    this.reset.disabled = !off.length;
    const names = this.layers.map(({ channels, size: [height, width] }, i) => {
      const name = words.get(Math.max(height, width) === 1 ? "units.layer.flat" : "units.layer.maps", { index: i + 1, channels: words.number(channels), height, width });
      const count = off.filter(([layer]) => layer === i).length;
      return count ? words.get("units.layer.switched", { layer: name, count: words.number(count) }) : name;
    });
    if (this.layer.children.length !== names.length) this.layer.replaceChildren(...names.map((_, i) => h("option", { value: String(i) })));
    names.forEach((name, i) => setText(this.layer.children[i], name));
    this.layer.value = String(this.said.layer);
    for (const tile of this.grid.children) this.describe(tile);
    if (this.grid.firstChild && ![...this.grid.children].some((tile) => tile.tabIndex === 0)) this.grid.firstChild.tabIndex = 0;
  }

  describe(tile) {
    const { words } = this.desk;
    const channel = Number(tile.dataset.channel);
    const factor = this.factor(channel);
    const state = factor === 1 ? "on" : factor === 0 ? "off" : "more";
    const shown = words.number(factor, Number.isInteger(factor) ? 0 : 2);
    if (tile.dataset.state !== state) {
      tile.dataset.state = state;
      const mark = { on: [], off: [icon("lost"), words.get("units.mark.off")], more: [icon("arrows"), words.get("units.mark.more", { factor: shown })] }[state];
      tile.querySelector(".gx-unit-mark").replaceChildren(...mark);
    }
    const said = [words.get(`units.${state}`, { index: words.number(channel), factor: shown })];
    const index = this.given?.facts.layer === this.said.layer ? this.given.at.get(channel) : undefined;
    if (index !== undefined) {
      const { values, lows, highs } = this.given.arrays;
      said.push(values ? words.get("units.value", { value: words.short(values[index]) }) : words.get("units.range", { low: words.short(lows[index]), high: words.short(highs[index]) }));
    }
    const found = this.found[this.said.layer];
    const rank = found ? found.channels.indexOf(channel) : -1;
    const bar = tile.querySelector(".gx-unit-score");
    bar.classList.toggle("gl-gone", !found);
    if (found) bar.firstChild.style.width = `${rank < 0 || !found.scores[0] ? 0 : (100 * found.scores[rank]) / found.scores[0]}%`;
    if (rank >= 0) {
      const [x, y] = found.moves ? [found.moves[2 * rank], found.moves[2 * rank + 1]] : [];
      said.push(found.moves ? words.get("units.score.points", { value: words.short(found.scores[rank]), x: words.short(x), y: words.short(y) }) : words.get("units.score", { value: words.number(found.scores[rank], 1, "percent") }));
    }
    const text = words.list(said);
    if (tile.dataset.tip !== text) {
      tile.dataset.tip = text;
      tile.setAttribute("aria-label", text);
    }
  }

  // -- pictures -----------------------------------------------------------------------------------------------------

  /** With all channels, and as it is now. */
  pictures(answer) {
    if (!answer) return;
    const { desk } = this;
    const { place, look, state } = desk.walk;
    this.now = answer;
    this.paintInto("now", answer);
    this.region.paint();
    if (!state.off.length) return this.paintInto("before", answer);
    const { off, ...without } = look;
    return desk.latest("units.before", "draw", { places: [place], ...without }, (drawn) => this.desk.walk.state.off.length && this.paintInto("before", drawn), (error) => setText(this.state, error.message));
  }

  paintInto(code, answer, name = "samples") {
    const { canvas, box } = this.pair[code];
    box.classList.remove("gl-gone");
    this.desk.paintSample(canvas, answer, 0, 96, name);
    Object.assign(canvas.style, { width: "", height: "" });
  }

  resize() {
    this.region.paint();
    for (const tile of this.seen) this.paintTile(tile);
    if (this.points && this.now) this.paintInto("now", this.now);
  }

  // -- the channels that draw a region --------------------------------------------------------------------------------

  /** What was measured holds for this. */
  get situation() {
    return JSON.stringify([this.desk.walk.place, this.desk.step]);
  }

  async search() {
    const { desk, said } = this;
    const { words } = desk;
    const { place, look } = desk.walk;
    const region = this.points ? {} : this.region.said;
    this.unmarked = !region;
    if (!region) return setText(this.about, words.get("units.unmarked"));
    const { layer } = said;
    const { situation } = this;
    this.callOff();
    this.finding(true);
    const say = (share) => setText(this.about, words.get("units.finding", { share: words.number(share, 0, "percent") }));
    say(0);
    const samples = !this.points && said.over === "many" ? UNITS_OTHERS : 0;
    const pending = (this.pending = desk.ask("responsible", { place, ...look, layer, top: UNITS_FIRST, samples, ...region }, ({ share }) => say(share)));
    try {
      const answer = await pending.done;
      const { facts, arrays } = answer;
      this.found[layer] = { ...facts, situation, scores: arrays.scores, moves: arrays.moves, answer };
      if (layer === said.layer) Object.assign(said, { order: "found", page: 0 });
    } catch (error) {
      setText(this.state, error.message);
    }
    if (this.pending !== pending) return undefined;
    this.pending = null;
    this.finding(false);
    setText(this.about, "");
    return this.refresh();
  }

  callOff() {
    if (!this.pending) return;
    this.pending.drop();
    this.pending = null;
    this.finding(false);
    setText(this.about, "");
    this.tellFound();
  }

  finding(on) {
    this.find.disabled = on;
    this.stop.classList.toggle("gl-gone", !on);
  }

  tellFound() {
    const { words } = this.desk;
    const found = this.found[this.said.layer];
    this.silence.classList.toggle("gl-gone", !found);
    this.pair.without.box.classList.toggle("gl-gone", !found);
    if (this.pending) return;
    if (!found || this.unmarked) setText(this.about, this.unmarked ? words.get("units.unmarked") : "");
    if (!found) return;
    this.paintInto("without", found.answer, "without");
    setText(this.pair.without.caption, words.get("units.without", { count: found.top }));
    setText(this.silence.querySelector("span"), words.get("units.silence", { count: found.top }));
    const count = words.number(found.channels.length);
    const how = this.points ? "units.measured.points" : found.channels.length < found.of ? "units.measured.some" : "units.measured";
    const together = this.points ? words.short(found.together) : words.number(found.together, 1, "percent");
    const said = [words.get(how, { count, of: words.number(found.of) }), words.get(this.points ? "units.together.points" : "units.together", { count: found.top, value: together })];
    if (found.situation !== this.situation) said.unshift(words.get("units.stale"));
    if (!this.unmarked) setText(this.about, words.joined(said));
  }
}
