// The Latent Explorer: a generator, the current place, and the tools around it; and the function that Streamlit calls.

const SUPERSEDED_MS = 250;
const TOOLS = [PadTool, SlidersTool, WayTool, MapTool, DirectionsTool, NamedTool, ProjectTool, ArithmeticTool, NearestTool, TruncationTool, MixTool, UnitsTool, WeakTool];

class Desk {
  constructor(root, memory) {
    this.root = root;
    this.memory = memory;
    this.turn = 0;
    this.era = 0;
    this.theme = new Theme(root);
    this.ends = new AbortController();
    this.step = null;
    this.newest = null;
    this.unreadable = new Set();
    this.walk = new Walk((ended) => this.walked(ended));
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

  // -- what the page says ----------------------------------------------------------------------------------------

  update(component) {
    this.component = component;
    const before = this.data;
    this.data = component.data || {};
    this.turn += 1;
    if (!before || before.labels?.lang !== this.data.labels?.lang) this.build();
    if (this.theme.refresh()) this.resize();
    if (before && before.run !== this.data.run) this.forget();
    if (!before) this.begin();
    if (this.data.run && this.data.token) this.link.use(this.data.run, this.data.token, this.data.labels.lang, this.data.control);
    return this.turn;
  }

  build() {
    this.sizes?.disconnect();
    this.words = new Words(this.data.labels);
    this.theme.signature = "";
    this.theme.refresh();
    this.root.replaceChildren();
    this.tooltip = new Tooltip(this.root);
    this.note = h("div", { class: "gl-note", role: "status" });
    this.moments = new MomentBar(this);
    this.favourites = new Favourites(this);
    this.stage = new Stage(this);
    this.tabs = h("div", { class: "gx-tabs", role: "tablist", "aria-label": this.words.get("tools") });
    this.panel = h("div", { class: "gx-panel", role: "tabpanel" });
    this.closed = h("p", { class: "gx-hint gl-gone" }, this.words.get("closed.onnx"));
    this.tools = {};
    this.saved = new SavedDirections(this);
    this.searched = new FoundDirections(this);
    this.body = h("div", { class: "gx-body" }, this.stage.box, h("div", { class: "gx-right" }, this.tabs, this.panel, this.closed));
    this.root.prepend(h("div", { class: "gx-all gl-absent" }, this.moments.box, this.note, this.body));
    this.sizes = new ResizeObserver(() => requestAnimationFrame(() => {
      this.theme.refresh(); // larger type, for instance, on a projector
      this.resize();
    }));
    this.sizes.observe(this.root);
    this.listen();
    if (this.about) this.ready();
  }

  listen() {
    if (this.listening) return;
    this.listening = true;
    const { signal } = this.ends;
    document.addEventListener("visibilitychange", () => {
      this.link.send({ visible: !document.hidden });
      if (!document.hidden) this.link.hurry();
      this.elsewhere();
    }, { signal });
    window.addEventListener("online", () => this.link.hurry(), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.theme.refresh() && this.resize(), { signal });
    window.addEventListener("focus", () => this.elsewhere(), { signal });
    document.addEventListener("keydown", (event) => this.key(event), { signal }); // wherever the focus is
  }

  /** Ctrl+Z takes back, Ctrl+Shift+Z and Ctrl+Y bring again; in a field for text they are the field's. */
  key(event) {
    const code = event.key.toLowerCase();
    if (event.defaultPrevented || event.altKey || !(event.ctrlKey || event.metaKey) || !["z", "y"].includes(code)) return;
    const [target] = event.composedPath();
    if (target.isContentEditable || target.matches?.("input:not([type=range], [type=checkbox], [type=file], [type=color]), textarea")) return;
    event.preventDefault();
    if (code === "y" || event.shiftKey) this.walk.redo();
    else this.walk.undo();
  }

  /** Somebody comes back to this page: what was kept in another one meanwhile appears. */
  elsewhere() {
    if (!this.about || document.hidden) return;
    this.favourites.load();
    this.saved.load();
  }

  /** The place of a link is the first one. */
  begin() {
    const { start } = this.data;
    this.byLink = Boolean(start);
    if (start) this.walk.settle({ at: start.at }, start.look);
  }

  /** A place of a link that this generator cannot draw: it begins as without a link. */
  unlinked() {
    this.byLink = false;
    this.era += 1;
    this.walk = new Walk((ended) => this.walked(ended));
    this.walked(true);
    this.tool?.moment?.();
    this.say(this.words.get("fav.link.bad"), true);
  }

  /** Another run: nothing of the last one holds. */
  forget() {
    this.tool?.hide?.();
    this.asker.forget();
    Object.assign(this, { tool: null, about: null, background: null, step: null, newest: null, at: null, unreadable: new Set() });
    for (const name of Object.keys(this.memory)) delete this.memory[name];
    this.walk = new Walk((ended) => this.walked(ended));
    this.begin();
    this.build();
  }

  // -- what the server says --------------------------------------------------------------------------------------

  hello(hello) {
    this.capability = hello.capability;
    this.asker.connected();
    if (hello.newest === null) return this.say(this.words.get("nothing.yet"));
    return this.moved(hello.newest);
  }

  linked(state, reason) {
    this.root.dataset.connected = String(state === "open");
    if (state === "lost") this.say(this.words.get(`closed.${reason}`), true);
    else if (state === "waiting") this.say(this.words.get("waiting"));
    else if (state === "open") this.say("");
  }

  /** There is a newer moment. */
  moved(newest) {
    this.newest = newest;
    this.say("");
    if (this.step === null && this.data.step !== undefined && this.data.step !== null) this.memory.moment ??= this.data.step;
    if (this.step === null) this.goTo(this.memory.moment ?? newest);
    else if (this.moments.following) this.goTo(newest);
    this.moments.refresh();
  }

  /** Explores the generator of this step from now on. */
  goTo(step) {
    this.wanted = step;
    this.asker.latest("about", "about", step, {}, (answer) => {
      if (answer.step !== this.wanted) return;
      const first = !this.about;
      this.step = answer.step;
      this.about = answer.facts;
      const { real, fake, latents } = answer.arrays;
      const shown = this.looked === "{}" ? fake : (this.background?.fake ?? fake); // until they are drawn as they are looked at
      this.background = real ? { real, fake: shown, latents, count: real.length / 2 } : null;
      this.looked = "{}";
      this.lookAround();
      this.root.dataset.step = String(this.step);
      this.moments.show();
      if (first) this.ready();
      else this.refresh();
    }, (error) => this.unread(step, error));
  }

  /** A moment that cannot be read: the newest one may be, and where nothing is shown yet, one before it. */
  unread(step, error) {
    this.say(error.message, true);
    this.unreadable.add(step);
    if (!this.unreadable.has(this.newest) && this.memory.moment !== null) {
      this.memory.moment = null;
      this.goTo(this.newest);
    } else if (!this.about) this.older();
  }

  /** The last kept moment that is not known to be damaged. One of the first ones, which stay for good, says which there are. */
  older(first = 0) {
    this.asker.latest("steps", "steps", first, {}, ({ facts }) => {
      const step = facts.steps.findLast((kept) => !this.unreadable.has(kept));
      if (step === undefined || this.about) return;
      this.memory.moment = step;
      this.goTo(step);
    }, () => first === 0 && this.older(1));
  }

  ready() {
    const codes = TOOLS.filter((tool) => tool.fits(this.about));
    this.tabs.replaceChildren(...codes.map((tool) => h("button", { type: "button", role: "tab", class: "gx-tab", "data-tool": tool.code, onclick: () => this.choose(tool.code) }, this.words.get(`tool.${tool.code}`))));
    this.closed.classList.toggle("gl-gone", this.about.open);
    this.root.firstChild.classList.remove("gl-absent");
    this.root.firstChild.dataset.kind = this.about.kind;
    this.tools = {};
    const start = this.memory.tool ?? this.data.tool;
    this.refresh();
    const there = codes.some((tool) => tool.code === start);
    this.choose(there ? start : codes[0].code);
    if (start && !there) this.say(this.words.get("link.tool", { tool: start.slice(0, 40), tools: this.words.list(codes.map((tool) => tool.code)) }), true);
  }

  /** The same place by another generator. */
  refresh() {
    this.stage.about();
    this.favourites.about();
    this.tool?.moment?.();
  }

  choose(code) {
    const made = (this.tools[code] ??= new (TOOLS.find((tool) => tool.code === code))(this));
    this.memory.tool = code;
    for (const tab of this.tabs.children) tab.setAttribute("aria-selected", String(tab.dataset.tool === code));
    this.tabs.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (this.tool !== made) this.tool?.hide?.();
    this.stage.showSteps();
    this.tool = made;
    this.root.dataset.tool = code;
    this.panel.replaceChildren(made.box);
    made.show?.();
  }

  // -- what tools use --------------------------------------------------------------------------------------------

  /** The place of a seed, asked for the class that is chosen now. */
  seeded(seed) {
    const label = this.walk.state.base.class;
    return label === undefined || !this.about?.classes.length ? { seed } : { seed, class: label };
  }

  walked(ended) {
    if (!this.about) return;
    if (ended && this.slip) this.say("");
    this.stage.draw();
    this.lookAround();
    this.tool?.moved?.(ended);
  }

  /** The generated points behind the current one, looked at as it is. */
  lookAround() {
    const { background } = this;
    const look = JSON.stringify(this.walk.look);
    if (!background || look === this.looked) return;
    this.looked = look;
    this.latest("background", "background", this.walk.look, ({ arrays }) => {
      if (background !== this.background) return;
      background.fake = arrays.fake;
      this.stage.paint();
      this.tool?.resize?.();
    });
  }

  /** The current place is drawn: this latent it is. */
  settled(answer, place) {
    this.at = { at: answer.facts.at[0] };
    this.byLink = false;
    this.favourites.settled();
    this.tool?.settled?.(answer, place);
  }

  ask(name, asked, tell) {
    return this.asker.ask(name, this.step, asked, tell);
  }

  latest(lane, name, asked, then, failed) {
    const { era } = this; // what was asked of a place that has been given up fails unheard: that has been said
    this.asker.latest(lane, name, this.step, asked, then, failed ?? ((error) => era === this.era && this.failed(error)));
  }

  failed(error) {
    if (this.byLink && error.kind === "ConfigError") return this.unlinked();
    if (error.kind !== "ConfigError") return this.say(error.message, true);
    this.correct(error.message);
    this.tools.sliders?.lost();
    this.saved.load();
    if ("laid" in this.walk.state.base) this.tools.map?.lost();
    return undefined;
  }

  say(message, bad = false) {
    if (!this.note) return;
    setText(this.note, message);
    this.note.classList.toggle("gl-note-bad", Boolean(bad && message));
    this.slip = "";
    this.makeRoom();
  }

  /** Says what is wrong with something that was asked for; whoever goes on from there has seen it. */
  correct(message) {
    this.say(message, true);
    this.slip = message;
  }

  /** What is said stays in sight above the picture, which stays in sight as well. */
  makeRoom() {
    this.root.style.setProperty("--gx-note", `${this.note.textContent ? this.note.offsetHeight : 0}px`);
  }

  /** Of which step something is, in the words of this code; of another program's generator, which has no steps, nothing. */
  atStep(code, step) {
    return this.about.open ? this.words.get(code, { step: this.words.number(step) }) : "";
  }

  /** Sample `index` of an answer, small: a picture, or a point among the data. */
  paintSample(canvas, answer, index, size = 56, name = "samples") {
    if (this.about.kind === "images") {
      paintPixels(canvas, answer.arrays[name], answer.shapes[name].shape, index);
      canvas.classList.toggle("gx-smooth", Math.max(...this.about.shape.slice(1)) > 64);
      return;
    }
    const points = answer.arrays[name];
    paintSmall(this, canvas, size, points[2 * index], points[2 * index + 1]);
  }

  resize() {
    this.makeRoom();
    if (!this.about) return;
    this.stage.resize();
    this.favourites.repaint();
    this.tool?.resize?.();
  }

  // -- the end ---------------------------------------------------------------------------------------------------

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
    this.sizes?.disconnect();
    this.link.close();
  }
}

