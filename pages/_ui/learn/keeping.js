// The browser's side of the learner's progress. What is here is told to the server, which reads it with care and answers with what both know;
// only what it has heard is written over. Other tabs write here, too.

const KEY = "gan-playground.learn";
const LONGEST = 32000;

function stored() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return null; // not allowed: the progress lasts as long as the tab
  }
}

let wrote = null; // by this tab, as this session of the server said it: that one knows it

function store(text, session) {
  wrote = { text, session };
  try {
    if (text) localStorage.setItem(KEY, text);
    else localStorage.removeItem(KEY);
  } catch {
    // full, or not allowed
  }
}

function settle(component) {
  const here = stored();
  const { progress, heard, session } = component.data;
  const known = here === heard || (here === wrote?.text && session === wrote.session); // a server that began anew knows nothing
  if (here === null || here === progress) return;
  if (known || here === "" || here.length > LONGEST) store(progress, session);
  else component.setStateValue("kept", here);
}

export default function keeping(component) {
  const host = component.parentElement;
  host.ganKeeping ??= {};
  host.ganKeeping.component = component;
  settle(component);
  if (!host.ganKeeping.listens) {
    host.ganKeeping.listens = (event) => { if (event.key === KEY || event.key === null) settle(host.ganKeeping.component); };
    addEventListener("storage", host.ganKeeping.listens);
  }
  return () => {
    if (host.isConnected) return;
    removeEventListener("storage", host.ganKeeping.listens);
    host.ganKeeping.listens = null;
  };
}
