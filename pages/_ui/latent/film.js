// A way as a film: what can be chosen of it, its progress, and the file.

/** The way as a film. */
class WayFilm {
  constructor(tool) {
    this.tool = tool;
    const { words } = tool.desk;
    const select = (code) => h("select", { class: "gl-select", "aria-label": words.get(`way.film.${code}`), "data-film": code, onchange: () => this.choose() });
    this.format = select("format");
    this.rate = select("rate");
    this.size = select("size");
    this.seconds = h("input", { type: "range", step: "1", "aria-label": words.get("way.film.seconds"), "data-film": "seconds", oninput: () => this.choose() });
    this.length = h("output", {});
    const line = (code, ...content) => h("label", { class: "gx-line", "data-tip": words.has(`way.film.${code}.help`) ? words.get(`way.film.${code}.help`) : null }, h("span", {}, words.get(`way.film.${code}`)), ...content);
    this.make = h("button", { type: "button", class: "gl-button", "data-do": "film", onclick: () => this.start() }, icon("running"), h("span", {}, words.get("way.film.make")));
    this.cancel = h("button", { type: "button", class: "gl-button gl-gone", "data-do": "film-cancel", onclick: () => this.end(words.get("way.film.cancelled")) }, icon("close"), h("span", {}, words.get("way.film.cancel")));
    this.save = h("button", { type: "button", class: "gl-button gl-button-pause gl-gone", "data-do": "film-save", onclick: () => this.download() }, icon("save"), h("span", {}, words.get("way.film.save")));
    this.part = h("i", {});
    this.track = h("div", { class: "gl-progress gx-way-progress gl-gone", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100", "aria-label": words.get("way.film.making") }, this.part);
    this.state = h("p", { class: "gx-state", role: "status" });
    this.fields = h("div", { class: "gx-bar" }, line("format", this.format), line("seconds", this.seconds, this.length), line("rate", this.rate), line("size", this.size));
    this.box = h("section", { class: "gx-way-film", "aria-label": words.get("way.film") }, h("b", {}, words.get("way.film")), this.fields,
      h("div", { class: "gx-bar" }, this.make, this.cancel, this.save), this.track, this.state);
    this.make.disabled = true;
  }

  get said() {
    return this.tool.said.film;
  }

  /** What can be chosen, once a generator. */
  about() {
    const { desk } = this.tool;
    const wanted = JSON.stringify(desk.about.shape);
    if (this.known === wanted) return;
    desk.latest("way.formats", "formats", {}, ({ facts }) => {
      this.known = wanted;
      this.can = facts;
      const { words } = desk;
      const options = (element, values, name) => element.replaceChildren(...values.map((value) => h("option", { value: String(value) }, name(value))));
      options(this.format, facts.formats.map((format) => format.code), (code) => (words.has(`way.format.${code}`) ? words.get(`way.format.${code}`) : facts.formats.find((f) => f.code === code).title));
      options(this.rate, facts.rates, (rate) => words.number(rate));
      this.show();
      this.make.disabled = false;
    });
  }

  choose() {
    Object.assign(this.said, { format: this.format.value, rate: Number(this.rate.value), seconds: Number(this.seconds.value), size: Number(this.size.value) });
    this.show();
  }

  /** Only what goes together is on offer. */
  show() {
    const { words } = this.tool.desk;
    const format = this.can.formats.find(({ code }) => code === this.said.format) ?? this.can.formats[0];
    const rate = this.can.rates.includes(this.said.rate) ? this.said.rate : this.can.rates[0];
    const [shortest, longest] = this.can.seconds;
    const most = Math.min(longest, Math.floor(format.frames / rate));
    const size = format.sizes.includes(this.said.size) ? this.said.size : format.sizes[Math.min(1, format.sizes.length - 1)];
    Object.assign(this.said, { format: format.code, rate, size, seconds: Math.max(shortest, Math.min(most, this.said.seconds)) });
    this.size.replaceChildren(...format.sizes.map((side) => h("option", { value: String(side) }, words.get("way.film.pixels", { size: words.number(side) }))));
    this.format.value = format.code;
    this.rate.value = String(rate);
    this.size.value = String(size);
    Object.assign(this.seconds, { min: String(shortest), max: String(most) });
    this.seconds.value = String(this.said.seconds);
    setText(this.length, words.get("way.film.length", { seconds: words.number(this.said.seconds) }));
  }

  async start() {
    const { tool } = this;
    const { words } = tool.desk;
    const { format, seconds, rate, size } = this.said;
    this.busy(true);
    this.save.classList.add("gl-gone");
    setText(this.state, words.get("way.film.making"));
    this.progress(0);
    const pending = tool.desk.ask("film", { ...tool.asked, format, seconds, rate, size }, (answer) => this.pending === pending && this.progress(answer.share));
    this.pending = pending;
    try {
      const { arrays, facts, step } = await pending.done;
      if (this.pending !== pending) return;
      this.made = { blob: new Blob([arrays.film], { type: facts.mime }), name: `${tool.desk.data.run}-step-${step}-way.${facts.ending}` };
      this.pending = null;
      const [wide, high] = facts.size;
      this.end(words.get("way.film.made", { pictures: words.number(facts.pictures), wide, high, seconds: words.number(facts.seconds, 1), size: words.number(this.made.blob.size / 1e6, 2) }));
      this.save.classList.remove("gl-gone");
    } catch (error) {
      if (this.pending === pending) this.end(error.message);
    }
  }

  progress(share) {
    this.part.style.transform = `scaleX(${share})`;
    this.track.setAttribute("aria-valuenow", String(Math.round(100 * share)));
  }

  /** Done, failed, or called off. */
  end(message) {
    this.pending?.drop();
    this.pending = null;
    this.busy(false);
    setText(this.state, message);
  }

  busy(is) {
    this.make.disabled = is;
    for (const element of [this.cancel, this.track]) element.classList.toggle("gl-gone", !is);
    for (const element of [this.format, this.seconds, this.rate, this.size]) element.disabled = is;
  }

  download() {
    downloadAs(this.made.name, this.made.blob, this.made.blob.type);
  }
}