/** A point among the data, as small as a picture in a row. */
function paintSmall(desk, canvas, size, x, y) {
  const context = fitCanvas(canvas, size, size);
  const { theme, about, background } = desk;
  const [x0, x1, y0, y1] = about.extent;
  context.fillStyle = theme.plot;
  context.fillRect(0, 0, size, size);
  context.fillStyle = theme.real;
  context.globalAlpha = 0.35;
  for (let i = 0; i < background.real.length; i += 8) context.fillRect(((background.real[i] - x0) / (x1 - x0)) * size, size - ((background.real[i + 1] - y0) / (y1 - y0)) * size, 1.2, 1.2);
  context.globalAlpha = 1;
  context.fillStyle = theme.fake;
  context.beginPath();
  context.arc(((x - x0) / (x1 - x0)) * size, size - ((y - y0) / (y1 - y0)) * size, Math.max(3, size / 16), 0, 2 * Math.PI);
  context.fill();
}

export default function explore(component) {
  const host = component.parentElement;
  const root = host.querySelector(".gl");
  if (!host.ganMemory) host.ganMemory = {};
  if (!host.ganDesk || host.ganDesk.retired || host.ganDesk.root !== root) {
    host.ganDesk?.close();
    host.ganDesk = new Desk(root, host.ganMemory);
  }
  const desk = host.ganDesk;
  const turn = desk.update(component);
  return () => desk.retire(turn);
}
