// The WebSocket: token first, one acknowledgement a drawn frame, silence while hidden, and patient reconnecting.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10000;
const RENEW_WAIT_MS = 15000;
const RENEWALS_A_MINUTE = 3;
const MOST_WANTS = 8;

/** Address of the app itself, whatever base path or proxy it is served under: Streamlit's own script knows. */
function appBase() {
  const script = [...document.scripts].find((s) => /\/static\/js\/[^/]+$/.test(s.src));
  return script ? new URL("../../", script.src) : new URL("./", document.baseURI);
}

function socketAddress(path) {
  const address = new URL(path, appBase());
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

class Link {
  /** `on`: frame(buffer), hello(object), state(name), renew(), and whatever else the server may say, by its name. */
  constructor(on, path = "api/live") {
    this.on = on;
    this.path = path;
    this.run = null;
    this.attempt = 0;
    this.renewals = [];
    this.wants = {};
    this.state = "closed"; // closed | connecting | open | waiting | renewing | lost
  }

  setState(state, reason = "") {
    this.state = state;
    this.on.state(state, reason);
  }

  /** Called at each rerun: connects when the run is new or a token was awaited, else only keeps the newer token. */
  use(run, token, lang, control) {
    this.lang = lang; // of sentences that the server may send
    const promoted = control !== this.control; // another process has let go of the run, say
    this.control = control;
    const same = run === this.run;
    const fresh = token !== this.token;
    this.run = run;
    this.token = token;
    if (!same) {
      this.attempt = 0;
      this.renewals = [];
      this.open();
    } else if (this.state === "closed" || (fresh && promoted) || (fresh && (this.state === "renewing" || this.state === "lost"))) this.open();
  }

  open() {
    this.drop();
    this.used = this.token;
    this.setState("connecting");
    let socket;
    try {
      socket = new WebSocket(socketAddress(this.path));
    } catch {
      this.later();
      return;
    }
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.send({ token: this.used, lang: this.lang });
      if (document.hidden) this.send({ visible: false });
    };
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = (event) => this.closed(socket, event.code);
  }

  receive(data) {
    if (typeof data !== "string") {
      this.on.frame(data);
      return;
    }
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return; // not ours
    }
    if (message.hello) {
      this.setState("open");
      this.told = "";
      this.tellWants();
      this.on.hello(message.hello);
    } else for (const [name, said] of Object.entries(message)) this.on[name]?.(said);
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** What a part of the view wants to see besides the picture, instead of what it wanted before. */
  want(part, names) {
    this.wants[part] = names;
    this.tellWants();
  }

  tellWants() {
    const names = [...new Set(Object.values(this.wants).flat())].slice(0, MOST_WANTS);
    if (this.state !== "open" || names.join() === this.told) return;
    this.told = names.join();
    this.send({ want: names });
  }

  /** A frame was drawn: the connection works, so that the next loss starts with a short wait again. */
  ack(seq) {
    this.works();
    this.send({ ack: seq });
  }

  works() {
    this.attempt = 0;
  }

  closed(socket, code) {
    if (socket !== this.socket) return;
    this.socket = null;
    if (code === 4401) this.renew();
    else if (code === 4403 || code === 4404) this.setState("lost", String(code));
    else this.later(code === 1013 ? "1013" : "");
  }

  later(reason = "") {
    const wait = reason === "1013" ? LONGEST_WAIT_MS : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.attempt);
    this.attempt += 1;
    this.setState("waiting", reason);
    this.timer = setTimeout(() => this.open(), wait * (0.75 + Math.random() * 0.25));
  }

  /** The token was refused: take a newer one if the page has issued one, else ask for one, but never in a loop. */
  renew() {
    const now = Date.now();
    this.renewals = this.renewals.filter((t) => now - t < 60000);
    if (this.renewals.length >= RENEWALS_A_MINUTE) {
      this.setState("lost", "4401");
      return;
    }
    this.renewals.push(now);
    if (this.token !== this.used) {
      this.open();
      return;
    }
    this.setState("renewing");
    this.timer = setTimeout(() => this.setState("lost", "4401"), RENEW_WAIT_MS);
    this.on.renew();
  }

  /** Back in sight or back online: no need to sit out the wait. */
  hurry() {
    if (this.state === "waiting") this.open();
  }

  drop() {
    clearTimeout(this.timer);
    const { socket } = this;
    this.socket = null;
    socket?.close(1000);
  }

  close() {
    this.drop();
    this.run = null;
    this.setState("closed");
  }
}
