// Interpolation: a way through keyframes, what lies on it, and a film of it.

const WAY_MOST = 12; // keyframes
const WAY_FEWEST = 2;
const WAY_SAMPLES = 48;
const WAY_POINTS = 64; // of a 2-D generator, whose way is drawn as a line
const WAY_NEARLY = 1.005; // lengths nearer to the usual ones than this count as usual
const WAY_LEFT = 46; // room for the numbers of an axis; the strip begins where the charts do
const WAY_RIGHT = 14;
const WAY_CELL = 46; // a picture of the strip

class WayTool {
  static code = "way";

  static fits() {
    return true;
  }

  constructor(desk) {
    this.desk = desk;
    const { words, memory } = desk;
    memory.way ??= { places: [0, 1, 2].map((seed) => ({ seed })), way: "arc", space: "z", closed: false, t: 0, film: { format: "gif", seconds: 6, rate: 20, size: 0 } };
    this.way = choice(words, "way", ["straight", "arc"], (way) => this.set({ way }));
    this.space = choice(words, "space", ["z", "w"], (space) => this.set({ space }));
    this.closed = h("input", { type: "checkbox", onchange: () => this.set({ closed: this.closed.checked }) });
    const closedLine = h("label", { class: "gx-check", "data-tip": words.get("way.closed.help") }, this.closed, h("span", {}, words.get("way.closed")));
    this.keys = h("div", { class: "gx-way-keys", role: "group", "aria-label": words.get("way.keys") });
    this.add = h("button", { type: "button", class: "gl-button", "data-do": "way-add", onclick: () => this.insert() }, icon("plus"), h("span", {}, words.get("way.add")));
    this.play = h("button", { type: "button", class: "gl-button gx-way-play", "data-do": "way-play", onclick: () => this.toggle() });
    this.range = h("input", { type: "range", min: "0", max: "1000", step: "1", value: "0", "aria-label": words.get("way.t"),
      oninput: () => this.seek(Number(this.range.value) / 1000, false), onchange: () => this.seek(Number(this.range.value) / 1000, true) });
    this.where = h("output", { class: "gx-way-where" });
    this.scrub = h("div", { class: "gx-way-scrub" }, this.range);
    this.state = h("p", { class: "gx-state", role: "status" });
    this.strip = new WayTrack(this);
    this.plane = h("canvas", { role: "img", "aria-label": words.get("way.plane") });
    this.planeBox = h("figure", { class: "gx-way-plane gl-gone" }, h("figcaption", {}, words.get("way.plane")), this.plane);
    this.lengths = new WayChart(this, "length");
    this.judged = new WayChart(this, "judged");
    this.tracks = h("div", { class: "gx-way-tracks" }, this.scrub, this.strip.box, this.lengths.box, this.judged.box);
    this.view = h("div", { class: "gx-way-view" }, this.planeBox, this.tracks);
    this.film = new WayFilm(this);
    this.box = h("div", {}, h("p", { class: "gx-hint" }, words.get("way.hint")), h("div", { class: "gx-bar" }, this.way.box, this.space.box, closedLine, this.add),
      this.keys, h("div", { class: "gx-bar" }, this.play, this.where), this.state, this.view, this.film.box);
    this.build();
    this.showPlay();
  }

  get said() {
    return this.desk.memory.way;
  }

  /** From a keyframe to the next one. */
  get stretches() {
    return this.said.places.length - (this.said.closed ? 0 : 1);
  }

  get asked() {
    const { places, way, space, closed } = this.said;
    return { keyframes: places, way, space, closed, ...this.desk.walk.look };
  }

  /** The place at t, from 0 to 1 along the whole way. */
  placeAt(t) {
    const { places, way, space } = this.said;
    const along = t * this.stretches;
    const i = Math.min(Math.floor(along), this.stretches - 1);
    return { between: [places[i], places[(i + 1) % places.length]], t: Math.round((along - i) * 1e6) / 1e6, way, space };
  }

  /** The other way round: where on the way a place is; null where it is not on it. */
  find(place) {
    const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
    const { places, way, space } = this.said;
    const here = places.findIndex((key) => same(key, place));
    if (here >= 0) return here / this.stretches;
    if (!place.between || place.way !== way || place.space !== space) return null;
    for (let i = 0; i < this.stretches; i += 1) if (same(place.between, [places[i], places[(i + 1) % places.length]])) return (i + place.t) / this.stretches;
    return null;
  }

