// Places that somebody keeps: with the run, or, where it is another's, in this page until it is closed. And the files and links they leave as.

const KEPT_SIZE = 56;
const KEPT_CHARACTERS = 80_000; // of favourites in one question
const KEPT_LARGEST = 64 * 2 ** 20; // bytes of a file that is read
const KEPT_SAID_MS = 12_000;
const LONGEST_LINK = 8000; // many a proxy takes no longer address
const LARGE_PICTURE = 256; // pixels: from here on nothing is enlarged

class Favourites {
  constructor(desk) {
    this.desk = desk;
    const { words } = desk;
    const button = (code, picture, run) => h("button", { type: "button", class: "gl-button", "data-do": code, "aria-label": words.get(code), "data-tip": words.get(`${code}.help`), onclick: run }, ...(picture ? [icon(picture)] : []), h("span", {}, words.get(code)));
    this.list = [];
    this.items = new Map(); // id -> its picture and name in the row
    this.queue = new Set(); // items whose picture is to be drawn
    this.star = button("fav.keep", "star", () => this.keep());
    this.copy = button("fav.link", null, () => desk.at && this.copyLink({ at: desk.at.at, look: desk.walk.look, step: desk.step }));
    this.file = h("input", { type: "file", class: "gl-gone", multiple: "", accept: ".png,.json,image/png,application/json", "aria-label": words.get("fav.import"), onchange: () => this.takeIn([...this.file.files]) });
    this.saveAll = button("fav.all", "save", () => this.saveJson(this.list, "favourites"));
    this.saveAll.lastChild.remove();
    this.bar = h("div", { class: "gx-kept-bar" }, this.star, this.copy, button("fav.import", null, () => this.file.click()), this.saveAll, this.file);
    this.row = h("div", { class: "gx-kept-row", role: "list" });
    this.said = h("div", { class: "gx-kept-said", role: "status" });
    this.menu = h("div", { class: "gl-menu gx-kept-menu", role: "menu", hidden: "" });
    this.box = h("section", { class: "gx-kept", "aria-label": words.get("fav.title") }, h("div", { class: "gx-kept-line" }, this.bar, this.row), this.said, this.menu);
    this.sight = new IntersectionObserver((seen) => seen.forEach(({ target, isIntersecting }) => this.inSight(target, isIntersecting)), { rootMargin: "200px" });
    this.menu.addEventListener("keydown", (event) => event.key === "Escape" && this.close(true));
    this.menu.addEventListener("focusout", (event) => event.relatedTarget && !this.menu.contains(event.relatedTarget) && this.close());
    desk.root.addEventListener("pointerdown", (event) => !this.menu.hidden && !event.composedPath().includes(this.menu) && !event.composedPath().includes(this.opener) && this.close(), { signal: desk.ends.signal });
    this.show();
  }

  get owns() {
    return this.desk.capability === "control";
  }

  /** Those of a visitor: nothing keeps them but this page. */
  get own() {
    return (this.desk.memory.favourites ??= []);
  }

  // -- the list --------------------------------------------------------------------------------------------------

  /** Another moment of the run: what is not kept of its own moment looks different now. */
  about() {
    if (!this.asked) {
      this.asked = true;
      this.load();
      return;
    }
    for (const item of this.items.values()) if (item.drawn !== undefined && item.drawn !== this.stepOf(item.one)) this.want(item);
    this.settled();
  }

  load() {
    this.tell("favourites", {}).catch((error) => this.desk.say(error.message, true));
  }

  /** Asks for a change of what the run keeps; all of it comes back. */
  async tell(name, asked) {
    const { facts } = await this.desk.ask(name, asked).done;
    const before = this.damaged;
    this.kept = facts.favourites;
    this.damaged = facts.damaged;
    this.show();
    if (this.damaged && this.damaged !== before) this.desk.say(this.desk.words.get("fav.damaged", { count: this.desk.words.number(this.damaged) }), true);
  }

