// What has come of a run's past, kept for the next time that the hand passes by.

const ALBUM_BYTES = 32 << 20;

/** Frames by step, as long as there is room; the one that was looked at longest ago goes first. */
class Album {
  constructor(room = ALBUM_BYTES) {
    this.room = room;
    this.clear();
  }

  clear() {
    this.frames = new Map(); // in the order of their last use
    this.bytes = 0;
  }

  /** Whether another one would push an older one out. */
  get full() {
    return this.bytes + this.bytes / Math.max(1, this.frames.size) > this.room;
  }

  has(step) {
    return this.frames.has(step);
  }

  get(step) {
    const frame = this.frames.get(step);
    this.frames.delete(step);
    this.frames.set(step, frame);
    return frame;
  }

  put(frame) {
    const { step } = frame.header;
    if (this.has(step)) this.drop(step);
    this.frames.set(step, frame);
    this.bytes += frame.bytes;
    while (this.bytes > this.room && this.frames.size > 1) this.drop(this.frames.keys().next().value);
  }

  drop(step) {
    this.bytes -= this.frames.get(step).bytes;
    this.frames.delete(step);
  }

  /** Of increasing `steps` the one that is here and nearest to `wanted`; null when none is. */
  nearest(steps, wanted) {
    let best = null;
    for (const step of steps) {
      if (!this.has(step)) continue;
      if (best !== null && Math.abs(step - wanted) >= Math.abs(best - wanted)) break;
      best = step;
    }
    return best;
  }
}

/** The indices 0 … n − 1, evenly spread at every length: both ends, the middle, the quarters, … */
function* coarseToFine(n) {
  if (n > 0) yield n - 1;
  if (n > 1) yield 0;
  for (let stride = 2 ** Math.ceil(Math.log2(Math.max(1, n - 1))); stride > 1; stride /= 2) {
    for (let i = stride / 2; i < n - 1; i += stride) yield i;
  }
}
