// The picture of the model: noise → generator → samples → discriminator → outputs → losses → gradients, alive with each frame.

const CARD_ROOM = 18; // border and padding of a card, left and right together
const FLOW_GAP = 26;
const LAYER_GAP = 6;
const STACK_LANES = 34; // beside the cards, for the gradients' arrows
const PLOT = { noise: 100, samples: 100, real: 100, outputs: 128, losses: 128, gradients: 128 };
const PLOT_HEIGHT = { outputs: 150, losses: 64, gradients: 64 };
const TILE = { least: 10, most: 22, phone: 40 };
const GRAPH_NARROW = 640;
const ASK_MS = 70;
const GRAPH_KEY = "gan.graph";
// What each part is in the big picture (the first layer that is there), and its chart.
const LINKS = { noise: ["sheet", "fake"], g: ["sheet", "fake"], samples: ["fake"], real: ["real"], d: ["field"], outputs: ["field"],
  losses: [], gradients: ["arrows"] };
const CHARTS = { outputs: "critic", losses: "loss", gradients: "gradients" };

/** Whether the panel was open when this browser last showed it; null: never said. */
function rememberedOpen() {
  try {
    const said = localStorage.getItem(GRAPH_KEY);
    return said === null ? null : said === "open";
  } catch {
    return null; // storage may be forbidden
  }
}

class GraphPanel {
  constructor(ui, memory) {
    this.ui = ui;
    this.memory = memory;
    memory.graph ??= { open: rememberedOpen(), what: null };
    this.neuron = null;
    this.thumbnails = {};
    this.layers = [];
    this.flow = new Flow();
    this.words = new GraphWords(ui);
    this.build();
    this.watcher = new IntersectionObserver(([entry]) => this.sight(entry.isIntersecting));
    this.watcher.observe(this.body);
    this.sizes = new ResizeObserver(() => requestAnimationFrame(() => this.layout())); // whatever moved the cards
    this.sizes.observe(this.stage);
    this.leave = (event) => this.active && !event.composedPath().includes(this.active.canvas) && this.active.choose(null);
    ui.root.addEventListener("pointerdown", this.leave);
  }

  build() {
    const { words } = this.ui;
    this.fold = h("button", { type: "button", class: "gl-fold", onclick: () => this.toggle() }, icon("forth"), h("span", {}, words.get("graph")));
    this.hint = h("span", {}, words.get("graph.hint"));
    this.stage = h("div", { class: "gl-flow", role: "group", "aria-label": words.get("graph.picture") });
    this.body = h("div", { class: "gl-graph-body" }, this.stage, this.words.box);
    this.box = h("section", { class: "gl-graph gl-gone", "aria-label": words.get("graph") },
      h("div", { class: "gl-graph-head" }, h("h3", {}, this.fold), this.hint), this.body);
    this.showFold();
  }

  // -- folding, and what to ask for ------------------------------------------------------------------------------

  get open() {
    return this.memory.graph.open ?? this.ui.root.clientWidth >= GRAPH_NARROW;
  }

  toggle() {
    this.memory.graph.open = !this.open;
    try {
      localStorage.setItem(GRAPH_KEY, this.open ? "open" : "folded");
    } catch {
      // not remembered, then
    }
    this.showFold();
    this.resize();
  }

  showFold() {
    const { open } = this;
    this.fold.setAttribute("aria-expanded", String(open));
    this.body.classList.toggle("gl-gone", !open);
    this.hint.classList.toggle("gl-absent", !open);
    if (open) return;
    this.active?.choose(null);
    this.sight(false);
  }

  sight(seen) {
    this.seen = seen;
    this.ask();
    if (seen) this.paint();
  }

  ask() {
    clearTimeout(this.asking);
    const { player, layer, neuron } = this.neuron || {};
    const close = neuron ? [`neuron:${player}.${layer}.${neuron}`] : [];
    this.ui.link.want("graph", this.about ? [...(this.seen ? ["neurons"] : []), ...close] : []);
  }

  // -- what the page says of the run -----------------------------------------------------------------------------

  /** Another model: other cards. */
  describe(about) {
    const signature = JSON.stringify(about ?? null);
    if (signature === this.signature) return;
    this.signature = signature;
    this.about = about ?? null;
    this.thumbnails = {};
    this.memory.graph.what = null;
    this.box.classList.toggle("gl-gone", !about);
    if (about) this.arrange();
    this.showFold();
    this.resize();
    if (this.frame) this.show(this.frame);
  }

  forget() {
    this.active?.choose(null);
    this.thumbnails = {};
    this.frame = null;
  }

