// The way back: a click on what leads to another page with a query (a run's, say) first gives the page that is left that query, as an entry of its
// own in the browser's history, and only then goes to the other page. Back would lead to that halfway entry, where the run that was shown is
// gone. So the entry of the other page takes the place of the halfway one.

class Trail {
  constructor() {
    this.here(); // the query that the present entry has without anything that a person did since: what goes on from it takes its place
    for (const name of ["pointerdown", "keydown"]) addEventListener(name, () => (this.halfway = null), true);
    addEventListener("popstate", () => this.here());
    const push = history.pushState.bind(history);
    history.pushState = (state, title, url) => {
      const to = new URL(url ?? location.href, location.href);
      const follows = this.halfway !== null && isPartOf(this.halfway, to.searchParams);
      this.halfway = to.searchParams;
      return follows ? history.replaceState(state, title, url) : push(state, title, url);
    };
  }

  here() {
    this.halfway = new URLSearchParams(location.search);
  }
}

/** Whether all that one query says stands in another. */
function isPartOf(part, whole) {
  return [...part].every(([name, value]) => whole.getAll(name).includes(value));
}
