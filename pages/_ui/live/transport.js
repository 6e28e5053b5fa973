// What the transport has beside its buttons: a menu of rarer commands, a question before something is lost, and the speed.

/** A button that opens a list of commands below it. Arrow keys move, Escape and a click elsewhere close. */
class Menu {
  /** `items`: [name, press()], named in words as `name` and `name.help`. */
  constructor(ui, items) {
    const { words } = ui;
    this.items = new Map(items.map(([name, press]) => [name,
      h("button", { type: "button", role: "menuitem", tabindex: "-1", class: "gl-menu-item", "data-do": name,
        onclick: () => {
          this.show(false);
          this.button.focus();
          press();
        } }, icon(name), h("span", {}, h("b", {}, words.get(name)), h("small", {}, words.get(`${name}.help`))))]));
    this.list = h("div", { class: "gl-menu", role: "menu", "aria-label": words.get("more"), hidden: "" }, ...this.items.values());
    this.button = h("button", { type: "button", class: "gl-button gl-button-more", "aria-haspopup": "menu", "aria-expanded": "false",
      onclick: () => this.show(this.list.hidden) }, icon("more"), h("span", {}, words.get("more")));
    this.box = h("div", { class: "gl-more" }, this.button, this.list);
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("focusout", (event) => !this.box.contains(event.relatedTarget) && this.show(false));
    this.describe(words);
  }

  /** Not every run has every command: the button says which are in the list. */
  describe(words) {
    const here = [...this.items].filter(([, item]) => !item.classList.contains("gl-gone"));
    const tip = words.list(here.map(([name]) => words.get(name)));
    if (this.button.dataset.tip !== tip) this.button.dataset.tip = tip;
  }

  show(open) {
    if (this.list.hidden === !open) return;
    this.list.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    if (open) this.enabled()[0]?.focus();
  }

  enabled() {
    return [...this.items.values()].filter((item) => !item.disabled);
  }

  key(event) {
    if (this.list.hidden) return;
    const items = this.enabled();
    const at = items.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (event.key === "Escape") {
      this.show(false);
      this.button.focus();
    } else if (to !== undefined && items.length) items[(to + items.length) % items.length].focus();
    else return;
    event.preventDefault();
  }
}

/** Asks before something is lost: what will happen, a button that does it, and one that does not. */
class Question {
  constructor(ui) {
    this.ui = ui;
    const { words } = ui;
    this.text = h("p", {});
    this.yes = h("button", { type: "button", class: "gl-button gl-button-yes", onclick: () => this.answer() });
    const no = h("button", { type: "button", class: "gl-button", onclick: () => this.box.close() }, words.get("cancel"));
    this.box = h("dialog", { class: "gl-dialog gl-question" }, this.text, h("div", { class: "gl-question-bar" }, no, this.yes));
    this.box.addEventListener("click", (event) => event.target === this.box && this.box.close());
  }

  ask(text, yes, then) {
    if (!this.box.isConnected) this.ui.root.append(this.box);
    setText(this.text, text);
    setText(this.yes, yes);
    this.box.setAttribute("aria-label", yes);
    this.then = then;
    if (!this.box.open) this.box.showModal();
  }

  answer() {
    this.box.close();
    this.then();
  }
}

/** How many steps a second at most: what the server says, until somebody chooses. */
class Speed {
  constructor(ui, send) {
    const { words } = ui;
    this.ui = ui;
    this.select = h("select", { class: "gl-select", "aria-label": words.get("speed"), onchange: () =>
      send({ do: "speed", value: Number(this.select.value) }) });
    this.options = words.get("speed.options").split(",").map(Number);
    this.box = h("label", { class: "gl-speed", "data-tip": words.get("speed.help") }, h("span", {}, words.get("speed")), this.select);
    this.fill(this.options);
  }

  fill(options) {
    const { words } = this.ui;
    this.select.replaceChildren(...options.map((value) => h("option", { value: String(value) },
      value ? words.counted("speed.value", value, { value: words.number(value) }) : words.get("speed.full"))));
  }

  show(speed) {
    if (speed === undefined || speed === this.shown) return;
    this.shown = speed;
    if (!this.options.includes(speed)) this.fill([...new Set([...this.options, speed])].sort((a, b) => a - b));
    this.select.value = String(speed);
  }
}