  arrange() {
    this.layers = [];
    this.canvases = {};
    this.cards = {};
    const plot = (name) => {
      this.canvases[name] = miniCanvas(PLOT[name], PLOT_HEIGHT[name] ?? PLOT[name]);
      return this.card(name, this.canvases[name]);
    };
    const columns = [[plot("noise")], [this.network("g")], [plot("samples"), plot("real")], [this.network("d")], [plot("outputs")],
      [plot("losses"), plot("gradients")]];
    this.stage.replaceChildren(...columns.map((cards) => h("div", { class: "gl-flow-column" }, ...cards)), this.flow.box);
  }

  card(name, ...content) {
    const { words } = this.ui;
    const title = h("button", { type: "button", class: "gl-card-title", onfocus: () => title.matches(":focus-visible") && this.light(name),
      onblur: () => this.light(null) }, words.get(`graph.${name}`));
    const figures = h("small", {}, name in CHARTS && name !== "outputs" ? "D –   G –" : "");
    const card = h("div", { class: `gl-card gl-card-${name}`, "data-part": name }, title, ...content, figures);
    card.addEventListener("click", () => this.choose({ part: name }));
    card.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && this.light(name));
    card.addEventListener("pointerleave", () => this.light(null));
    this.cards[name] = card;
    card.figures = figures;
    return card;
  }

  network(player) {
    const { layers } = this.about[player];
    const own = layers.map(([count], i) => {
      const what = { player, layer: i + 1 };
      const part = { ...what, count, most: this.about.most, name: this.words.name(what, this.about) };
      const layer = new NeuronLayer(this.ui, part, { over: (neuron, by) => this.over(neuron, by), click: () => this.choose(what) });
      layer.box.addEventListener("click", (event) => event.stopPropagation()); // the layer is explained, not the card
      return layer;
    });
    this.layers.push(...own);
    return this.card(player, h("div", { class: "gl-layers" }, ...own.map((layer) => layer.box)));
  }

  // -- pointing --------------------------------------------------------------------------------------------------

  /** Shows a part in the big picture and in its chart. */
  light(name) {
    const { picture, charts } = this.ui;
    picture.emphasise(LINKS[name]?.find((layer) => picture.hasLayer(layer)) || null);
    for (const panel of charts.flatMap((chart) => chart.panels)) panel.box.classList.toggle("gl-lit", Boolean(name) && CHARTS[name] === panel.name);
    for (const [other, card] of Object.entries(this.cards)) card.classList.toggle("gl-lit", other === name);
    this.explain();
  }

  choose(what) {
    this.memory.graph.what = what;
    this.explain();
  }

  /** A neuron under pointer, finger or keyboard; null: none any more. */
  over(neuron, layer) {
    if (neuron && this.active && this.active !== layer) this.active.choose(null);
    this.active = neuron ? layer : null;
    this.neuron = neuron;
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.ask(), ASK_MS); // whoever sweeps over many wants none of them
    this.map = null;
    this.showNeuron();
    if (!neuron) layer.say(null);
  }

  showNeuron() {
    this.map = this.neuronMap();
    this.ui.picture.showMap(this.map);
    if (this.map) this.active.say(this.map.caption);
    this.explain();
  }

  /** The map of the chosen neuron: as it was sent, or its thumbnail until that comes. */
  neuronMap() {
    if (!this.neuron || !this.frame?.header.extent) return null;
    const { player, layer, neuron } = this.neuron;
    const fine = this.frame.arrays[`neuron:${player}.${layer}.${neuron}`];
    const values = fine || this.active.thumbnail(neuron - 1);
    if (!values) return null;
    const { words, theme } = this.ui;
    const { latent } = this.about;
    const map = new NeuronMap({ values, extent: this.frame.header.extent, noise: player === "g" ? latent.half : null,
      line: player === "g" && latent.dim === 1, coarse: !fine, color: theme.fake });
    const name = this.words.name(this.neuron, this.about);
    const range = { name, low: words.short(map.low), high: words.short(map.high) };
    map.over = player === "d" ? "" : words.get(latent.dim === 1 ? "graph.over.line" : latent.dim === 2 ? "graph.over.noise" : "graph.over.slice");
    map.caption = [fine ? words.get("graph.range", range) : name, map.over].filter(Boolean).join(" · ");
    return map;
  }

  explain() {
    if (this.about) this.words.show(this.neuron || this.memory.graph.what, this.frame, this.about, this.map);
  }

  // -- drawing ---------------------------------------------------------------------------------------------------

  resize() {
    if (!this.about || !this.open) return;
    const width = roomIn(this.stage);
    if (!width) return;
    for (const [name, canvas] of Object.entries(this.canvases)) fitCanvas(canvas, PLOT[name], PLOT_HEIGHT[name] || PLOT[name]);
    const side = this.tileSide(width);
    this.stack(side < TILE.least, side, width);
    if (!this.stacked && this.stage.scrollWidth > this.stage.clientWidth) this.stack(true, side, width); // words wider than foreseen
    this.paint();
    this.layout();
  }

  /** In a row, or below each other. */
  stack(stacked, side, width) {
    this.stacked = stacked;
    this.box.classList.toggle("gl-stacked", stacked);
    const narrow = Math.floor((width - STACK_LANES - CARD_ROOM) / PHONE_COLUMNS) - TILE_GAP;
    for (const layer of this.layers) layer.resize(stacked ? Math.min(TILE.phone, narrow) : side, stacked);
  }

  layout() {
    if (!this.about || !this.open || !this.stage.clientWidth) return;
    this.flow.layout(this.stage, this.cards, this.stacked);
    this.showNorms();
  }

  /** How wide a tile can be for all to stand in a row. */
  tileSide(width) {
    const plots = PLOT.noise + PLOT.samples + PLOT.outputs + PLOT.losses;
    const columns = this.layers.reduce((sum, layer) => sum + layer.columns(false), 0);
    const gaps = 6 * CARD_ROOM + 5 * FLOW_GAP + (this.layers.length - 2) * LAYER_GAP + (columns - this.layers.length) * TILE_GAP;
    return Math.min(TILE.most, Math.floor((width - plots - gaps) / columns));
  }

  show(frame) {
    this.frame = frame;
    if (!this.about) return;
    const { arrays } = frame;
    if (arrays.noise) this.noise = arrays.noise;
    for (const { part } of this.layers) {
      const name = `neurons:${part.player}.${part.layer}`;
      if (arrays[name]) this.thumbnails[name] = { values: arrays[name], shape: frame.header.arrays[name].shape };
    }
    if (this.neuron) this.showNeuron();
    this.paint();
  }

  paint() {
    if (!this.seen || !this.frame || !this.about) return;
    this.stamps();
    this.paintPoints();
    this.paintPlots();
    for (const layer of this.layers) {
      const { player, layer: number } = layer.part;
      const { values, shape } = this.thumbnails[`neurons:${player}.${number}`] || {};
      layer.show(values || null, shape);
    }
    this.showNorms();
    this.explain();
  }

  stamps() {
    const { theme } = this.ui;
    if (this.stamped === theme.version) return;
    this.stamped = theme.version;
    const ratio = sharpness();
    this.images = { real: miniMarker("ring", theme.real, ratio), fake: miniMarker("diamond", theme.fake, ratio), noise: miniMarker("dot", theme.muted, ratio) };
  }

  paintPoints() {
    const { arrays, header } = this.frame;
    const side = (name) => miniContext(this.canvases[name], PLOT[name], PLOT[name]);
    const { half, dim } = this.about.latent;
    const noise = side("noise");
    if (this.noise) miniPoints(noise, this.noise, [-half, half, -half, half], PLOT.noise, this.images.noise, { stride: Math.min(4, dim) });
    const [samples, real] = [side("samples"), side("real")];
    if (!header.extent) return;
    miniPoints(samples, arrays.real, header.extent, PLOT.samples, this.images.real, { alpha: 0.3 });
    miniPoints(samples, this.ui.picture.generated(this.frame), header.extent, PLOT.samples, this.images.fake);
    miniPoints(real, arrays.real, header.extent, PLOT.real, this.images.real);
  }

  paintPlots() {
    const { arrays } = this.frame;
    const { theme, picture, words } = this.ui;
    const fake = picture.memory.averaged ? arrays.logits_fake : arrays.logits_live || arrays.logits_fake;
    miniHistograms(this.canvases.outputs, PLOT.outputs, PLOT_HEIGHT.outputs, arrays.logits_real, fake, this.ui);
    miniCurves(this.canvases.losses, PLOT.losses, PLOT_HEIGHT.losses, this.frame, ["d_loss", "g_loss"], theme);
    miniCurves(this.canvases.gradients, PLOT.gradients, PLOT_HEIGHT.gradients, this.frame, ["d_gradient", "g_gradient"], theme, { log: true });
    const pair = (name, d, g) => setText(this.cards[name].figures, [["D", d], ["G", g]]
      .map(([who, curve]) => [who, lastOf(this.frame, curve)]).map(([who, v]) => `${who} ${v === null ? "–" : words.short(v)}`).join("   "));
    pair("losses", "d_loss", "g_loss");
    pair("gradients", "d_gradient", "g_gradient");
  }

  showNorms() {
    const { words } = this.ui;
    const norms = { d: lastOf(this.frame, "d_gradient"), g: lastOf(this.frame, "g_gradient") };
    const text = (who) => `‖∇L_${who.toUpperCase()}‖ ${norms[who] === null ? "–" : words.short(norms[who])}`;
    this.flow.show(norms, { d: text("d"), g: text("g") });
  }

  close() {
    clearTimeout(this.asking);
    this.watcher.disconnect();
    this.sizes.disconnect();
    this.ui.root.removeEventListener("pointerdown", this.leave);
    this.seen = false;
    this.ui.link.want("graph", []);
  }
}
