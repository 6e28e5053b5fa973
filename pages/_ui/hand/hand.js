// What a person draws or brings, and its translation by the newest saved moment; and the function that Streamlit calls.

const SUPERSEDED_MS = 250;
const SAVED_SIDE = 256; // pixels that a picture in a saved file has at least
const SAVED_GAP = 16;
const SEEN_MS = 2500; // until the server has looked for a saved moment

class Hand {
  constructor(root, memory) {
    Object.assign(this, { root, memory, turn: 0, step: null, newest: null, about: null, inSight: true, complaint: "", standing: { message: "", bad: false } });
    this.theme = new Theme(root);
    this.ends = new AbortController();
    this.link = new Link({
      frame: (buffer) => this.asker.frame(buffer),
      hello: (hello) => this.hello(hello),
      state: (state, reason) => this.linked(state, reason),
      newest: (step) => this.moved(step),
      gone: (message) => this.say(message, true),
      failed: (failure) => this.asker.failed(failure),
      renew: () => this.component.setTriggerValue("renew", { run: this.data.run, at: Date.now() }),
    }, "api/latent");
    this.asker = new Asker(this.link);
  }

  // -- what the page says --------------------------------------------------------------------------------------------

  update(component) {
    this.component = component;
    const before = this.data;
    this.data = component.data;
    this.turn += 1;
    const said = ({ labels, cycles }) => JSON.stringify([labels, cycles]);
    const another = before && before.run !== this.data.run;
    if (another) this.about = null; // its held-out pictures are not the new run's
    if (!before || said(before) !== said(this.data)) this.build();
    this.theme.refresh();
    if (another) this.forget();
    this.link.use(this.data.run, this.data.token, this.data.labels.lang, this.data.control);
    return this.turn;
  }

  /** Another run: what is on the board stays, if it can be given to that one. */
  forget() {
    this.asker.forget();
    Object.assign(this, { step: null, newest: null, about: null, complaint: "" });
    this.blank();
    this.say("");
  }

  build() {
    this.sights?.disconnect();
    const words = (this.words = new Words(this.data.labels));
    this.theme.signature = "";
    this.theme.refresh();
    this.board = new Board(words, () => this.touched(), () => this.keep());
    this.board.picked = () => this.refreshPen();
    this.made = this.picture("made");
    this.back = this.picture("back");
    const figure = (code, picture, ...more) => {
      const title = h("figcaption", {}, h("b", {}, words.get(`hand.${code}`)), ...more);
      return h("figure", { class: `gh-${code}` }, title, picture);
    };
    this.at = h("span", { class: "gh-step" });
    this.note = h("div", { class: "gl-note", role: "status" });
    this.all = h("div", { class: "gh-all gl-absent" },
      figure("board", this.board.box), figure("made", h("div", { class: "gh-frame gh-out" }, this.made), this.at),
      ...(this.data.cycles ? [figure("back", h("div", { class: "gh-frame gh-out" }, this.back))] : []),
      this.tools(), this.held = h("div", { class: "gh-held" }));
    this.all.dataset.pictures = this.data.cycles ? "3" : "2";
    this.root.replaceChildren(this.note, this.all);
    this.tooltip = new Tooltip(this.root);
    this.tell();
    this.sights = new IntersectionObserver((seen) => this.sighted(seen.at(-1).isIntersecting), { rootMargin: "200px" });
    this.sights.observe(this.root);
    this.listen();
    if (!this.about) return;
    this.ready(this.about, this.examples);
    this.translate();
  }

  picture(code) {
    return h("canvas", { class: "gh-picture", role: "img", "aria-label": this.words.get(`hand.${code}`) });
  }

