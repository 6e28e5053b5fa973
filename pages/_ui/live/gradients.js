// The length of the gradient in each layer of both players: bars on one logarithmic axis, so that layers that hardly learn, or learn far
// too much, stand out.

const GRADIENT_LOOKS = 60; // whose range the axis keeps, so that it rests while bars move

class GradientsView {
  constructor(ui) {
    this.ui = ui;
    this.ranges = [];
    const { words } = ui;
    this.columns = Object.fromEntries(["g", "d"].map((who) => [who, h("ol", { class: "gl-bylayer-rows" })]));
    this.axes = ["g", "d"].map(() => h("div", { class: "gl-bylayer-axis", "aria-hidden": "true" }));
    this.names = Object.fromEntries(["g", "d"].map((who) => [who, h("h5", {}, words.get(`bylayer.${who}`))]));
    const column = (who, axis) => h("div", { class: `gl-bylayer-column gl-bylayer-${who}` }, this.names[who], this.columns[who], axis);
    this.box = h("section", { class: "gl-bylayer gl-gone", "aria-label": words.get("bylayer") },
      h("div", { class: "gl-title" }, h("h3", {}, words.get("bylayer")), h("span", {}, words.get("bylayer.hint"))),
      h("div", { class: "gl-bylayer-columns" }, column("g", this.axes[0]), column("d", this.axes[1])));
  }

  /** Another run: its own range. */
  forget() {
    this.ranges = [];
    this.box.classList.add("gl-gone");
  }

  /** `past`: an earlier moment is on the screen, and this is still of now. */
  show({ header }, past) {
    const { layers } = header;
    const some = layers && [...layers.g.norms, ...layers.d.norms].some(Number.isFinite);
    this.box.classList.toggle("gl-gone", !some);
    this.box.classList.toggle("gl-faint", past);
    if (!some) return;
    const range = this.range([...layers.g.norms, ...layers.d.norms]);
    const vae = header.settings?.method === "vae" ? ".vae" : "";
    for (const who of ["g", "d"]) {
      setText(this.names[who], this.ui.words.get(`bylayer.${who}${vae}`));
      this.fill(this.columns[who], layers[who], range);
    }
    if (range.join() !== this.ruled) this.rule(range);
  }

  /** Whole powers of ten around all that was seen in the last looks. */
  range(norms) {
    const sizes = norms.filter((v) => Number.isFinite(v) && v > 0).map(Math.log10);
    if (sizes.length) this.ranges.push([Math.min(...sizes), Math.max(...sizes)]);
    if (this.ranges.length > GRADIENT_LOOKS) this.ranges.shift();
    if (!this.ranges.length) return [-1, 0];
    const low = Math.floor(Math.min(...this.ranges.map((r) => r[0])) - 0.05); // the shortest bar is to be seen, too
    return [low, Math.max(low + 1, Math.ceil(Math.max(...this.ranges.map((r) => r[1]))))];
  }

  fill(list, { kinds, norms }, [low, high]) {
    const { words } = this.ui;
    const made = JSON.stringify(kinds);
    if (list.dataset.made !== made) {
      list.dataset.made = made;
      list.replaceChildren(...kinds.map((kind, i) => h("li", {}, h("span", { class: "gl-bylayer-name" }, this.name(kind, i)),
        h("b", {}), h("div", { class: "gl-bylayer-track" }, h("i", {})))));
    }
    norms.forEach((norm, i) => {
      const [, value, track] = list.children[i].children;
      setText(value, norm === null ? "–" : words.short(norm));
      const share = norm > 0 ? Math.max(0, Math.min(1, (Math.log10(norm) - low) / (high - low))) : 0;
      track.firstChild.style.transform = `scaleX(${share})`;
    });
  }

  name([kind, n_in, n_out, side], i) {
    const { words } = this.ui;
    const n = (value) => words.number(value);
    return words.get(`bylayer.kind.${kind}`, { place: n(i + 1), in: n(n_in), out: n(n_out), side: n(side) });
  }

  rule(range) {
    this.ruled = range.join();
    const [low, high] = range;
    const every = Math.ceil((high - low) / 4);
    const marks = [];
    for (let k = low; k <= high; k += every) marks.push(k);
    for (const axis of this.axes) {
      axis.replaceChildren(...marks.map((k) => {
        const mark = h("span", {}, this.ui.words.short(10 ** k));
        mark.style.left = `${(100 * (k - low)) / (high - low)}%`;
        return mark;
      }));
      axis.parentElement.style.setProperty("--gl-decades", String(high - low));
    }
  }
}
