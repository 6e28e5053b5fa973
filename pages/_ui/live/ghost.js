// A run pinned behind the one on the screen, in grey: its generated points, and its curves.

const GHOST_STRENGTH = 0.75;

class Ghost {
  /** `changed`: called when there is something else to draw. */
  constructor(ui, changed) {
    this.ui = ui;
    this.changed = changed;
    this.run = null; // {id, token, name}
    this.frame = null;
    this.version = 0;
    const nothing = () => {};
    this.link = new Link({ frame: (buffer) => this.receive(buffer), hello: nothing, state: nothing, error: nothing, moments: nothing,
      missing: nothing, renew: () => this.link.close() });
  }

  /** As the page says it; null: no ghost. */
  use(run, lang) {
    const same = run?.id === this.run?.id;
    this.run = run || null;
    if (!same) this.set(null);
    if (run) this.link.use(run.id, run.token, lang, false);
    else if (this.link.state !== "closed") this.link.close();
  }

  receive(buffer) {
    let frame;
    try {
      frame = parseFrame(buffer);
    } catch {
      return; // the next one may be whole again
    }
    if (frame.header.run !== this.run?.id || frame.header.kind !== "points" || frame.header.status === "past") return;
    const drawn = () => {
      this.set(frame);
      this.link.ack(frame.header.seq);
    };
    if (document.hidden) drawn();
    else requestAnimationFrame(drawn);
  }

  set(frame) {
    if (frame === this.frame) return;
    this.frame = frame?.header.extent ? frame : null;
    this.version += 1;
    this.changed();
  }

  seen(visible) {
    if (!this.run) return;
    this.link.send({ visible });
    if (visible) this.link.hurry();
  }

  /** Its points: of the averaged generator or of the live one, as is shown of the run before it. */
  points(averaged) {
    if (!this.frame) return null;
    const { fake, fake_live: live } = this.frame.arrays;
    return (averaged ? fake || live : live || fake) || null;
  }

  /** Steps and values of a curve. */
  curve(name) {
    const ys = this.frame?.arrays[`curve:${name}`];
    return ys ? { xs: this.frame.arrays.curve_x, ys } : null;
  }

  /** What it is called, and how far it has come. */
  title() {
    const { words } = this.ui;
    return this.frame ? words.get("ghost.at", { name: this.run.name, step: words.number(this.frame.header.step) }) : this.run?.name || "";
  }

  close() {
    this.run = null;
    this.link.close();
  }
}