  tools() {
    const { words, board } = this;
    const button = (code, run, ...more) => h("button", { type: "button", class: "gl-button", "data-do": code, "data-tip": words.has(`${code}.help`) ? words.get(`${code}.help`) : null, onclick: run }, ...more);
    this.tool = choice(words, "sketch", ["pen", "eraser", "pick"], (tool) => {
      board.tool = tool;
      board.place();
    });
    this.color = h("input", { type: "color", class: "gh-color", "aria-label": words.get("sketch.color"), oninput: () => this.colored(rgb(this.color.value)) });
    this.shade = h("input", { type: "range", min: "0", max: "255", step: "1", oninput: () => this.colored(Array(3).fill(Number(this.shade.value))) });
    this.shadeLine = h("label", { class: "gh-line" }, h("span", {}, words.get("hand.shade")), this.shade);
    this.width = h("input", { type: "range", min: "1", max: "12", step: "1", oninput: () => this.widened() });
    this.pixels = h("output", {});
    const width = h("label", { class: "gh-line", "data-tip": words.get("hand.width.help") }, h("span", {}, words.get("hand.width")), this.width, this.pixels);
    this.undo = button("undo", () => board.undo(), icon("undo"));
    this.redo = button("redo", () => board.redo(), icon("redo"));
    for (const [code, one] of [["undo", this.undo], ["redo", this.redo]]) one.setAttribute("aria-label", words.get(code));
    this.invert = button("hand.invert", () => board.invert(), words.get("hand.invert"));
    this.file = h("input", { type: "file", class: "gh-file", tabindex: "-1", "aria-hidden": "true", accept: "image/png,image/jpeg,image/webp,image/gif", onchange: () => this.file.files[0] && this.bring(this.file.files[0]) });
    const bring = button("hand.bring", () => this.file.click(), words.get("hand.bring"));
    this.save = button("hand.save", () => this.download(), icon("save"), h("span", {}, words.get("hand.save")));
    return h("div", { class: "gh-tools" },
      h("div", { class: "gh-bar" }, this.tool.box, this.color, this.shadeLine, width),
      h("div", { class: "gh-bar" }, this.undo, this.redo, button("clear", () => board.clear(), words.get("sketch.clear")), this.invert),
      h("div", { class: "gh-bar" }, bring, this.file, this.save),
      h("p", { class: "gh-hint" }, words.get("hand.bring.how")), h("p", { class: "gh-hint" }, words.get("hand.keys")));
  }

  listen() {
    if (this.listening) return;
    this.listening = true;
    const { signal } = this.ends;
    document.addEventListener("visibilitychange", () => this.looked(), { signal });
    window.addEventListener("online", () => this.link.hurry(), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.theme.refresh(), { signal });
    this.root.addEventListener("keydown", (event) => this.key(event), { signal });
    document.addEventListener("paste", (event) => this.pasted(event), { signal });
    const over = (on) => (event) => {
      event.preventDefault();
      this.board.box.classList.toggle("gh-over", on);
    };
    this.root.addEventListener("dragover", over(true), { signal });
    this.root.addEventListener("dragleave", over(false), { signal });
    this.root.addEventListener("drop", (event) => {
      over(false)(event);
      if (event.dataTransfer.files[0]) this.bring(event.dataTransfer.files[0]);
    }, { signal });
  }

  /** Ctrl+Z takes back, Ctrl+Shift+Z and Ctrl+Y bring again. */
  key(event) {
    const code = event.key.toLowerCase();
    if (event.altKey || !(event.ctrlKey || event.metaKey) || !["z", "y"].includes(code)) return;
    event.preventDefault();
    if (code === "y" || event.shiftKey) this.board.redo();
    else this.board.undo();
  }

  sighted(inSight) {
    this.inSight = inSight;
    this.looked();
    if (!inSight || this.about || this.link.state !== "open") return;
    this.say(""); // what was said out of sight need not hold any more: the server looks now
    setTimeout(() => this.newest === null && this.link.state === "open" && this.say(this.words.get("nothing.yet")), SEEN_MS);
  }

  /** What nobody sees is not translated anew. */
  looked() {
    const visible = !document.hidden && this.inSight;
    this.link.send({ visible });
    if (visible) this.link.hurry();
  }

  // -- what the server says ------------------------------------------------------------------------------------------

  hello(hello) {
    this.asker.connected();
    this.looked();
    if (hello.newest === null) this.say(this.words.get("nothing.yet"));
    else this.moved(hello.newest);
  }

  linked(state, reason) {
    this.root.dataset.connected = String(state === "open");
    if (state === "lost") this.say(this.words.get(`closed.${reason}`), true);
    else if (state === "waiting") this.say(this.words.get("waiting"));
    else if (state === "open") this.say("");
  }

