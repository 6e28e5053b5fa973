// Files on their way to the server: a drop zone, one request for all of them, its progress, a way to end it.

/** An upload outlives the component: Streamlit mounts it anew whenever the dialog is opened. */
function kept(tray) {
  window.ganBrought ??= new Map();
  if (!window.ganBrought.has(tray)) window.ganBrought.set(tray, { request: null, sent: 0, total: 0, files: 0, said: "", show: () => {} });
  return window.ganBrought.get(tray);
}

/** All files below what was dropped, as [name with folders, File]. Entries must be asked for before anything is awaited. */
async function dropped(transfer, most) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => [file.name, file]);
  const found = [];
  const walk = async (entry) => {
    if (found.length > most) return;
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      found.push([entry.fullPath.replace(/^\//, ""), file]);
      return;
    }
    const reader = entry.createReader();
    for (;;) { // a reader gives a hundred at a time
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) return;
      for (const one of some) await walk(one);
    }
  };
  for (const entry of entries) await walk(entry);
  return found;
}

/** What the server's route takes: of each file the lengths of its name and of itself, its name, its bytes. Nothing is read into memory. */
function framed(files) {
  const parts = [];
  for (const [name, file] of files) {
    const text = new TextEncoder().encode(name);
    const head = new DataView(new ArrayBuffer(12));
    head.setUint32(0, text.length);
    head.setBigUint64(4, BigInt(file.size));
    parts.push(head.buffer, text, file);
  }
  return new Blob(parts);
}

class Bringer {
  constructor(root) {
    this.root = root;
    this.ends = new AbortController();
  }

  update(component) {
    this.component = component;
    this.data = component.data;
    this.state = kept(this.data.tray);
    this.state.show = () => this.paint();
    this.state.done = (result) => this.component.setTriggerValue("brought", result);
    if (!this.built) this.build();
    this.paint();
  }

  word(code, values = {}) {
    return (this.data.labels[code] ?? code).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  }

  mb(bytes) {
    return new Intl.NumberFormat(this.data.lang, { maximumFractionDigits: bytes < 1e7 ? 1 : 0 }).format(bytes / 1e6);
  }

  build() {
    this.built = true;
    const listen = (target, type, action) => target.addEventListener(type, action, { signal: this.ends.signal });
    const button = (code, action) => {
      const made = h("button", { type: "button", class: "gb-button", "data-do": code, title: this.word(`${code}.help`) }, this.word(code));
      listen(made, "click", action);
      return made;
    };
    const input = (name, attributes) => {
      const made = h("input", { type: "file", hidden: "", "data-name": name, "aria-label": this.word(name), ...attributes });
      listen(made, "change", () => {
        const files = [...made.files].map((file) => [file.webkitRelativePath || file.name, file]);
        made.value = "";
        this.send(files);
      });
      return made;
    };
    const files = input("files", this.data.single ? { accept: ".zip" } : { multiple: "" });
    const folders = this.data.single ? [] : [input("folder", { webkitdirectory: "" })];
    this.zone = h("div", { class: "gb-zone" },
      h("div", { class: "gb-lead" }, this.word("drop")),
      h("div", { class: "gb-buttons" }, button("files", () => files.click()), ...folders.map((folder) => button("folder", () => folder.click()))),
      h("div", { class: "gb-note" }, this.word("limits", { mb: this.mb(this.data.bytes), count: new Intl.NumberFormat(this.data.lang).format(this.data.pictures) })), files, ...folders);
    this.bar = h("progress", { max: "1", "aria-label": this.word("sending.short") });
    this.text = h("span", { class: "gb-text" });
    this.going = h("div", { class: "gb-going" }, this.text, this.bar, button("cancel", () => this.state.request?.abort()));
    this.say = h("div", { class: "gb-say", role: "alert" });
    this.root.replaceChildren(this.zone, this.going, this.say);
    listen(this.root, "dragover", (event) => { event.preventDefault(); event.stopPropagation(); this.zone.classList.add("gb-over"); });
    listen(this.root, "dragleave", () => this.zone.classList.remove("gb-over"));
    listen(this.root, "drop", async (event) => {
      event.preventDefault();
      event.stopPropagation();
      this.zone.classList.remove("gb-over");
      try {
        this.send(await dropped(event.dataTransfer, this.data.entries));
      } catch {
        this.tell("unreadable");
      }
    });
  }

  tell(code, values) {
    this.state.said = code ? this.word(code, values) : "";
    this.paint();
  }

  send(files) {
    const { state, data } = this;
    if (state.request || !files.length) return;
    const total = files.reduce((sum, [, file]) => sum + file.size, 0);
    if (files.length > data.entries) return this.tell("too.many", { count: data.entries });
    if (total > data.bytes - data.held) return this.tell("too.large", { size: this.mb(total), mb: this.mb(data.bytes) });
    const request = new XMLHttpRequest();
    const address = new URL("api/uploads", appBase());
    address.searchParams.set("lang", data.lang);
    Object.assign(state, { request, sent: 0, total, files: files.length, said: "" });
    const broken = this.word("broken");
    const end = (said, result = null) => {
      Object.assign(state, { request: null, said });
      state.show();
      if (result) state.done(result);
    };
    request.open("POST", address);
    request.setRequestHeader("Authorization", `Bearer ${data.token}`);
    request.responseType = "json";
    request.upload.onprogress = (event) => { state.sent = event.loaded; state.show(); };
    request.onload = () => (request.status === 200 ? end("", request.response) : end(request.response?.error || broken));
    request.onerror = () => end(broken);
    request.onabort = () => end("");
    request.send(framed(files));
    this.paint();
    return undefined;
  }

  paint() {
    const { state } = this;
    const going = state.request !== null;
    const share = state.total ? Math.min(1, state.sent / state.total) : 0;
    this.zone.hidden = going;
    this.going.hidden = !going;
    this.bar.value = share;
    this.text.textContent = this.word("sending", { count: new Intl.NumberFormat(this.data.lang).format(state.files), sent: this.mb(state.sent), total: this.mb(state.total) });
    this.say.textContent = state.said;
    this.say.hidden = !state.said;
    this.root.dataset.state = going ? "sending" : "waiting";
  }
}

export default function bring(component) {
  const host = component.parentElement;
  const root = host.querySelector(".gb");
  if (!host.ganBringer || host.ganBringer.root !== root || host.ganBringer.ends.signal.aborted) host.ganBringer = new Bringer(root);
  const bringer = host.ganBringer;
  bringer.update(component);
  return () => { if (!root.isConnected) bringer.ends.abort(); };
}