  // -- keyframes -------------------------------------------------------------------------------------------------

  build() {
    const { words, about } = this.desk;
    const { places } = this.said;
    this.slots = places.map((place, i) => {
      const more = [];
      if (i > 0) more.push(["way.left", () => this.swap(i, i - 1)]);
      if (i < places.length - 1) more.push(["way.right", () => this.swap(i, i + 1)]);
      if (places.length > WAY_FEWEST) more.push(["way.remove", () => this.rekey(places.filter((_, k) => k !== i))]);
      return new Slot(this.desk, words.get("way.key", { index: i + 1 }), place, (chosen) => this.rekey(places.map((old, k) => (k === i ? chosen : old))), more);
    });
    this.keys.replaceChildren(...this.slots.map((slot, i) => h("div", { class: "gx-way-key" }, h("b", {}, words.number(i + 1)), slot.box, ...(about.classes.length ? [this.classOf(i)] : []))));
    this.add.disabled = places.length >= WAY_MOST;
  }

  /** Which class a keyframe is asked for. */
  classOf(i) {
    const { words, about } = this.desk;
    const { places } = this.said;
    const word = words.get(about.found ? "category" : "class");
    const select = h("select", { class: "gl-select", "aria-label": words.pair(words.get("way.key", { index: i + 1 }), word), onchange: () => {
      const label = select.value === "" ? {} : { class: Number(select.value) };
      const old = places[i];
      const plain = "seed" in old ? { seed: old.seed } : old.of ?? old;
      const asked = "seed" in old ? { ...plain, ...label } : select.value === "" ? plain : { of: plain, ...label };
      this.rekey(places.map((place, k) => (k === i ? asked : place)));
    } }, h("option", { value: "" }, words.get("class.own")), ...about.classes.map((name, k) => h("option", { value: String(k) }, name)));
    select.value = String(places[i].class ?? "");
    return select;
  }

  swap(i, k) {
    const places = [...this.said.places];
    [places[i], places[k]] = [places[k], places[i]];
    this.rekey(places);
  }

  /** One more, at the end: another seed. */
  insert() {
    this.rekey([...this.said.places, this.desk.seeded(chanceSeed())]);
  }

  rekey(places) {
    this.set({ places });
  }

  set(change) {
    const on = this.said.t * this.stretches;
    Object.assign(this.said, change);
    this.said.t = Math.min(1, on / this.stretches); // the same stretch, however many there are now
    if (change.places) this.build();
    if (!this.loose) this.seek(this.said.t, true);
    this.refresh();
  }

  // -- along the way ---------------------------------------------------------------------------------------------

  seek(t, ended) {
    this.said.t = Math.max(0, Math.min(1, t));
    this.loose = false;
    this.own = true;
    this.desk.walk.go(this.placeAt(this.said.t), ended);
    this.own = false;
    if (ended) this.stop();
    this.mark();
  }

  toggle() {
    if (this.playing) return this.rest();
    if (!this.said.closed && this.said.t >= 1) this.said.t = 0;
    this.playing = true;
    this.last = null;
    this.showPlay();
    return requestAnimationFrame((now) => this.tick(now));
  }

  tick(now) {
    if (!this.playing) return;
    if (this.desk.tool !== this || this.desk.retired || !this.box.isConnected) return this.stop();
    const most = calm() ? CALM_MS / 1000 : 0.1;
    const by = this.last === null ? 0 : Math.min(most, (now - this.last) / 1000) / this.said.film.seconds;
    this.last = now;
    const t = this.said.t + by;
    if (t >= 1 && !this.said.closed) {
      this.seek(1, true);
      return;
    }
    this.seek(t % 1, false);
    const go = () => requestAnimationFrame((next) => this.tick(next));
    if (calm()) setTimeout(go, CALM_MS);
    else go();
  }

  /** Playing ends here: one step that can be undone. */
  rest() {
    this.stop();
    this.seek(this.said.t, true);
  }

  stop() {
    this.playing = false;
    this.showPlay();
  }

  showPlay() {
    const code = this.playing ? "way.pause" : "way.play";
    if (this.play.dataset.code === code) return;
    this.play.dataset.code = code;
    this.play.replaceChildren(icon(this.playing ? "pause" : "resume"), h("span", {}, this.desk.words.get(code)));
  }

