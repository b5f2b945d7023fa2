// The list of studies keeps itself up to date while it is looked at.
import { refresh } from "./swap.js";

const FAST_MS = 2000;
const SLOW_MS = 10000;

async function keepUp() {
  if (!document.hidden) await refresh();
  setTimeout(keepUp, document.getElementById("studies").dataset.live === "true" ? FAST_MS : SLOW_MS);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
setTimeout(keepUp, FAST_MS);
document.documentElement.dataset.ready = "true";
