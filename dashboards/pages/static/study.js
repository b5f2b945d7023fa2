// The page of a study: live rows and numbers, filters in place, figures as they come into view.
import "./dialogs.js";
import { follow } from "./follow.js";
import { refresh } from "./swap.js";

const ROWS_MS = 700;

const { study, lastEvent } = document.getElementById("study").dataset;
const followed = follow(study, { after: lastEvent, everyMs: ROWS_MS, moved: refresh });
window.addEventListener("studymoved", followed.again);
document.documentElement.dataset.ready = "true";
