// Where the explorer is: a place, the moves from it, how it is looked at, and what is drawn by hand. Every change that ends is a step that can be undone.

const MOST_UNDONE = 200;

class Walk {
  /** `changed(ended)`: the state is another one; `ended` once the hand has let go. */
  constructor(changed) {
    this.changed = changed;
    this.past = [];
    this.future = [];
    this.state = { base: { seed: 0 }, moves: {}, layers: null, psi: null, off: [], noise: [], region: null, sketch: [] };
    this.kept = this.state;
  }

  /** The place as the server understands it. */
  get place() {
    const by = Object.entries(this.state.moves).flatMap(([name, steps]) =>
      Object.entries(steps).filter(([, far]) => far !== 0).map(([index, far]) => [name, Number(index), far]));
    if (!by.length) return this.state.base;
    return { moved: this.state.base, by, ...(this.state.layers ? { layers: this.state.layers } : {}) };
  }

  /** How it is looked at, as the server understands it. */
  get look() {
    const { psi, off, noise } = this.state;
    return { ...(psi === null ? {} : { psi }), ...(off.length ? { off } : {}), ...(noise.length ? { noise } : {}) };
  }

  /** While a hand moves something. */
  move(change) {
    this.state = { ...this.state, ...change };
    this.changed(false);
  }

  /** A change that is complete; without one, the hand has let go of what it moved. */
  end(change = {}) {
    this.state = { ...this.state, ...change };
    if (this.isMoving) {
      this.past = [...this.past, this.kept].slice(-MOST_UNDONE);
      this.future = [];
      this.kept = this.state;
    }
    this.changed(true);
  }

  /** Goes to a place; the moves from the former one go. */
  go(base, ended = true) {
    if (ended) this.end({ base, moves: {} });
    else this.move({ base, moves: {} });
  }

  /** The place is this latent now, whatever it was made of: nothing moves, and there is nothing to undo. `look`: how it is looked at now. */
  settle(base, look = {}) {
    this.state = { ...this.state, ...look, base, moves: {} };
    this.kept = this.state;
  }

  get canUndo() {
    return this.past.length > 0 || this.isMoving;
  }

  /** Something has moved that no hand has let go of yet. */
  get isMoving() {
    return JSON.stringify(this.state) !== JSON.stringify(this.kept);
  }

  /** What was drawn by hand stays as it is, and is no step any more: nobody sees it from now on. */
  forget(name) {
    const value = this.state[name];
    this.rewrite((state) => ({ ...state, [name]: value }));
  }

  /** Moves along directions that are gone are in no step any more. Whether the current place was moved along one. */
  without(isGone) {
    const { moves } = this.state;
    this.rewrite((state) => ({ ...state, moves: Object.fromEntries(Object.entries(state.moves).filter(([name]) => !isGone(name))) }));
    return Object.keys(moves).some(isGone);
  }

  /** Every step as this makes it; steps between which nothing happens then are one. */
  rewrite(change) {
    const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
    const all = [...this.past, this.kept, ...this.future].map(change);
    const here = this.past.length;
    const past = all.slice(0, here).filter((state, i) => !same(state, all[i + 1]));
    const future = all.slice(here + 1).filter((state, i) => !same(state, all[here + i]));
    Object.assign(this, { past, future, kept: all[here], state: change(this.state) });
  }

  /** What has moved goes back to where it was before a hand took it. */
  drop() {
    this.state = this.kept;
    this.changed(true);
  }

  undo() {
    if (this.isMoving) this.end();
    if (!this.past.length) return;
    this.future = [this.kept, ...this.future];
    this.kept = this.state = this.past.at(-1);
    this.past = this.past.slice(0, -1);
    this.changed(true);
  }

  redo() {
    if (!this.future.length) return;
    this.past = [...this.past, this.kept];
    [this.kept, ...this.future] = this.future;
    this.state = this.kept;
    this.changed(true);
  }
}
