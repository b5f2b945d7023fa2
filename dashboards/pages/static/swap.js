// Pages change in place: a link's page is fetched and its regions take the place of ours.
// Owns: fetching, replacing what differs, history, focus. The server renders; nothing is made here.

const listeners = new Set();
let asked = 0;
let going = null;

export function onSwap(listener) { listeners.add(listener); }

export async function refresh() { return swap(location.href, { quiet: true }); }

export async function swap(href, { push = false, quiet = false } = {}) {
  if (quiet && going) return false; // what the reader asked for comes first, and brings the news
  going?.abort();
  const mine = ++asked;
  const control = new AbortController();
  if (!quiet) going = control;
  let text;
  try {
    const answer = await fetch(href, { headers: { Accept: "text/html" }, signal: control.signal });
    if (answer.redirected && new URL(answer.url).pathname === "/sign-in") {
      location.assign(answer.url);
      return false;
    }
    text = await answer.text();
    if (!answer.ok && !quiet) { location.assign(href); return false; }
    if (!answer.ok) return false;
  } catch {
    return false;
  } finally {
    if (going === control) going = null;
  }
  if (mine !== asked) return false;
  const page = new DOMParser().parseFromString(text, "text/html");
  if (push) history.pushState(null, "", href);
  replaceRegions(page);
  for (const listener of listeners) listener(page);
  return true;
}

function replaceRegions(page) {
  for (const region of document.querySelectorAll("main [data-region][id]")) {
    const fresh = page.getElementById(region.id);
    if (!fresh || fresh.outerHTML === region.dataset.was || region.isEqualNode(fresh)) continue;
    const focused = region.contains(document.activeElement) ? keyOf(document.activeElement) : null;
    const known = new Set([...region.querySelectorAll("[data-key]")].map((row) => row.dataset.key + row.dataset.runState));
    const scrolled = [...region.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
    region.replaceWith(fresh);
    [...fresh.querySelectorAll(".scroll")].forEach((box, at) => { box.scrollLeft = scrolled[at] || 0; });
    if (known.size) {
      for (const row of fresh.querySelectorAll("[data-key]")) {
        if (!known.has(row.dataset.key + row.dataset.runState)) row.classList.add("fresh");
      }
    }
    if (focused) [...fresh.querySelectorAll("a, button")].find((one) => keyOf(one) === focused)?.focus();
  }
}

function keyOf(element) {
  return [element.tagName, element.dataset.chip, element.dataset.value, element.textContent.trim()].join("|");
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  swap(link.href, { push: true });
});

window.addEventListener("popstate", () => swap(location.href));
