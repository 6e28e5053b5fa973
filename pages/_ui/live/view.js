// The whole view, and the function that Streamlit calls at the mount, at every rerun and at every change of theme.

const SUPERSEDED_MS = 250;
const LATE_MS = 15000;
const HELD_MS = 200; // between two pictures of the present, while a hand moves through the past: that is what is looked at

class LiveView {
  constructor(root, memory) {
    this.root = root;
    this.memory = memory;
    this.turn = 0;
    this.frames = 0;
    this.status = "preview";
    this.capability = null; // until the server has said it, the page's word holds
    this.theme = new Theme(root);
    this.ends = new AbortController();
    this.link = new Link({
      frame: (buffer) => this.receive(buffer),
      hello: (hello) => this.hello(hello),
      state: (state, reason) => this.linked(state, reason),
      error: (error) => this.controls.showNote(error.message, true),
      moments: (moments) => this.timeline.moments(moments),
      missing: ({ step }) => this.timeline.missing(step),
      renew: () => this.component.setTriggerValue("renew", { run: this.data.run, at: Date.now() }),
    });
    this.spoken = new Spoken(this);
    this.ghost = new Ghost(this, () => this.haunted());
  }

  /** Its ghost moved: where the run itself does, it is drawn with its next frame. */
  haunted() {
    if (this.retired || !this.picture) return;
    this.picture.haunt?.();
    for (const view of this.charts) view.paint();
  }

  // -- what the page says ----------------------------------------------------------------------------------------

  update(component) {
    this.component = component;
    const before = this.data;
    this.data = component.data || {};
    this.turn += 1;
    if (before && before.kind !== this.data.kind) this.live = null;
    if (!before || before.kind !== this.data.kind || before.labels?.lang !== this.data.labels?.lang || before.only !== this.data.only) this.build();
    this.words.labels = this.data.labels || {};
    if (this.theme.refresh()) this.repaint();
    if (before && before.run !== this.data.run) this.forget();
    this.graph?.describe(this.data.about);
    if (this.data.run && this.data.token) this.link.use(this.data.run, this.data.token, this.words.labels.lang, this.data.control);
    else this.preview();
    this.ghost.use(this.data.ghost, this.words.labels.lang);
    this.picture.haunt?.();
    this.showState();
    return this.turn;
  }

  build() {
    this.sizes?.disconnect();
    this.slow?.hold();
    this.curves?.close();
    this.measures?.close();
    this.root.replaceChildren();
    this.words = new Words(this.data.labels);
    this.theme.signature = "";
    this.theme.refresh();
    this.tooltip = new Tooltip(this.root);
    this.controls = new Controls(this, (message) => this.link.send(message));
    this.doctor = new DoctorView(this, (code) => this.component.setTriggerValue("remedy", { run: this.data.run, code, at: Date.now() }));
    this.slow = new SlowMotion(this, this.memory, (message) => this.link.send(message));
    const View = { images: ImagesView, pairs: PairsView }[this.data.kind] ?? PointsView;
    this.picture = new View(this, this.memory);
    this.picture.tools.prepend(new Saver(this).box);
    const measured = (panel) => this.data.kind === "points" && panel === "metrics"; // under its figures; the columns become as long
    this.curves = new CurvesView(this, this.memory, { shows: (panel) => !measured(panel) });
    this.measures = new CurvesView(this, this.memory, { shows: measured, lead: this.curves });
    this.tiles = new Tiles(this);
    this.judged = new Tiles(this); // what a classifier says of pictures
    this.outputs = new OutputsView(this, this.memory);
    this.timeline = new Timeline(this, {
      ask: (message) => this.link.send(message),
      show: (frame) => this.drawPast(frame),
      back: () => this.live && this.backToNow(),
      branch: (step) => this.component.setTriggerValue("branch", { run: this.data.run, step, at: Date.now() }),
    });
    this.left = h("div", { class: "gl-left" }, this.picture.box, this.outputs.box, this.judged.box, this.tiles.box, this.measures.box);
    this.gradients = new GradientsView(this);
    this.right = h("div", { class: "gl-right" }, this.curves.box);
    (this.data.kind === "points" ? this.left : this.right).append(this.gradients.box); // the column that has room
    this.root.prepend(h("div", { class: `gl-all gl-kind-${this.data.kind} gl-only-${this.only}` }, ...this.parts()));
    if (this.live) this.show(this.live);
    this.watchSizes();
    this.listen();
  }

  /** "all" of it; what a "lesson" needs of it, which speaks for itself; or of runs side by side: the "bar" that speaks to all of them with the switches of the layers, those alone as a
   * "legend", or the "cell" of one run. */
  get only() {
    return this.data.only || "all";
  }

  /** Whether there are no others beside it. */
  get alone() {
    return this.only === "all" || this.only === "lesson";
  }

