// Several runs at one moment: a scrubber over all kept moments, a picture a run. One request is in flight; the latest wins.

const PLAY = "M8 5v14l11-7z";
const STOP = "M6 6h12v12H6z";
const BEAT = matchMedia("(prefers-reduced-motion: reduce)").matches ? 700 : 120; // milliseconds between two moments of the film
const AGAIN = 2000; // until another try, when the server cannot be reached

function made(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in node && !key.includes("-")) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

function sign(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/** The index of the last place that is not beyond `at`; the first where all are. */
function lastUpTo(places, at) {
  let found = 0;
  for (let i = 0; i < places.length && places[i] <= at + 1e-9; i += 1) found = i;
  return found;
}

class AlbumView {
  constructor(root) {
    this.root = root;
    this.frames = [];
    this.index = null; // null: at the end, and stays there as more comes
    this.busy = false;
    this.waiting = null;
    this.timer = null;
    this.button = made("button", { type: "button" }, sign(PLAY));
    this.slider = made("input", { type: "range", min: 0, step: 1 });
    this.place = made("span", { className: "ga-place" });
    this.row = made("div", { className: "ga-row" });
    this.status = made("div", { className: "ga-status", role: "status" });
    root.replaceChildren(made("div", { className: "ga-bar" }, this.button, this.slider, this.place), this.row, this.status);
    this.slider.addEventListener("input", () => this.moveTo(Number(this.slider.value)));
    this.button.addEventListener("click", () => (this.timer === null ? this.play() : this.stop()));
  }

  show(data) {
    const shape = JSON.stringify([data.cells.map((cell) => [cell.run, cell.letter, cell.name, cell.colour]), data.given, data.latents]);
    const fresh = shape !== this.shape;
    this.data = data;
    this.number = new Intl.NumberFormat(data.lang, { maximumFractionDigits: 1 });
    this.moments = [...new Set(data.cells.flatMap((cell) => cell.places))].sort((a, b) => a - b);
    if (fresh) this.build();
    this.shape = shape;
    this.slider.max = Math.max(0, this.moments.length - 1);
    this.slider.disabled = this.button.disabled = this.moments.length < 2;
    this.slider.setAttribute("aria-label", data.labels.moment);
    this.slider.title = data.labels.help;
    this.label();
    if (this.index !== null && this.index >= this.moments.length - 1) this.index = null;
    this.draw();
  }

  build() {
    const { cells, given, labels } = this.data;
    const all = given && cells.length ? [{ ...cells[0], letter: "", name: labels.given, what: "given" }, ...cells] : cells;
    this.frames = all.map((cell) => {
      const image = made("img", { hidden: true, alt: "" });
      const note = made("div", { className: "ga-note", textContent: cell.steps.length ? "" : labels.none });
      const step = made("div", { className: "ga-step" });
      const name = made("figcaption", {}, made("span", { className: "ga-name", textContent: cell.name, title: cell.name }));
      if (cell.letter) {
        const letter = made("span", { className: "ga-letter", textContent: cell.letter });
        letter.style.background = cell.colour;
        name.prepend(letter);
      }
      return { figure: made("figure", {}, name, made("div", { className: "ga-frame" }, image, note), step), image, note, step, what: cell.what ?? "fake" };
    });
    this.row.classList.toggle("ga-few", all.length < 5);
    this.row.replaceChildren(...this.frames.map((frame) => frame.figure));
  }

  label() {
    const playing = this.timer !== null;
    const text = playing ? this.data.labels.stop : this.data.labels.play;
    this.button.replaceChildren(sign(playing ? STOP : PLAY));
    this.button.setAttribute("aria-label", text);
    this.button.title = text;
  }

  play() {
    if (this.index === null) this.index = 0;
    const beat = () => {
      if (this.busy || this.waiting) {
        this.timer = setTimeout(beat, BEAT / 4);
        return;
      }
      if (this.index === null || !this.root.isConnected) {
        this.stop();
        return;
      }
      this.moveTo(this.index + 1);
      this.timer = setTimeout(beat, BEAT);
    };
    this.draw();
    this.timer = setTimeout(beat, BEAT);
    this.label();
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.label();
  }

  moveTo(index) {
    this.index = index >= this.moments.length - 1 ? null : index;
    this.draw();
  }

  draw() {
    if (!this.moments.length) return;
    const index = this.index ?? this.moments.length - 1;
    const at = this.moments[index];
    this.slider.value = index;
    this.place.textContent = this.data.labels.place.replace("{one}", () => this.data.axis).replace("{other}", () => this.number.format(at));
    this.slider.setAttribute("aria-valuetext", this.place.textContent);
    const { cells, given } = this.data;
    const all = given ? [cells[0], ...cells] : cells;
    const steps = all.map((cell) => (cell.steps.length ? cell.steps[lastUpTo(cell.places, at)] : null));
    this.ask({ all, steps });
  }

  async ask(wanted) {
    if (this.busy) {
      this.waiting = wanted;
      return;
    }
    const ready = wanted.all.map((cell, i) => ({ i, token: cell.token, step: wanted.steps[i], what: this.frames[i]?.what }))
      .filter((cell) => cell.step !== null && this.frames[cell.i] && this.frames[cell.i].shown !== this.key(cell));
    if (!ready.length) return;
    this.busy = true;
    try {
      const address = new URL("api/album", appBase());
      address.searchParams.set("lang", this.data.lang);
      const answer = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ cells: ready.map(({ token, step, what }) => ({ token, step, what })), latents: this.data.latents, side: this.data.side }),
      });
      if (!answer.ok) throw answer.status;
      const { pictures } = await answer.json();
      ready.forEach((cell, n) => this.put(cell, pictures[n]));
      this.status.textContent = "";
    } catch (problem) {
      this.status.textContent = problem === 401 || problem === 403 ? this.data.labels.old : this.data.labels.closed;
      if (problem !== 401 && problem !== 403) setTimeout(() => this.root.isConnected && this.draw(), AGAIN);
    } finally {
      this.busy = false;
    }
    const next = this.waiting;
    this.waiting = null;
    if (next && this.root.isConnected) this.ask(next);
  }

  key(cell) {
    return `${cell.step}.${this.data.latents}`;
  }

  put(cell, picture) {
    const frame = this.frames[cell.i];
    if (!frame) return;
    frame.shown = this.key(cell);
    frame.image.hidden = !picture.data;
    frame.note.textContent = picture.data ? "" : filled(this.data.labels.failed, { reason: picture.error });
    if (!picture.data) return;
    frame.image.src = picture.data;
    const step = this.number.format(cell.step);
    frame.step.textContent = cell.what === "given" ? "" : filled(this.data.labels.at, { step });
    const name = this.data.given ? [this.data.cells[0], ...this.data.cells][cell.i].name : this.data.cells[cell.i].name;
    frame.image.alt = filled(this.data.labels.alt, { name, step });
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".ga");
  root.album ??= new AlbumView(root);
  root.album.show(data);
}
