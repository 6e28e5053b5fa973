// Symbols of formulas are found by their colours: each gets an explanation, for the pointer, for the keyboard and for those who listen.

const TIP = "gan-symbol-tip";
const STYLE = "gan-symbol-style";
const LOOK = `
.gs-symbol { color: inherit !important; text-decoration: underline dotted 1px; text-underline-offset: 0.22em; cursor: help; border-radius: 3px; }
.gs-symbol * { color: inherit !important; }
.katex-html:has(.gs-symbol) * { pointer-events: none; } /* what KaTeX lays over an index would catch the pointer */
.katex-html .gs-symbol, .katex-html .gs-symbol * { pointer-events: auto; }
.gs-symbol.accent { border-bottom: 1px dotted; }
.gs-symbol:hover, .gs-symbol:focus-visible { background: color-mix(in srgb, var(--st-primary-color, #0f5fb5) 22%, transparent); outline: 2px solid var(--st-primary-color, #0f5fb5); }
#${TIP} { position: fixed; z-index: 1000000; max-width: min(22rem, calc(100vw - 24px)); padding: 8px 12px; border-radius: 6px; font-family: inherit; font-size: 0.875rem; line-height: 1.45;
  color: var(--st-background-color, #fff); background: var(--st-text-color, #1f2933); pointer-events: none; box-shadow: 0 4px 18px rgb(0 0 0 / 0.3); }
#${TIP}[hidden] { display: none; }
`;

let said = {};
let watcher = null;
let told = null; // the symbol that is explained now

function once(id, make) {
  const found = document.getElementById(id);
  if (found) return found;
  const made = make();
  made.id = id;
  return made;
}

function tip() {
  return once(TIP, () => {
    const made = document.createElement("div");
    made.setAttribute("role", "tooltip");
    made.hidden = true;
    // inside the app, where the theme's colours are known
    (document.querySelector(".stApp") ?? document.body).append(made);
    return made;
  });
}

function show(element, text) {
  told = element;
  const box = tip();
  box.textContent = text;
  box.hidden = false;
  const at = element.getBoundingClientRect();
  const own = box.getBoundingClientRect();
  const left = Math.min(Math.max(12, at.left + at.width / 2 - own.width / 2), innerWidth - own.width - 12);
  const above = at.top - own.height - 8;
  box.style.left = `${left}px`;
  box.style.top = `${above > 8 ? above : at.bottom + 8}px`;
}

function hide() {
  told = null;
  const box = document.getElementById(TIP);
  if (box) box.hidden = true;
}

function mark(root) {
  for (const part of root.querySelectorAll(".katex-html [style*=color]:not(.gs-symbol)")) {
    const text = said[part.style.color];
    if (!text || part.closest(".gs-symbol")) continue;
    // one symbol can be drawn as several pieces (a letter and its index): the first speaks for all
    const before = part.previousElementSibling;
    const continues = before?.classList.contains("gs-symbol") && before.dataset.said === text;
    part.classList.add("gs-symbol");
    part.dataset.said = text;
    part.addEventListener("pointerenter", () => show(part, text));
    part.addEventListener("pointerleave", hide);
    if (continues) continue;
    part.tabIndex = 0;
    part.setAttribute("role", "note");
    part.setAttribute("aria-label", `${part.textContent}: ${text}`);
    part.addEventListener("focus", () => show(part, text));
    part.addEventListener("blur", hide);
  }
  // what is said aloud is in KaTeX's MathML; the drawn part is hidden from those who listen until it has something to say
  for (const drawn of root.querySelectorAll(".katex-html[aria-hidden]:has(.gs-symbol)")) drawn.removeAttribute("aria-hidden");
}

export default function symbols(component) {
  said = component.data.said;
  const style = once(STYLE, () => document.head.appendChild(document.createElement("style")));
  if (style.textContent !== LOOK) style.textContent = LOOK;
  mark(document);
  if (!watcher) {
    watcher = new MutationObserver(() => mark(document));
    watcher.observe(document.querySelector(".stMain") ?? document.body, { childList: true, subtree: true });
    addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
    // a symbol that the keyboard comes to is scrolled into view: what is said of it comes along
    addEventListener("scroll", () => (told && told === document.activeElement ? show(told, told.dataset.said) : hide()), true);
  }
  return () => {
    if (component.parentElement.isConnected) return;
    watcher?.disconnect();
    watcher = null;
    hide();
  };
}