  parts() {
    this.graph?.close();
    this.graph = null;
    if (this.only === "bar") return [...this.controls.parts, this.picture.legendBox];
    if (this.only === "legend") return [this.picture.legendBox];
    if (this.only === "cell") {
      this.picture.box.after(this.doctor.box); // the pictures begin at one height, whatever is said
      return [...this.controls.parts, this.left];
    }
    if (this.only === "lesson") {
      this.gradients.box.remove();
      return [...this.controls.parts, h("div", { class: "gl-body" }, this.slow.box, this.left, this.right)];
    }
    return [...this.controls.parts, h("div", { class: "gl-lane" }, this.doctor.box, this.timeline.box),
      h("div", { class: "gl-body" }, this.slow.box, this.left, this.right), ...this.graphParts()];
  }

  /** The picture of the model, under everything else; pictures go without. */
  graphParts() {
    this.graph = this.data.kind === "points" ? new GraphPanel(this, this.memory) : null;
    return this.graph ? [this.graph.box] : [];
  }

  get charts() {
    return this.alone ? [this.curves, this.measures] : [];
  }

  watchSizes() {
    // Drawing changes heights: it waits for the next animation frame, or the observer would observe itself.
    this.sizes = new ResizeObserver(() => requestAnimationFrame(() => this.fit()));
    this.sizes.observe(this.left);
    this.sizes.observe(this.right);
    this.sizes.observe(this.slow.box);
    this.fit();
  }

  fit() {
    if (this.theme.refresh()) this.repaint(); // larger type, for instance, on a projector
    const width = roomIn(this.left);
    if (width > 0 && width !== this.picture.width) {
      this.picture.resize(width);
      this.outputs.paint();
    }
    for (const view of this.charts) if (view.box.clientWidth > 0) view.resize();
    this.graph?.resize();
    this.slow.resize();
  }

