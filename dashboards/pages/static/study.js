// The page of a study: live rows and numbers, filters in place, figures as they come into view.
import "./dialogs.js";
import { redraw } from "./figures.js";
import { follow } from "./follow.js";
import { onSwap, refresh } from "./swap.js";

const ROWS_MS = 1000;
const FIGURES_MS = 5000;
const OVER_MS = 15000; // a study that is over has no events; somebody may resume it elsewhere

const { study, lastEvent } = document.getElementById("study").dataset;
let due = null;

function moved() {
  refresh();
  due ??= setTimeout(() => { due = null; redraw({ again: true }); }, FIGURES_MS);
}

const followed = follow(study, { after: lastEvent, everyMs: ROWS_MS, moved });
window.addEventListener("studymoved", followed.again);
onSwap(() => redraw());

const isOver = () => !["queued", "running"].includes(document.getElementById("head").dataset.state);
setInterval(async () => {
  if (document.hidden || !isOver()) return;
  await refresh();
  if (!isOver()) followed.again();
}, OVER_MS);
document.documentElement.dataset.ready = "true";
