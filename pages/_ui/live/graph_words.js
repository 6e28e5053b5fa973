// What a part of the model is: words, the formula of the present settings, numbers of this moment, and the big picture in small.

const WHY_SIDE = 168;
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

const subscript = (n) => String(n).replace(/\d/g, (digit) => SUBSCRIPTS[digit]);

class GraphWords {
  constructor(ui) {
    this.ui = ui;
    this.title = h("h3", {}, ui.words.get("graph"));
    this.text = h("p", {});
    this.formula = h("div", { class: "gl-formula" });
    this.rows = h("dl", {});
    this.canvas = miniCanvas(WHY_SIDE, WHY_SIDE);
    this.canvas.setAttribute("aria-hidden", "true");
    this.box = h("div", { class: "gl-why", role: "group", "aria-label": ui.words.get("graph") },
      h("div", { class: "gl-why-text", tabindex: "0" }, this.title, this.text, this.formula), this.rows, this.canvas);
  }

  /** `what`: {part}, {player, layer} or {player, layer, neuron}; null: what all of it is. */
  show(what, frame, about, map) {
    const said = !what ? this.whole() : what.neuron ? this.neuron(what, about, map) : what.layer ? this.layer(what, about) : this.part(what.part, frame, about);
    setText(this.title, said.title);
    setText(this.text, said.text);
    setFormula(this.formula, said.formula || "");
    this.showRows(said.rows || []);
    this.ui.picture.copy(miniContext(this.canvas, WHY_SIDE, WHY_SIDE), WHY_SIDE); // the large one may be out of sight
  }

  showRows(rows) {
    const labels = rows.map(([label]) => label).join("|");
    if (labels !== this.labels) {
      this.labels = labels;
      this.values = rows.map(() => h("dd", {}));
      this.rows.replaceChildren(...rows.map(([label], i) => h("div", {}, h("dt", {}, ...typeset(label)), this.values[i])));
    }
    rows.forEach(([, value], i) => setText(this.values[i], value));
  }

  row(name, value, values = {}) {
    return [this.ui.words.get(`graph.row.${name}`, values), value];
  }

  setting(name, value) {
    return [this.ui.words.get(`setting.${name}`), value];
  }

  /** A number of this moment, or a dash. */
  now(frame, curve) {
    const value = lastOf(frame, curve);
    return value === null ? "–" : this.ui.words.short(value);
  }

  whole() {
    const { words } = this.ui;
    return { title: words.get("graph"), text: words.get("graph.two", { first: words.get("graph.picture"), second: words.get("graph.hint") }) };
  }

  // -- layers and neurons ----------------------------------------------------------------------------------------

  name({ player, layer, neuron }, about) {
    const { words } = this.ui;
    const last = layer === about[player].layers.length;
    if (neuron && last && player === "g") return words.get(neuron === 1 ? "graph.neuron.g.x" : "graph.neuron.g.y");
    if (last) return words.get(player === "g" ? "graph.output.g" : "graph.output.d");
    const numbers = { layer: words.number(layer), neuron: neuron && words.number(neuron) };
    if (neuron) return words.get(player === "g" ? "graph.neuron.g" : "graph.neuron.d", numbers);
    return words.get(player === "g" ? "graph.layer.g" : "graph.layer.d", numbers);
  }

  layerText({ player, layer }, about) {
    const { words } = this.ui;
    const colours = player === "g" && about.latent.dim === 1 ? "" : words.get("graph.colours");
    if (layer < about[player].layers.length) return words.joined([words.get("graph.layer.text"), colours]);
    return words.get(player === "g" ? "graph.output.g.text" : "graph.output.d.text");
  }

  layerFormula({ player, layer }, about) {
    const { layers, activation, norm } = about[player];
    const before = layer === 1 ? (player === "g" ? "z" : "x") : `h${subscript(layer - 1)}`;
    const sum = `W${subscript(layer)} ${before} + b${subscript(layer)}`;
    if (layer === layers.length) return `${player === "g" ? "G(z)" : "D(x)"} = ${sum}`;
    return `h${subscript(layer)} = ${activation.split(" ")[0]}(${norm ? `norm(${sum})` : sum})`;
  }

  layer(what, about) {
    const { words } = this.ui;
    const { layers, activation, norm } = about[what.player];
    const [neurons, parameters] = layers[what.layer - 1];
    const hidden = what.layer < layers.length;
    const rows = [this.row("neurons", words.number(neurons)), this.row("parameters", words.number(parameters))];
    if (hidden) rows.push(this.setting("generator.activation", activation));
    if (hidden && norm) rows.push(this.setting("generator.norm", norm));
    return { title: this.name(what, about), text: this.layerText(what, about), formula: this.layerFormula(what, about), rows };
  }

  neuron(what, about, map) {
    const { words } = this.ui;
    const known = map && !map.coarse;
    const rows = [this.row("lowest", known ? words.short(map.low) : "–"), this.row("highest", known ? words.short(map.high) : "–")];
    const text = words.joined([map?.over && words.stopped(map.over), this.layerText(what, about)]);
    return { title: this.name(what, about), text, formula: this.layerFormula(what, about), rows };
  }