  listen() {
    if (this.listening) return;
    this.listening = true;
    const { signal } = this.ends;
    document.addEventListener("visibilitychange", () => this.seen(!document.hidden), { signal });
    window.addEventListener("online", () => [this.link, this.ghost.link].forEach((link) => link.hurry()), { signal });
    const themed = () => this.theme.refresh() && this.repaint();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themed, { signal });
    window.addEventListener("resize", () => {
      themed(); // a browser's zoom changes the pixel ratio
      if (this.picture.width) this.picture.resize(this.picture.width); // whose height follows the window's
    }, { signal });
  }

  /** Another run: its own zoom and its own figures. */
  forget() {
    this.memory.zoom = null;
    this.memory.look = null;
    this.status = this.data.run ? "preparing" : "preview";
    this.capability = null;
    this.previewed = null;
    this.controls.showNote("");
    this.controls.wasOpen = false;
    this.timeline.forget();
    this.doctor.forget();
    this.curves.showZoom();
    this.gradients.forget();
    this.graph?.forget();
  }

  preview() {
    if (this.link.state !== "closed") this.link.close();
    this.status = "preview";
    const { frame } = this.data;
    if (!frame || frame === this.previewed) return;
    this.previewed = frame;
    this.receive(decodeBase64(frame));
  }

  // -- what the server says --------------------------------------------------------------------------------------

  hello(hello) {
    this.capability = hello.capability;
    if (hello.status) this.status = hello.status;
    this.showState();
  }

  linked(state, reason) {
    if (!this.controls) return;
    this.root.dataset.connected = String(state === "open");
    this.controls.showLink(state, reason);
    if (state === "lost") this.controls.showNote(this.words.get(`closed.${reason}`), true);
    else if (state === "open") this.controls.showNote("");
    this.timeline.linked();
    this.showState();
  }

  showState() {
    this.root.dataset.status = this.status;
    const control = Boolean(this.data.control) && this.capability !== "view";
    const connected = this.link.state === "open";
    this.doctor.showState(Boolean(this.data.run), control);
    this.controls.showState({ status: this.status, queue: this.queue, live: Boolean(this.data.run), control, connected });
    this.slow.showState({ status: this.status, connected, allowed: control && Boolean(this.data.run) });
  }

  seen(visible) {
    this.ghost.seen(visible);
    this.link.send({ visible });
    if (visible) this.link.hurry();
    else this.release(); // nothing is drawn while hidden: do not keep the server waiting for it
  }

  async receive(buffer) {
    let frame;
    try {
      frame = parseFrame(buffer);
      if (frame.header.kind !== this.data.kind) return; // points for a view of pictures: the page will say so soon
      if (frame.header.status === "past") return this.timeline.arrived(frame);
      if (!this.timeline.inPast) await this.picture.load?.(frame); // else the picture of the past stays
    } catch {
      this.controls.showNote(this.words.get("unreadable"), true); // the next frame may be whole again
      return;
    }
    if (this.data.run && frame.header.run !== this.data.run) return; // a late frame of the run before
    this.unacked = frame;
    if (document.hidden) this.release();
    requestAnimationFrame(() => this.draw(frame));
  }

  release() {
    if (this.unacked && this.data.run) this.link.ack(this.unacked.header.seq);
    this.unacked = null;
  }

  draw(frame) {
    if (this.retired || frame.header.kind !== this.data.kind) return;
    this.frames += 1;
    this.live = frame;
    this.theme.refresh();
    this.show(frame);
    if (this.timeline.held && this.timeline.inPast) setTimeout(() => this.release(), HELD_MS);
    else this.release();
  }

  show(frame) {
    const { header } = frame;
    if (this.data.run) this.status = header.status;
    this.queue = header.queue;
    this.timeline.moved(this.data.run ? header.step : 0);
    if (this.data.run) this.timeline.saw(frame);
    const overlay = this.slow.show(frame);
    this.picture.overlay = this.timeline.inPast ? null : overlay;
    for (const view of this.charts) view.show(frame);
    this.gradients.show(frame, this.timeline.inPast);
    if (!this.timeline.inPast) this.showMoment(frame, header.metrics, header.judged);
    this.controls.showFigures(header);
    if (!this.timeline.inPast) this.doctor.show(header.diagnosis, false);
    this.controls.showNote(this.words.sentence(header.message), header.status === "failed");
    this.showState();
    Object.assign(this.root.dataset, { frames: this.frames, seq: header.seq, step: header.step, marks: (header.marks || []).length,
      phase: header.phase?.code || "" });
    this.spoken.changed();
  }

  /** What belongs to one moment, now or earlier: the picture and what was measured. */
  showMoment(frame, metrics, judged) {
    this.picture.show(frame);
    this.tiles.show(metrics);
    this.judged.show(judged);
    this.outputs.show(frame);
    this.graph?.show(frame);
    for (const view of this.charts) view.pin(this.timeline.inPast ? frame.header.step : null);
    this.root.dataset.shown = frame.header.step;
    this.spoken.changed();
  }

  /** The present again: of pictures its own have to be decoded once more. */
  async backToNow() {
    await this.picture.load?.(this.live).catch(() => {}); // it was whole when it came
    if (!this.retired && !this.timeline.inPast) this.show(this.live);
  }

  async drawPast(frame) {
    try {
      if (this.picture.load) await this.picture.load(frame);
    } catch {
      this.controls.showNote(this.words.get("unreadable"), true); // another moment may be whole
      return;
    }
    if (this.retired || !this.live || !this.timeline.inPast || frame.header.run !== this.data.run) return;
    this.picture.overlay = null; // a phase of slow motion belongs to the present
    this.doctor.show(frame.header.diagnosis, true);
    this.showMoment(asOf(this.live, frame), metricsAt(this.live, frame.header.step), metricsAt(this.live, frame.header.step, "judged"));
  }

  /** Every picture and chart with what it shows of `header`'s moment. */
  *sayings() {
    if (!this.live || this.retired) return;
    const frame = this.timeline.inPast ? this.picture.frame ?? this.live : this.live;
    yield* this.picture.sayings(frame.header, this.judged);
    for (const view of this.charts) for (const panel of view.panels) yield [panel.canvas, saidOfPanel(panel, this.live)];
    yield [this.outputs.canvas, saidOfOutputs(this.outputs)];
  }

  repaint() {
    this.picture?.paint();
    for (const view of this.charts) view?.paint();
    this.outputs?.paint();
    this.graph?.paint();
    this.slow?.paint();
  }

  // -- the end ---------------------------------------------------------------------------------------------------

  /** Streamlit may run the clean-up of a call that a newer call has already replaced: then nothing ends. */
  retire(turn) {
    const end = () => {
      if (turn === this.turn) this.close();
    };
    if (this.root.isConnected) setTimeout(end, SUPERSEDED_MS);
    else end();
  }

  close() {
    this.retired = true;
    this.slow?.hold();
    this.ends.abort();
    this.sizes?.disconnect();
    this.curves.close();
    this.measures.close();
    this.graph?.close();
    this.ghost.close();
    this.spoken.close();
    this.link.close();
  }
}

/** Two calls at the time of the mount can come in the wrong order: what the page said last holds. */
function lastSaid(memory, component) {
  const now = performance.now();
  if (memory.said && now - memory.at < LATE_MS && component.data?.stamp < memory.said.stamp) return { ...component, data: memory.said };
  memory.said = component.data;
  memory.at = now;
  return component;
}

export default function live(component) {
  const host = component.parentElement;
  const root = host.querySelector(".gl");
  if (!host.ganMemory) host.ganMemory = {};
  if (!host.ganLive || host.ganLive.retired || host.ganLive.root !== root) {
    host.ganLive?.close();
    host.ganLive = new LiveView(root, host.ganMemory);
  }
  const view = host.ganLive;
  const turn = view.update(lastSaid(host.ganMemory, component));
  return () => view.retire(turn);
}
