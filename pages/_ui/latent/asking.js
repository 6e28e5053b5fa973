// Questions to the server about a generator, and their answers. While somebody drags, only the newest question of a kind counts.

class Asker {
  constructor(link) {
    this.link = link;
    this.n = 0;
    this.open = new Map(); // number -> question
    this.lanes = {}; // name -> what shall be asked next, while something is on its way
  }

  /** -> {done: a promise of {facts, arrays, step}, drop()}. `tell(answer)`: what there is so far, with its share. The promise fails with an Error
   * whose message can be shown; of one that was called off it stays silent for ever. */
  ask(name, step, asked, tell = () => {}) {
    this.n += 1;
    const n = this.n;
    const question = { n, message: { ...asked, n, ask: name, step }, tell };
    const done = new Promise((resolve, reject) => Object.assign(question, { resolve, reject }));
    this.open.set(n, question);
    if (this.link.state === "open") this.link.send(question.message);
    const drop = () => {
      if (this.open.delete(n)) this.link.send({ drop: n });
    };
    return { done, drop };
  }

  /** Asks at once where nothing of this lane is on its way, else when that has come; of several that wait only the last is asked. */
  latest(lane, name, step, asked, then, failed) {
    const wish = { name, step, asked, then, failed };
    if (this.lanes[lane]) this.lanes[lane].next = wish;
    else this.run(lane, wish);
  }

  async run(lane, wish) {
    const place = { next: null };
    this.lanes[lane] = place;
    try {
      wish.then(await this.ask(wish.name, wish.step, wish.asked).done);
    } catch (error) {
      wish.failed?.(error);
    } finally {
      delete this.lanes[lane];
      if (place.next) this.run(lane, place.next);
    }
  }

  /** The connection is there (again): what is still open is asked on it. */
  connected() {
    for (const { message } of this.open.values()) this.link.send(message);
  }

  frame(buffer) {
    const { header, arrays } = parseFrame(buffer);
    this.link.works();
    const question = this.open.get(header.n);
    if (!question) return; // called off
    const answer = { facts: header.facts, arrays, shapes: header.arrays, step: header.step, share: header.share };
    if (header.share < 1) return question.tell(answer);
    this.open.delete(header.n);
    question.resolve(answer);
  }

  failed({ n, message, kind }) {
    const question = this.open.get(n);
    this.open.delete(n);
    question?.reject(Object.assign(new Error(message), { kind }));
  }

  forget() {
    for (const n of this.open.keys()) this.link.send({ drop: n });
    this.open.clear();
    this.lanes = {};
  }
}

/** Float32Array -> base64 that is safe in an address, and back. Little-endian, as all browsers' machines are. */
function encodeFloats(values) {
  const bytes = new Uint8Array(new Float32Array(values).buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function decodeFloats(text) {
  return new Float32Array(decodeBase64(text.replaceAll("-", "+").replaceAll("_", "/")));
}