  /** There is a newer moment: it translates as soon as it is read, and the one before until then. */
  moved(newest) {
    this.newest = newest;
    this.say("");
    const { run } = this.data;
    this.asker.latest("about", "translation", newest, {}, ({ facts, arrays, shapes, step }) => {
      if (run !== this.data.run) return;
      const first = this.about === null;
      this.step = step;
      if (first) this.ready(facts, { bytes: arrays.held, shape: shapes.held.shape });
      this.translate();
    }, (error) => this.say(error.message, true));
  }

  /** What goes in and comes out is known. */
  ready(about, examples) {
    Object.assign(this, { about, examples });
    const { board, memory } = this;
    const [channels, height, width] = about.given;
    const count = examples.shape[0];
    const held = Array.from({ length: count }, (_, i) => examples.bytes.subarray(i * channels * height * width, (i + 1) * channels * height * width));
    board.become(about.given, about.two, held);
    const kind = JSON.stringify([about.given, about.two, this.data.into]);
    if (memory.kind === kind) Object.assign(board, { pixels: memory.pixels, ground: memory.ground });
    else if (!about.two && held.length) Object.assign(board, { pixels: board.unpacked(held[0]), ground: board.groundOf(board.unpacked(held[0])) });
    memory.kind = kind;
    board.paint();
    this.keep();
    this.offer(held);
    this.tool.buttons.pick.classList.toggle("gl-gone", about.two);
    this.color.classList.toggle("gl-gone", channels === 1);
    this.shadeLine.classList.toggle("gl-gone", channels !== 1 || about.two);
    this.invert.classList.toggle("gl-gone", channels !== 1);
    this.width.max = String(Math.max(4, Math.round(width / 4)));
    this.refreshPen();
    for (const canvas of [this.made, this.back]) canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    this.save.disabled = true;
    this.all.classList.remove("gl-absent");
  }

  /** Held-out pictures, to begin from. */
  offer(held) {
    const { words, board } = this;
    this.held.replaceChildren(...(held.length ? [h("p", { class: "gh-hint" }, words.get("hand.held")),
      h("div", { class: "gh-row" }, ...held.map((bytes, i) => {
        const canvas = h("canvas", { class: "gh-picture" });
        paintPixels(canvas, bytes, [1, ...this.about.given], 0);
        return h("button", { type: "button", class: "gh-one", "aria-label": words.get("hand.held.one", { number: words.number(i + 1) }), onclick: () => board.take(board.unpacked(bytes)) }, canvas);
      }))] : []));
  }

  // -- the pen -------------------------------------------------------------------------------------------------------

