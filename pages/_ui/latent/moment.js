// Which moment of the run is explored: the newest one, as the training goes on, or a kept one. The latents stay the same.

class MomentBar {
  constructor(desk) {
    this.desk = desk;
    const { words } = desk;
    this.follow = h("button", { type: "button", class: "gl-button gx-follow", "aria-pressed": "true", "data-tip": words.get("follow.help"), onclick: () => this.toggle() }, icon("watching"), h("span", {}, words.get("follow")));
    this.range = h("input", { type: "range", min: "0", max: "0", step: "1", value: "0", "aria-label": words.get("moment"), oninput: () => this.choose() });
    this.step = h("b", {});
    this.note = h("span", { class: "gx-moment-note" });
    this.file = h("button", { type: "button", class: "gl-button", "data-do": "save-model", "data-tip": words.get("model.save.help"), onclick: () => this.save() }, icon("save"), h("span", {}, words.get("model.save")));
    this.box = h("div", { class: "gx-moment" }, h("span", { class: "gx-moment-step" }, words.get("step"), this.step), this.range, this.note, this.file, this.follow);
    this.steps = [];
  }

  get following() {
    return this.desk.memory.moment === null || this.desk.memory.moment === undefined;
  }

  toggle() {
    this.desk.memory.moment = this.following ? this.desk.step : null;
    this.desk.goTo(this.following ? this.desk.newest : this.desk.step);
    this.show();
  }

  /** The generator of this moment as a file that can be explored elsewhere. */
  async save() {
    const { desk } = this;
    this.file.disabled = true;
    try {
      const { arrays, facts } = await desk.ask("as_model", {}).done;
      downloadAs(facts.name, arrays.file, "application/octet-stream");
      desk.say("");
    } catch (error) {
      desk.say(error.message, true);
    } finally {
      this.file.disabled = false;
    }
  }

  choose() {
    const step = this.steps[Number(this.range.value)];
    if (step === undefined) return;
    this.desk.memory.moment = step;
    this.desk.goTo(step);
    this.show();
  }

  /** The kept moments, asked for anew when there is a newer one. */
  refresh() {
    const { desk } = this;
    if (desk.newest === null) return;
    desk.asker.latest("steps", "steps", desk.step ?? desk.newest, {}, ({ facts }) => {
      this.steps = facts.steps;
      this.show();
    });
  }

  show() {
    const { words, step } = this.desk;
    if (step === null || step === undefined) return;
    setText(this.step, words.number(step));
    this.box.classList.toggle("gl-gone", !this.desk.about.saves); // another program's: it has no steps
    for (const part of [this.range, this.note, this.follow]) part.classList.toggle("gl-gone", Boolean(this.desk.data.model)); // it has one moment
    this.follow.setAttribute("aria-pressed", String(this.following));
    const last = Math.max(0, this.steps.length - 1);
    this.range.max = String(last);
    this.range.disabled = last === 0;
    let near = 0;
    this.steps.forEach((kept, i) => {
      if (Math.abs(kept - step) < Math.abs(this.steps[near] - step)) near = i;
    });
    this.range.value = String(this.following ? last : near);
    this.range.setAttribute("aria-valuetext", `${words.get("step")} ${words.number(step)}`);
    setText(this.note, words.get("moment.kept", { count: words.number(this.steps.length) }));
  }
}