  show() {
    const { words } = this.desk;
    this.list = [...(this.kept ?? []), ...this.own];
    const there = new Set(this.list.map((one) => one.id));
    for (const [id, item] of this.items) {
      if (there.has(id)) continue;
      this.sight.unobserve(item.box);
      this.queue.delete(item);
      this.items.delete(id);
    }
    for (const one of this.list) {
      if (!this.items.has(one.id)) this.items.set(one.id, this.item(one));
      const item = this.items.get(one.id);
      item.one = one;
      setText(item.name, one.name);
      item.go.setAttribute("aria-label", words.get("fav.go", { name: one.name }));
      item.more.setAttribute("aria-label", words.get("fav.menu", { name: one.name }));
      this.mark(item);
    }
    this.row.replaceChildren(...this.list.map((one) => this.items.get(one.id).box));
    this.row.classList.toggle("gl-gone", !this.list.length);
    this.saveAll.classList.toggle("gl-gone", !this.list.length);
    this.settled();
  }

  item(one) {
    const item = { one, canvas: h("canvas", { "aria-hidden": "true" }), name: h("span", {}) };
    item.go = h("button", { type: "button", class: "gx-kept-go", onclick: () => this.visit(item.one) }, item.canvas);
    item.more = h("button", { type: "button", class: "gx-kept-name", "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => this.toggle(item) }, item.name, icon("unfold"));
    item.box = h("div", { class: "gx-kept-one", role: "listitem" }, item.go, item.more);
    item.box.ganItem = item;
    this.sight.observe(item.box);
    return item;
  }

  /** Says whether its picture is exactly the one that was kept. */
  mark(item) {
    const { one } = item;
    item.box.classList.toggle("gx-kept-other", !one.there);
    const said = [one.name, this.desk.atStep(one.there ? "fav.step" : "fav.step.gone", one.step), one.own ? this.desk.words.get("fav.own") : ""];
    item.go.dataset.tip = said.filter(Boolean).join("\n");
  }

  // -- pictures --------------------------------------------------------------------------------------------------

  stepOf(one) {
    return one.there ? one.step : this.desk.step;
  }

  inSight(box, seen) {
    box.ganItem.seen = seen;
    if (seen && box.ganItem.drawn !== this.stepOf(box.ganItem.one)) this.want(box.ganItem);
  }

  want(item) {
    if (!item.seen) return;
    this.queue.add(item);
    if (!this.drawing) this.drawThem();
  }

  /** Draws what is in sight, those of one moment and one look together. */
  async drawThem() {
    const { desk } = this;
    const kind = ({ one }) => `${this.stepOf(one)} ${JSON.stringify(one.look)}`;
    this.drawing = true;
    try {
      while (this.queue.size) {
        const [first] = this.queue;
        const group = [...this.queue].filter((item) => kind(item) === kind(first)).slice(0, 100);
        const step = this.stepOf(first.one);
        group.forEach((item) => this.queue.delete(item));
        try {
          const answer = await desk.asker.ask("draw", step, { places: group.map(({ one }) => ({ at: one.at })), ...first.one.look }).done;
          group.forEach((item, i) => {
            desk.paintSample(item.canvas, answer, i, KEPT_SIZE);
            item.drawn = step;
          });
        } catch (error) {
          for (const item of group) {
            if (item.one.there && error.kind === "RunError") {
              item.one.there = false; // it is not kept any more
              this.mark(item);
              this.queue.add(item);
            } else item.drawn = step;
          }
        }
      }
    } finally {
      this.drawing = false;
    }
  }

  repaint() {
    if (this.desk.about.kind !== "points") return;
    for (const item of this.items.values()) {
      item.drawn = undefined;
      this.want(item);
    }
  }

  // -- the current place -----------------------------------------------------------------------------------------

  /** The favourite that is the picture on the screen. */
  here() {
    const { at, step, walk } = this.desk;
    const look = JSON.stringify(walk.look);
    return at ? this.list.find((one) => one.at === at.at && one.step === step && JSON.stringify(one.look) === look) : undefined;
  }

  settled() {
    this.star.disabled = this.copy.disabled = !this.desk.at;
    this.star.setAttribute("aria-pressed", String(Boolean(this.here())));
  }

  async keep() {
    const { desk } = this;
    const { words } = desk;
    if (!desk.at) return;
    const already = this.here();
    if (already) {
      this.say(words.get("fav.already", { name: already.name }));
      return;
    }
    const name = this.newName();
    try {
      await this.add([{ name, at: desk.at.at, look: desk.walk.look, step: desk.step }]);
    } catch (error) {
      desk.say(error.message, true);
      return;
    }
    this.row.lastElementChild?.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.say(words.get(this.owns ? "fav.kept" : "fav.kept.here", { name }));
  }

  newName() {
    const { words, walk, about } = this.desk;
    const { base } = walk.state;
    const names = new Set(this.list.map((one) => one.name));
    if ("seed" in walk.place) {
      const name = words.get("slot.seed", { seed: base.seed }) + (base.class === undefined ? "" : `, ${about.classes[base.class]}`);
      if (!names.has(name)) return name;
    }
    for (let i = this.list.length + 1; ; i += 1) {
      const name = words.get("fav.name", { index: i });
      if (!names.has(name)) return name;
    }
  }

  /** Keeps them: with the run where it is one's own, else here. */
  async add(ones) {
    if (this.owns) {
      for (const favourites of chunksOf(ones)) await this.tell("keep", { favourites });
      return;
    }
    const created = new Date().toISOString();
    for (const one of ones) {
      this.count = (this.count ?? this.own.length) + 1;
      this.own.push({ created, ...one, id: `here-${this.count}-${Date.now()}`, there: true, own: true });
    }
    this.show();
  }

  /** Goes to a favourite, looked at as it was. */
  visit(one) {
    const { base, region, sketch, ...plain } = new Walk(() => {}).state;
    this.desk.walk.end({ ...plain, ...one.look, base: { at: one.at } });
  }

  /** And to the moment that it was kept at. */
  visitThen(one) {
    const { desk } = this;
    desk.memory.moment = one.step;
    desk.goTo(one.step);
    desk.moments.show();
    this.visit(one);
  }

  // -- the menu of one -------------------------------------------------------------------------------------------

  toggle(item) {
    if (this.menu.hidden || this.opener !== item.more) this.open(item);
    else this.close(true);
  }

  open(item) {
    this.close();
    const { desk } = this;
    const { one } = item;
    const { words, about } = desk;
    const entry = (code, run, values = {}) => h("button", { type: "button", class: "gl-menu-item", role: "menuitem", "data-code": code, onclick: () => {
      this.close(true);
      run();
    } }, h("span", {}, h("b", {}, words.get(`fav.${code}`, values)), ...(words.has(`fav.${code}.text`) ? [h("small", {}, words.get(`fav.${code}.text`, values))] : [])));
    const entries = [];
    if (one.there && one.step !== desk.step) entries.push(entry("then", () => this.visitThen(one), { step: words.number(one.step) }));
    const changes = one.own || this.owns;
    if (changes) entries.push(h("button", { type: "button", class: "gl-menu-item", role: "menuitem", "data-code": "rename", onclick: () => this.askName(item) }, h("span", {}, h("b", {}, words.get("fav.rename")))));
    entries.push(entry("copy", () => this.copyLink(one)));
    entries.push(entry("png", () => this.savePng(one, false)));
    if (about.kind === "images" && Math.max(...about.shape.slice(1)) < LARGE_PICTURE) entries.push(entry("png.large", () => this.savePng(one, true)));
    entries.push(entry("json", () => this.saveJson([one], one.name)), entry("script", () => this.saveScript(one)));
    if (changes) entries.push(entry("remove", () => this.remove(one)));
    this.menu.replaceChildren(...entries);
    this.opened(item);
    entries[0].focus({ preventScroll: true });
  }

  opened(item) {
    this.opener = item.more;
    this.menu.hidden = false;
    item.more.setAttribute("aria-expanded", "true");
    const [own, under] = [this.box.getBoundingClientRect(), item.box.getBoundingClientRect()];
    const below = under.bottom + this.menu.offsetHeight + 8 < window.innerHeight || under.top < this.menu.offsetHeight + 60;
    const left = Math.max(0, Math.min(under.left - own.left, own.width - this.menu.offsetWidth));
    Object.assign(this.menu.style, { left: `${left}px`, right: "auto", top: `${below ? under.bottom - own.top + 4 : under.top - own.top - this.menu.offsetHeight - 4}px` });
  }

  close(back = false) {
    if (this.menu.hidden) return;
    this.menu.hidden = true;
    this.opener.setAttribute("aria-expanded", "false");
    if (back) this.opener.focus({ preventScroll: true });
  }

  askName(item) {
    const { words } = this.desk;
    const name = h("input", { type: "text", class: "gx-number", maxlength: "80", value: item.one.name, "aria-label": words.get("fav.rename.name") });
    const form = h("form", { class: "gx-kept-form" }, name, h("button", { type: "submit", class: "gl-button" }, words.get("fav.rename.yes")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const said = name.value.trim();
      if (!said) return;
      this.close(true);
      this.rename(item.one, said);
    });
    this.menu.replaceChildren(form);
    this.opened(item);
    name.select();
  }

  async rename(one, name) {
    if (one.own) {
      one.name = name;
      this.show();
      return;
    }
    await this.tell("rename", { id: one.id, name }).catch((error) => this.desk.say(error.message, true));
  }

  async remove(one) {
    const { words } = this.desk;
    try {
      if (one.own) {
        this.own.splice(this.own.indexOf(one), 1);
        this.show();
      } else await this.tell("forget", { id: one.id });
    } catch (error) {
      this.desk.say(error.message, true);
      return;
    }
    const { there, own, ...said } = one;
    this.say(words.get("fav.removed", { name: one.name }), words.get("undo"), () => this.add([said]).catch((error) => this.desk.say(error.message, true)));
  }

  /** A sentence below the row for some seconds, perhaps with something to do about it. */
  say(text, code, run) {
    clearTimeout(this.silence);
    const quiet = () => this.said.replaceChildren();
    this.said.replaceChildren(h("span", {}, text), ...(run ? [h("button", { type: "button", class: "gl-button", onclick: () => {
      quiet();
      run();
    } }, code)] : []));
    this.silence = setTimeout(quiet, KEPT_SAID_MS);
  }

  // -- files and links -------------------------------------------------------------------------------------------

  async copyLink(one) {
    const { words } = this.desk;
    const link = linkTo(this.desk.data.run, one);
    if (link.length > LONGEST_LINK) {
      this.say(words.get("fav.link.long"));
      return;
    }
    try {
      await navigator.clipboard.writeText(link);
      this.say(words.get("fav.link.copied"));
    } catch { // a page without https may not: then by hand
      const field = h("input", { type: "text", class: "gx-number gx-kept-link", readonly: "", value: link, "aria-label": words.get("fav.link.by_hand") });
      this.say(words.get("fav.link.by_hand"));
      clearTimeout(this.silence);
      this.said.append(field);
      field.select();
    }
  }

  async savePng(one, large) {
    await this.saveMade("as_png", { name: one.name, at: one.at, look: one.look, large }, one, "image/png");
    if (!one.there) this.say(this.desk.words.get("fav.step.gone", { step: this.desk.words.number(one.step) }));
  }

  async saveScript(one) {
    const facts = await this.saveMade("as_script", { name: one.name, at: one.at, look: one.look }, one, "text/x-python");
    if (facts) this.say(this.desk.words.get(this.desk.about.saves ? "fav.script.how" : "fav.script.how.onnx", { name: facts.name, file: facts.checkpoint, run: this.desk.data.run }));
  }

  async saveMade(name, asked, one, type) {
    try {
      const { facts, arrays } = await this.desk.asker.ask(name, this.stepOf(one), asked).done;
      downloadAs(facts.name, arrays.file, type);
      return facts;
    } catch (error) {
      this.desk.say(error.message, true);
      return null;
    }
  }

  saveJson(ones, name) {
    const favourites = ones.map(({ name: called, at, look, step, created }) => ({ name: called, at, look, step, created }));
    const text = JSON.stringify({ "gan-playground": "favourites", version: 1, run: this.desk.data.run, favourites }, null, 1);
    const plain = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 40);
    downloadAs([this.desk.data.run, plain].filter(Boolean).join("-") + ".json", text, "application/json");
  }

  /** Takes in what files hold, and says of each that holds nothing what is wrong with it. */
  async takeIn(files) {
    const { desk } = this;
    const { words } = desk;
    this.file.value = "";
    desk.say("");
    const taken = [];
    let refused = 0;
    let others = false;
    for (const file of files) {
      try {
        const { run, favourites } = await favouritesIn(file, words);
        others ||= run !== desk.data.run;
        for (const part of chunksOf(favourites)) {
          const { facts } = await desk.ask("checked", { run, favourites: part }).done;
          taken.push(...facts.favourites);
          refused += facts.refused;
        }
      } catch (error) {
        desk.say(desk.words.pair(file.name, error.message), true);
      }
    }
    if (!taken.length) return;
    try {
      await this.add(taken);
    } catch (error) {
      desk.say(error.message, true);
      return;
    }
    this.row.lastElementChild?.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (taken.length === 1) this.visit(taken[0]);
    this.say(words.joined([words.get("fav.taken", { count: words.number(taken.length) }), ...(refused ? [words.get("fav.refused", { count: words.number(refused) })] : []), ...(others ? [words.get("fav.others")] : [])]));
  }
}

/** The address at which exactly this place is on the screen, looked at in this way at this step. */
function linkTo(run, { at, look, step }) {
  const { psi, off, ...more } = look;
  const query = new URLSearchParams({ run, step: String(step), at });
  if (psi !== undefined) query.set("psi", String(psi));
  if (off?.length) query.set("off", off.flat().join("_"));
  if (Object.keys(more).length) query.set("look", JSON.stringify(more));
  return `${location.origin}${location.pathname}?${query}`;
}

/** Lists that each fit into one question. */
function chunksOf(ones) {
  const chunks = [[]];
  let size = 0;
  for (const one of ones) {
    const more = JSON.stringify(one)?.length ?? 0;
    if (chunks.at(-1).length && size + more > KEPT_CHARACTERS) {
      chunks.push([]);
      size = 0;
    }
    chunks.at(-1).push(one);
    size += more;
  }
  return chunks.filter((chunk) => chunk.length);
}

/** File -> {run, favourites: […], not checked yet}. Fails with an Error whose message can be shown. */
async function favouritesIn(file, words) {
  if (file.size > KEPT_LARGEST) throw new Error(words.get("fav.bad.large"));
  const bytes = new Uint8Array(await file.arrayBuffer());
  const isPng = PNG_BEGINS.every((byte, i) => bytes[i] === byte);
  const text = isPng ? pngText(bytes, "gan-playground") : new TextDecoder().decode(bytes);
  if (text === null) throw new Error(words.get("fav.bad.png"));
  let said;
  try {
    said = JSON.parse(text);
  } catch {
    throw new Error(words.get(isPng ? "fav.bad.png" : "fav.bad.json"));
  }
  const isObject = typeof said === "object" && said !== null;
  if (isPng && isObject) return { run: String(said.run ?? ""), favourites: [said] };
  if (!isObject || said["gan-playground"] !== "favourites" || !Array.isArray(said.favourites) || !said.favourites.length) throw new Error(words.get("fav.bad.json"));
  if (said.favourites.length > 500) throw new Error(words.get("fav.bad.large"));
  return { run: String(said.run ?? ""), favourites: said.favourites };
}

const PNG_BEGINS = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** The text of a keyword in a PNG (chunk tEXt, or iTXt that is not compressed); null where there is none, or it is damaged. */
function pngText(bytes, keyword) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wanted = [...`${keyword}\0`].map((letter) => letter.charCodeAt(0));
  for (let at = 8; at + 12 <= bytes.length;) {
    const size = view.getUint32(at);
    const end = at + 8 + size;
    if (end + 4 > bytes.length) return null;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if ((type === "tEXt" || type === "iTXt") && wanted.every((code, i) => bytes[at + 8 + i] === code)) {
      if (view.getUint32(end) !== crc32(bytes.subarray(at + 4, end))) return null;
      let from = at + 8 + wanted.length;
      if (type === "tEXt") return new TextDecoder("latin1").decode(bytes.subarray(from, end));
      if (bytes[from] !== 0) return null;
      from = bytes.indexOf(0, bytes.indexOf(0, from + 2) + 1) + 1; // behind the language and the translated keyword
      return new TextDecoder().decode(bytes.subarray(from, end));
    }
    at = end + 4;
  }
  return null;
}

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