  /** Something else has moved, or a step was undone: the mark goes there, or lets go. */
  moved() {
    if (this.own) return;
    const found = this.desk.walk.place === this.desk.walk.state.base ? this.find(this.desk.walk.state.base) : null;
    this.loose = found === null;
    if (found !== null) this.said.t = found;
    else if (this.playing) this.stop();
    this.mark();
  }

  settled(answer) {
    if (this.desk.about.kind !== "points") return;
    this.here = [...answer.arrays.samples.slice(0, 2)];
    this.paintPlane();
  }

  hide() {
    if (this.playing) this.rest();
  }

  mark() {
    const { words } = this.desk;
    const { t, places } = this.said;
    const along = t * this.stretches;
    const i = Math.min(Math.floor(along), this.stretches - 1);
    this.range.value = String(Math.round(t * 1000));
    const where = words.get("way.where", { from: words.number(i + 1), to: words.number(((i + 1) % places.length) + 1), share: words.number(along - i, 0, "percent") });
    setText(this.where, this.loose ? words.get("way.loose") : where);
    this.range.setAttribute("aria-valuetext", where);
    this.view.classList.toggle("gx-loose", Boolean(this.loose));
    for (const track of [this.strip, this.lengths, this.judged]) track.mark(t);
  }

  // -- what is on it ---------------------------------------------------------------------------------------------

  show() {
    this.moved();
    this.refresh();
    this.film.about();
  }

  moment() {
    if (this.desk.about.classes.length !== this.classes) this.build();
    this.classes = this.desk.about.classes.length;
    this.refresh();
    this.film.about();
  }

  refresh() {
    const { desk } = this;
    const { about, words } = desk;
    this.classes = about.classes.length;
    this.space.box.classList.toggle("gl-gone", !about.styles);
    if (!about.styles) this.said.space = "z";
    this.space.set(this.said.space);
    this.way.set(this.said.way);
    this.way.box.classList.toggle("gl-gone", this.said.space === "w");
    this.closed.checked = this.said.closed;
    this.planeBox.classList.toggle("gl-gone", about.kind !== "points");
    this.strip.box.classList.toggle("gl-gone", about.kind === "points");
    this.view.classList.toggle("gx-way-points", about.kind === "points");
    desk.latest("way.keys", "draw", { places: this.said.places, ...desk.walk.look }, (answer) => this.slots.forEach((slot, i) => i < answer.shapes.samples.shape[0] && slot.paint(answer, i)));
    desk.latest("way", "way", { ...this.asked, count: about.kind === "points" ? WAY_POINTS : WAY_SAMPLES }, (answer) => {
      setText(this.state, "");
      this.found = answer;
      this.asof = { closed: this.said.closed, space: this.said.space, way: this.said.way };
      this.view.classList.remove("gl-gone");
      this.paint();
      this.box.dataset.samples = String(answer.facts.t.length);
    }, (error) => {
      this.view.classList.add("gl-gone");
      setText(this.state, error.message);
    });
    this.mark();
    setText(this.state, this.found ? this.state.textContent : words.get("way.waiting"));
  }

  /** Of each sample a value, and of a closed way the first one again where it closes. */
  whole(values) {
    return this.asof.closed ? [...values, values[0]] : values;
  }

  get keyTs() {
    const { facts } = this.found;
    return this.whole(facts.keyframes.map((k) => facts.t[k])).map((t, i, all) => (i && this.asof.closed && i === all.length - 1 ? 1 : t));
  }

