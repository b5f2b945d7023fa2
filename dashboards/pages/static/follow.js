// A study's events: whoever asks is told, at most so often, that something happened.
import { root } from "./root.js";

const KINDS = [
  "study_started", "run_started", "cell_scored", "cell_bounded", "run_finished",
  "run_scored", "run_failed", "run_requeued", "analysis_finished", "study_finished",
];

export function follow(study, { after, everyMs, moved }) {
  let last = after;
  let due = null;
  let lastCall = 0;
  let source = null;

  function tell() {
    due = null;
    lastCall = Date.now();
    moved();
  }

  function heard(event) {
    if (event.lastEventId) last = event.lastEventId;
    due ??= setTimeout(tell, Math.max(100, lastCall + everyMs - Date.now()));
  }

  function listen() {
    source?.close();
    source = new EventSource(`${root}/api/v1/studies/${encodeURIComponent(study)}/events?after=${last}`);
    for (const kind of KINDS) source.addEventListener(kind, heard);
  }

  listen();
  window.addEventListener("pagehide", () => source.close());
  return { again: listen };
}