  // -- the larger parts ------------------------------------------------------------------------------------------

  part(name, frame, about) {
    const { words } = this.ui;
    const said = { title: words.get(`graph.${name}`), text: words.get(`graph.${name}.text`) };
    return { ...said, ...this[`of_${name}`](frame, about, frame?.header.settings || {}) };
  }

  of_noise(_frame, { latent }) {
    const n = subscript(latent.dim);
    const formulas = { gaussian: `z ~ N(0, I${n})`, uniform: `z ~ U[−1, 1]^${latent.dim}`, sphere: `z ~ U{‖z‖ = √${latent.dim}}` };
    const rows = [this.row("dim", this.ui.words.number(latent.dim)), this.row("distribution", latent.distribution)];
    return { formula: formulas[latent.kind], rows };
  }

  network(player, about, settings) {
    const { words } = this.ui;
    const { layers, activation, norm, spectral } = about[player];
    const last = layers.length;
    const act = activation.split(" ")[0];
    const sum = norm ? "norm(Wₖ hₖ₋₁ + bₖ)" : "Wₖ hₖ₋₁ + bₖ";
    const [input, output] = player === "g" ? ["z", "G(z)"] : ["x", "D(x)"];
    const formula = `hₖ = ${act}(${sum}),  h₀ = ${input}\n${output} = W${subscript(last)} h${subscript(last - 1)} + b${subscript(last)}`;
    const total = layers.reduce((sum_, layer) => sum_ + layer[1], 0);
    const rows = [this.row("layers", layers.map(([n]) => words.number(n)).join(" → ")), this.row("parameters", words.number(total)),
      this.setting("generator.activation", activation)];
    if (norm) rows.push(this.setting("generator.norm", norm));
    if (spectral) rows.push(this.row("spectral", words.get("graph.row.on")));
    if (settings.g_lr !== undefined) rows.push(this.row("rate", words.short(settings[`${player}_lr`])));
    return { formula, rows };
  }

  of_g(_frame, about, settings) {
    return this.network("g", about, settings);
  }

  of_d(_frame, about, settings) {
    return this.network("d", about, settings);
  }

  of_samples(frame) {
    const { words } = this.ui;
    const rows = [this.row("shown", words.number((frame?.arrays.fake?.length || 0) / 2))];
    const { metrics } = frame?.header || {};
    for (const name of ["modes", "quality"]) {
      if (metrics?.values?.[name] !== undefined) rows.push([words.get(`metric.${name}`), this.ui.tiles.text(name, metrics.values)]);
    }
    return { formula: "G(z),  z ~ p(z)", rows };
  }

  of_real(frame, about, settings) {
    const { words } = this.ui;
    const rows = [this.row("data", about.data), this.row("shown", words.number((frame?.arrays.real?.length || 0) / 2))];
    if (settings.batch_size) rows.push(this.setting("batch_size", words.number(settings.batch_size)));
    return { formula: "x ~ p_data", rows };
  }

  of_outputs(frame) {
    const rows = [this.row("real", this.now(frame, "d_real")), this.row("fake", this.now(frame, "d_fake"))];
    const sure = frame?.header.field_kind === "probability";
    return { formula: sure ? "P(real) = σ(D(x)) = 1 / (1 + exp(−D(x)))" : "D(x), D(G(z))", rows };
  }

  of_losses(frame, _about, settings) {
    const { words } = this.ui;
    const { loss, penalty } = settings;
    if (!loss) return {};
    const term = words.get(`penalty.${penalty}.formula`);
    const added = term && (penalty === "weight_clipping" ? term : `L_D + ${term}`);
    const rows = [this.setting("loss", words.get(`loss.${loss}`)), this.row("d_loss", this.now(frame, "d_loss")),
      this.row("g_loss", this.now(frame, "g_loss")), this.setting("penalty", words.get(`penalty.${penalty}`))];
    const symbol = words.get(`penalty.${penalty}.symbol`);
    if (symbol) rows.push(this.row("weight", words.short(settings.penalty_weight), { symbol }));
    return { formula: [words.get(`loss.${loss}.formula`), added].filter(Boolean).join("\n"), rows };
  }

  of_gradients(frame, _about, settings) {
    const { words } = this.ui;
    const { g_optimizer: ofG, d_optimizer: ofD } = settings;
    if (!ofG) return {};
    const names = [...new Set([ofD, ofG])];
    const rows = [this.row("d_gradient", this.now(frame, "d_gradient")), this.row("g_gradient", this.now(frame, "g_gradient")),
      this.row("d_rate", words.short(settings.d_lr)), this.row("g_rate", words.short(settings.g_lr)),
      this.setting("g_optimizer.name", words.list(names.map((name) => words.get(`optimizer.${name}`))))];
    return { formula: names.map((name) => words.get(`optimizer.${name}.formula`)).join("\n"), rows };
  }
}