  refreshPen() {
    const { board, words } = this;
    this.color.value = `#${board.color.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
    this.shade.value = String(board.color[0]);
    this.width.value = String(board.width);
    setText(this.pixels, words.get("hand.width.value", { count: words.number(board.width) }));
  }

  colored(color) {
    this.board.color = color;
    if (this.board.tool !== "pen") {
      this.board.tool = "pen";
      this.tool.set("pen");
    }
  }

  widened() {
    this.board.width = Number(this.width.value);
    this.board.place();
    this.refreshPen();
  }

  /** What is on the board outlives this component. */
  keep() {
    const { board } = this;
    Object.assign(this.memory, { pixels: board.pixels, ground: board.ground });
    this.undo.disabled = !board.canUndo;
    this.redo.disabled = !board.future.length;
  }

  // -- a picture that somebody brings --------------------------------------------------------------------------------

  pasted(event) {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    const [target] = event.composedPath();
    if (!file || !this.about || !this.inSight || target.isContentEditable || target.matches?.("input, textarea")) return;
    event.preventDefault();
    this.bring(file);
  }

  async bring(file) {
    this.file.value = "";
    if (!this.about) return;
    const asked = (this.brought = {});
    const { about } = this;
    try {
      const picture = await readPicture(file, this.words);
      if (asked !== this.brought || about !== this.about) return;
      const [, height, width] = about.given;
      const canvas = inSquare(picture, "crop", width, false);
      picture.close();
      const bytes = bytesOf(canvas, [about.given[0], height, width], false);
      this.board.take(this.board.unpacked(bytes));
    } catch (error) {
      if (asked === this.brought) this.complain(error.message);
    }
  }

  /** The board has changed. */
  touched() {
    if (this.complaint) this.complain("");
    this.translate();
  }

  // -- the translation -----------------------------------------------------------------------------------------------

  translate() {
    if (this.step === null || !this.about) return;
    const began = performance.now();
    const { about } = this;
    const wish = (this.wish = (this.wish ?? 0) + 1);
    this.root.dataset.current = "false";
    this.asker.latest("translate", "translate", this.step, { picture: encodeBytes(this.board.bytes()) }, (answer) => {
      if (about !== this.about) return;
      this.shown = answer.step;
      paintPixels(this.made, answer.arrays.made, answer.shapes.made.shape, 0);
      if (answer.arrays.back) paintPixels(this.back, answer.arrays.back, answer.shapes.back.shape, 0);
      setText(this.at, this.words.get("hand.step", { step: this.words.number(answer.step) }));
      this.save.disabled = false;
      if (this.troubled) this.complain("");
      Object.assign(this.root.dataset, { step: String(answer.step), drawn: String(Number(this.root.dataset.drawn || 0) + 1), latency: (performance.now() - began).toFixed(1), current: String(wish === this.wish) });
    }, (error) => this.complain(error.message, true));
  }

  /** Nothing is translated yet. */
  blank() {
    this.all.classList.add("gl-absent");
    this.save.disabled = true;
    setText(this.at, "");
    delete this.root.dataset.drawn;
  }

  /** All pictures beside each other, as a file. */
  async download() {
    const { words, theme, about } = this;
    const pictures = [["board", this.board.canvas], ["made", this.made], ...(about.back ? [["back", this.back]] : [])];
    const side = Math.max(...pictures.map(([, { width }]) => width * Math.ceil(SAVED_SIDE / width)));
    const canvas = canvasOf(SAVED_GAP + pictures.length * (side + SAVED_GAP), side + 2 * SAVED_GAP + 24);
    const context = canvas.getContext("2d");
    context.fillStyle = theme.bg;
    context.fillRect(0, 0, canvas.width, canvas.height);
    Object.assign(context, { imageSmoothingEnabled: false, fillStyle: theme.text, font: `600 14px ${theme.font}`, textBaseline: "top" });
    pictures.forEach(([code, picture], i) => {
      const x = SAVED_GAP + i * (side + SAVED_GAP);
      const step = code === "made" ? ` · ${this.at.textContent}` : "";
      context.fillText(words.get(`hand.${code}.saved`) + step, x, SAVED_GAP, side);
      context.drawImage(picture, x, SAVED_GAP + 24, side, side);
    });
    const file = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    downloadAs(`${this.data.run}-${this.shown}.png`, file, "image/png");
  }

  // -- words, and the end --------------------------------------------------------------------------------------------

  /** How things are with the run and its connection; "" for nothing to be said. */
  say(message, bad = false) {
    this.standing = { message, bad };
    this.tell();
  }

  /** What went wrong with something that was done: it stands until the next thing is done, and what a translation lacked until one comes. */
  complain(message, troubled = false) {
    Object.assign(this, { complaint: message, troubled });
    this.tell();
  }

  tell() {
    const { message, bad } = this.complaint ? { message: this.complaint, bad: true } : this.standing;
    setText(this.note, message || this.words.get("hand.hint"));
    this.note.classList.toggle("gl-note-bad", Boolean(bad && message));
  }

  retire(turn) {
    const end = () => {
      if (turn === this.turn) this.close();
    };
    if (this.root.isConnected) setTimeout(end, SUPERSEDED_MS);
    else end();
  }

  close() {
    this.retired = true;
    this.ends.abort();
    this.sights?.disconnect();
    this.link.close();
  }
}

export default function tryIt(component) {
  const host = component.parentElement;
  const root = host.querySelector(".gl");
  if (!host.ganHandMemory) host.ganHandMemory = {};
  if (!host.ganHand || host.ganHand.retired || host.ganHand.root !== root) {
    host.ganHand?.close();
    host.ganHand = new Hand(root, host.ganHandMemory);
  }
  const hand = host.ganHand;
  const turn = hand.update(component);
  return () => hand.retire(turn);
}
