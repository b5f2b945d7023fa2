// The Mechanism tab: figures, items in place, and the page keeps up while analyses are under way.
import { redraw } from "./figures.js";
import { onSwap, refresh } from "./swap.js";

const LIVE_MS = 2000;
const stands = () => document.getElementById("stands").dataset;
const { done } = stands();
let due = null;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-analyse]");
  if (!button) return;
  const note = button.parentElement.querySelector(".error");
  button.disabled = true;
  try {
    const answer = await fetch(button.dataset.action, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ analyses: button.dataset.analyse.split(" ") }),
    });
    if (answer.ok) { await refresh(); return; }
    note.textContent = (await answer.json()).detail;
  } catch {
    note.textContent = "The service does not answer; try again.";
  }
  note.hidden = false;
  button.disabled = false;
});

// Only while an analysis is queued or under way: nothing else changes this page.
function watch() {
  if (stands().waiting === "true") due ??= setTimeout(keepUp, LIVE_MS);
}

async function keepUp() {
  due = null;
  if (!document.hidden) await refresh();
  if (stands().done === done) watch();
  else location.reload();
}

onSwap(() => { redraw(); watch(); });
watch();
document.documentElement.dataset.ready = "true";
