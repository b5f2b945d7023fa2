// The page of a study: live rows and numbers, filters in place, figures as they come into view.
import "./dialogs.js";
import { redraw } from "./figures.js";
import { follow } from "./follow.js";
import { onSwap, refresh } from "./swap.js";

const ROWS_MS = 700;
const FIGURES_MS = 5000;

const { study, lastEvent } = document.getElementById("study").dataset;
let due = null;

function moved() {
  refresh();
  due ??= setTimeout(() => { due = null; redraw({ again: true }); }, FIGURES_MS);
}

const followed = follow(study, { after: lastEvent, everyMs: ROWS_MS, moved });
window.addEventListener("studymoved", followed.again);
onSwap(() => redraw());
document.documentElement.dataset.ready = "true";