  paint() {
    if (!this.found) return;
    const { about, words } = this.desk;
    const { facts } = this.found;
    if (about.kind === "points") this.paintPlane();
    else this.paintStrip();
    const [low, usual, high] = facts.usual;
    const inStyles = this.asof.space === "w";
    const lengths = this.whole(facts.lengths);
    const least = Math.min(...lengths);
    const most = Math.max(...lengths);
    const found = least * WAY_NEARLY < low ? "short" : most > high * WAY_NEARLY ? "long" : "usual";
    this.lengths.show({
      title: words.get(inStyles ? "way.distance" : "way.length"), name: words.get(`way.${this.asof.way === "arc" && !inStyles ? "arc" : "straight"}`), help: words.get(inStyles ? "way.distance.help" : "way.length.help"),
      values: lengths, other: facts.other ? this.whole(facts.other) : null, otherName: words.get(this.asof.way === "arc" ? "way.other.straight" : "way.other.arc"),
      band: [low, high], usual, usualName: words.get("way.usual"),
      sentence: words.get(inStyles ? "way.distance.look" : about.styles ? "way.length.styles" : `way.length.${this.asof.way === "straight" && found === "short" ? "dips" : found}`, { least: words.short(least), most: words.short(most), low: words.short(low), high: words.short(high) }),
    });
    const logits = this.whole(facts.logits);
    const says = about.judged && logits.every((value) => value !== null);
    this.judged.box.classList.toggle("gl-gone", !says);
    if (says) this.judged.show({ title: words.get("way.judged"), name: words.get("d.says"), help: words.get("way.judged.help"), values: logits, other: null, band: null, usual: null, sentence: words.get("way.judged.look") });
    this.mark();
  }

  paintStrip() {
    const { theme, about } = this.desk;
    const { arrays, shapes, facts } = this.found;
    const width = this.strip.width;
    if (width <= 0) return;
    const [, , high, wide] = shapes.samples.shape;
    const cells = Math.max(2, Math.min(WAY_SAMPLES, Math.floor(width / WAY_CELL)));
    const cell = width / cells;
    const tall = Math.round((cell * high) / wide);
    const context = fitCanvas(this.strip.canvas, width, tall + 20);
    context.clearRect(0, 0, width, tall + 20);
    context.imageSmoothingEnabled = Math.max(...about.shape.slice(1)) > 64;
    const scratch = canvasOf(1, 1);
    const count = facts.t.length;
    for (let i = 0; i < cells; i += 1) {
      const near = Math.round(((i + 0.5) / cells) * (this.asof.closed ? count : count - 1)) % count;
      paintPixels(scratch, arrays.samples, shapes.samples.shape, near);
      context.drawImage(scratch, i * cell, 0, cell, tall);
    }
    Object.assign(context, { fillStyle: theme.muted, font: `12px ${theme.font}`, textAlign: "center", textBaseline: "bottom" });
    this.keyTs.forEach((t, i) => paintKeyMark(context, t * width, tall, String((i % facts.keyframes.length) + 1), width));
  }

  paintPlane() {
    const { desk, found } = this;
    if (!found || !desk.background || desk.about.kind !== "points") return;
    const size = roomIn(this.planeBox);
    if (size <= 0) return;
    const context = fitCanvas(this.plane, size, size);
    const { theme, about, background, words } = desk;
    const [x0, x1, y0, y1] = about.extent;
    const px = (value) => ((value - x0) / (x1 - x0)) * size;
    const py = (value) => size - ((value - y0) / (y1 - y0)) * size;
    paintAxes(context, size, about.extent, desk);
    Object.assign(context, { fillStyle: theme.real, globalAlpha: 0.45 });
    for (let i = 0; i < background.real.length; i += 2) context.fillRect(px(background.real[i]) - 1.1, py(background.real[i + 1]) - 1.1, 2.2, 2.2);
    context.globalAlpha = 1;
    const at = found.arrays.samples;
    const order = this.whole(found.facts.t.map((_, i) => i));
    Object.assign(context, { strokeStyle: theme.fake, fillStyle: theme.fake, lineWidth: 2, lineJoin: "round" });
    context.beginPath();
    order.forEach((k, i) => (i ? context.lineTo(px(at[2 * k]), py(at[2 * k + 1])) : context.moveTo(px(at[2 * k]), py(at[2 * k + 1]))));
    context.stroke();
    Object.assign(context, { font: `600 12px ${theme.font}`, textAlign: "center", textBaseline: "middle" });
    found.facts.keyframes.forEach((k, i) => {
      const [x, y] = [px(at[2 * k]), py(at[2 * k + 1])];
      Object.assign(context, { fillStyle: theme.bg, strokeStyle: theme.fake, lineWidth: 1.5 });
      context.beginPath();
      context.arc(x, y, 9, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
      context.fillStyle = theme.text;
      context.fillText(words.number(i + 1), x, y + 0.5);
    });
    if (this.here && !this.loose) paintHere(context, px(this.here[0]), py(this.here[1]), theme);
  }

  resize() {
    this.paint();
  }
}
