// The focus is never lost: when what had it leaves the page (a row is deleted, a dialog closes), it goes to what is left nearest to it, or to
// where it was before. For those who use a pointer only a dialog takes it, so that Escape still closes it; nothing moves.

const CONTROLS = "a[href], button, input, select, textarea, summary, [role=tab], [role=slider], [tabindex='0']";
const PAGE = "[data-testid='stMainBlockContainer'], [data-testid='stMain'], [data-testid='stSidebarContent'], .stApp"; // too much to be near
const DIALOG = "[data-testid='stDialog'] [role=dialog], [role=dialog][aria-modal=true]";
const REMEMBERED = 10;
const PATIENCE_MS = 150; // the page is drawn anew in several goes, and some parts give the focus back themselves

class Keeper {
  constructor() {
    this.trail = []; // what had the focus, each with what is around it, from the inside
    this.keyed = false;
    this.timer = null;
    addEventListener("keydown", () => (this.keyed = true), true);
    addEventListener("pointerdown", () => (this.keyed = false), true);
    document.addEventListener("focusin", (event) => this.seen(event.target));
    new MutationObserver(() => this.lost && this.soon()).observe(document.body, { childList: true, subtree: true });
  }

  seen(element) {
    const around = [];
    for (let one = element; one && one !== document.body; one = one.parentElement) around.push(one);
    this.trail = [...this.trail.slice(1 - REMEMBERED), around];
  }

  get lost() {
    const last = this.trail.at(-1);
    return last && !last[0].isConnected && [document.body, null].includes(document.activeElement);
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.lost && this.giveBack(), PATIENCE_MS);
  }

  giveBack() {
    const dialog = [...document.querySelectorAll(DIALOG)].at(-1);
    if (!this.keyed) return dialog?.focus({ preventScroll: true });
    const within = dialog ?? document.body;
    for (const around of this.trail.toReversed()) {
      const end = around.findIndex((one) => one.matches(PAGE));
      for (const one of around.slice(0, end < 0 ? around.length : end)) {
        const found = one.isConnected && within.contains(one) ? controlIn(one) : null;
        if (found) return found.focus();
      }
    }
    return controlIn(dialog ?? document.querySelector("[data-testid='stMain']"))?.focus();
  }
}

/** The element itself, or the first in it that can have the focus and be seen. */
function controlIn(element) {
  return [element, ...(element?.querySelectorAll(CONTROLS) ?? [])].find((one) =>
    one?.matches(CONTROLS) && !one.disabled && one.tabIndex >= 0 && one.checkVisibility?.({ visibilityProperty: true }) !== false);
}

export default function keep({ data }) {
  window.ganFocus ??= new Keeper();
  window.ganTrail ??= new Trail();
  document.documentElement.lang = data.language; // those who listen hear the page in its own language
}
