// The page of a run: its loss curve, and items in place; arrow keys go from tab to tab.
import { redraw } from "./figures.js";
import { onSwap, swap } from "./swap.js";

document.addEventListener("keydown", async (event) => {
  const tab = event.target.closest('[role="tab"]');
  const step = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
  if (!tab || step === undefined) return;
  event.preventDefault();
  const tabs = [...tab.parentElement.querySelectorAll('[role="tab"]')];
  const at = tabs.indexOf(tab);
  const to = Number.isFinite(step) ? (at + step + tabs.length) % tabs.length : step > 0 ? tabs.length - 1 : 0;
  tabs[to].focus();
  await swap(tabs[to].href, { push: true });
});

onSwap(() => redraw());
document.documentElement.dataset.ready = "true";
