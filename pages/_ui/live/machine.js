// Under the progress bar: how far the run is, how long it will take, where it is computed and what it needs there.

const LEFT_MOVES = 0.6; // of its unit: what is written of the time left moves by more than that, or rests
const GIGA = 1e9;

class MachineLine {
  constructor(ui) {
    this.ui = ui;
    this.parts = Object.fromEntries(["progress", "left", "device", "memory"].map((name) => [name, h("span", { class: `gl-machine-${name}`, tabindex: "0" })]));
    this.box = h("div", { class: "gl-machine gl-gone", role: "group", "aria-label": ui.words.get("machine") }, ...Object.values(this.parts));
  }

  show(header) {
    const { machine } = header;
    const known = Boolean(machine?.device);
    this.box.classList.toggle("gl-gone", !known);
    if (!known) return;
    this.write("progress", ...this.progress(header));
    this.write("left", this.left(header), this.ui.words.get("machine.left.help"));
    this.write("device", this.device(machine), this.ui.words.get("machine.device.help"));
    this.write("memory", ...this.memory(machine));
  }

  write(name, text, help) {
    setText(this.parts[name], text);
    if (this.parts[name].dataset.tip !== help) this.parts[name].dataset.tip = help;
  }

  progress({ progress, images, horizon }) {
    const { words } = this.ui;
    if (!horizon) return [words.get("machine.endless"), words.get("machine.endless.help")];
    const help = words.get("machine.progress.help", { images: words.number(images), horizon: words.number(horizon) });
    if (progress >= 1) return [words.get("machine.done"), help];
    return [words.get("machine.progress", { value: words.number(Math.floor(progress * 100) / 100, 0, "percent") }), help];
  }

  /** In whole units, each of which is left only for one that is clearly nearer. */
  left({ left, status }) {
    if (left === null || left === undefined || status !== "running") {
      this.written = null;
      return "";
    }
    const unit = left < 60 ? 5 : left < 3600 ? 60 : 300;
    if (!this.written || this.written.unit !== unit || Math.abs(left - this.written.seconds) > LEFT_MOVES * unit) {
      this.written = { unit, seconds: Math.max(unit, Math.round(left / unit) * unit) };
    }
    return this.ui.words.get("machine.left", { time: this.time(this.written.seconds) });
  }

  time(seconds) {
    const { words } = this.ui;
    if (seconds < 60) return words.get("machine.seconds", { seconds: words.number(seconds) });
    const minutes = Math.round(seconds / 60);
    if (minutes < 60) return words.get("machine.minutes", { minutes: words.number(minutes) });
    return words.get("machine.hours", { hours: words.number(Math.floor(minutes / 60)), minutes: words.number(minutes % 60) });
  }

  device({ device, name, threads }) {
    return device === "cpu" ? this.ui.words.get("machine.cpu", { threads: this.ui.words.number(threads) }) : name || this.ui.words.get("machine.mps");
  }

  memory({ weights, activations, pictures, allocated, reserved }) {
    const { words } = this.ui;
    const size = (bytes) => this.size(bytes);
    const help = [words.get("machine.memory.help", { weights: size(weights), activations: size(activations), pictures: size(pictures) })];
    const text = [words.get("machine.memory", { size: size(weights + activations + pictures) })];
    if (allocated !== undefined) {
      text.push(words.get("machine.memory.gpu", { allocated: size(allocated) }));
      help.push(words.get("machine.memory.cuda", { allocated: size(allocated), reserved: size(reserved) }));
    }
    return [text.join(" · "), help.join("\n")];
  }

  size(bytes) {
    const { words } = this.ui;
    if (bytes >= GIGA) return `${words.number(bytes / GIGA, 1)} GB`;
    const mega = bytes / 1e6;
    return mega >= 1 || bytes === 0 ? `${words.number(mega)} MB` : `${words.number(mega, 1)} MB`;
  }
}
