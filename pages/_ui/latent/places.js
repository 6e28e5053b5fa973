// A place that a tool works with: its small picture, and a menu to choose another one.

const LARGEST_SEED = 2 ** 31 - 1;

function chanceSeed() {
  return Math.floor(Math.random() * 100000);
}

class Slot {
  /** `changed(place)`: somebody has chosen another place. `name`: what it is called for those who hear the page. `more`: [code, run] more entries of its menu. */
  constructor(desk, name, place, changed, more = []) {
    this.desk = desk;
    this.name = name;
    this.place = place;
    this.changed = changed;
    this.more = more;
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.label = h("span", {});
    this.button = h("button", { type: "button", class: "gx-slot-button", "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => this.toggle() }, this.canvas, this.label);
    this.menu = h("div", { class: "gl-menu gx-slot-menu", role: "menu", hidden: "" });
    this.box = h("div", { class: "gx-slot" }, this.button, this.menu);
    this.box.addEventListener("focusout", (event) => !this.box.contains(event.relatedTarget) && this.close());
    this.box.addEventListener("keydown", (event) => event.key === "Escape" && this.close(true));
    this.describe();
  }

  describe() {
    const { words } = this.desk;
    const seed = this.place && "seed" in this.place ? words.get("slot.seed", { seed: this.place.seed }) : words.get("slot.kept");
    setText(this.label, this.place ? seed : words.get("slot.empty"));
    this.button.setAttribute("aria-label", this.desk.words.pair(this.name, this.label.textContent));
  }

  toggle() {
    if (this.menu.hidden) this.open();
    else this.close();
  }

  open() {
    const { desk } = this;
    const { words } = desk;
    const entry = (code, run) => h("button", { type: "button", class: "gl-menu-item", role: "menuitem", "data-code": code, onclick: () => {
      this.close(true);
      run();
    } }, h("span", {}, h("b", {}, words.get(`slot.${code}`))));
    const entries = [entry("take", () => desk.at && this.set(desk.at)), entry("random", () => this.set(desk.seeded(chanceSeed())))];
    if (this.place) entries.push(entry("go", () => desk.walk.go(this.place)));
    for (const [code, run] of this.more) entries.push(entry(code, run));
    for (const kept of desk.favourites?.list ?? []) {
      entries.push(h("button", { type: "button", class: "gl-menu-item", role: "menuitem", onclick: () => {
        this.close(true);
        this.set({ at: kept.at });
      } }, h("span", {}, h("b", {}, words.get("slot.favourite", { name: kept.name })))));
    }
    this.menu.replaceChildren(...entries);
    this.menu.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    const box = this.box.getBoundingClientRect();
    const room = this.desk.root.getBoundingClientRect();
    this.menu.classList.toggle("gx-menu-left", box.left + this.menu.offsetWidth > room.right);
    this.menu.classList.toggle("gx-menu-up", box.bottom + this.menu.offsetHeight > window.innerHeight && box.top > this.menu.offsetHeight);
    entries[0].focus();
  }

  close(back = false) {
    if (this.menu.hidden) return;
    this.menu.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    if (back) this.button.focus();
  }

  set(place) {
    this.place = place;
    this.describe();
    this.changed(place);
  }

  /** Its picture, the `index`-th of an answer. */
  paint(answer, index) {
    this.desk.paintSample(this.canvas, answer, index, this.button.classList.contains("gx-slot-large") ? 96 : 56);
  }
}
