// The launch form: chips become a study, its size is counted as it is typed, errors stand at fields.
// What is right and what is not, the API says; nothing typed is ever thrown away.
import { root } from "./root.js";

const PLAN_MS = 350;
const TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj"];
const form = document.getElementById("panel-form");
const file = document.getElementById("file");
let due = null;
let asked = 0;

// -- values

function number(text) {
  const trimmed = text.trim();
  return trimmed !== "" && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
}

const readers = {
  text: (adder) => adder.querySelector("input").value.trim(),
  number: (adder) => number(adder.querySelector("input").value),
  layer: (adder) => number(adder.querySelector("input").value),
  adapter: (adder) => ({ ...parts(adder, ["r", "alpha"]), target_modules: TARGETS }),
  writeback: (adder) => {
    const value = parts(adder, ["alpha"]);
    return value.rule === "gate" ? value : { rule: value.rule, alpha: value.alpha };
  },
  trainability: (adder) => {
    const value = parts(adder, ["train_until", "warmup_identity"]);
    for (const key of ["train_until", "warmup_identity"]) if (value[key] === "") delete value[key];
    return value;
  },
};

const labels = {
  adapter: (value) => `${value.type} r${value.r} α${value.alpha}`,
  writeback: (value) => [value.rule, value.gate, value.alpha].filter((part) => part !== undefined).join(":"),
  trainability: (value) => value.scope
    + (value.train_until === undefined ? "" : `/until=${value.train_until}`)
    + (value.warmup_identity === undefined ? "" : `/warmup=${value.warmup_identity}`),
};

function parts(adder, numbers) {
  const found = {};
  for (const input of adder.querySelectorAll("[data-part]")) {
    found[input.dataset.part] = numbers.includes(input.dataset.part) ? number(input.value) : input.value;
  }
  return found;
}

function add(list) {
  const { kind } = list.dataset;
  const adder = list.querySelector(".adder");
  const value = readers[kind](adder);
  if (value === "") return;
  const text = JSON.stringify(value);
  if (![...list.querySelectorAll(".value")].some((chip) => chip.dataset.value === text)) {
    const chip = document.createElement("span");
    chip.className = "chip value";
    chip.dataset.value = text;
    const words = document.createElement("span");
    words.textContent = labels[kind] ? labels[kind](value) : String(value);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "remove";
    button.textContent = "×";
    button.setAttribute("aria-label", `Remove ${words.textContent}`);
    chip.append(words, button);
    list.insertBefore(chip, adder);
  }
  const input = adder.querySelector("input:not([data-part])");
  if (input) { input.value = ""; input.focus(); }
  changed();
}

function study() {
  const found = { axes: {}, design: {}, resources: {} };
  const put = (field, value) => {
    const [head, tail] = field.split(".");
    if (tail) (found[head] ??= {})[tail] = value;
    else found[head] = value;
  };
  put("name", document.getElementById("name").value.trim());
  for (const list of form.querySelectorAll("[data-chips]")) {
    put(list.dataset.chips, [...list.querySelectorAll(".value")].map((chip) => JSON.parse(chip.dataset.value)));
  }
  for (const list of form.querySelectorAll("[data-toggles]")) {
    put(list.dataset.toggles, [...list.querySelectorAll('[aria-pressed="true"]')].map((chip) => chip.dataset.value));
  }
  if (found.benchmarks.length === 1 && !found.benchmarks[0].includes("_")) [found.benchmarks] = found.benchmarks;
  for (const [id, field] of Object.entries({
    max_runs: "design.max_runs", design_seed: "design.seed", null_seed: "null_runs.seed",
    null_sham: "null_runs.sham", null_jitter: "null_runs.jitter", workers: "resources.workers", max_steps: "training.max_steps",
  })) {
    const value = number(document.getElementById(id).value);
    if (value !== "") put(field, value);
  }
  put("design.sampler", document.getElementById("sampler").value);
  return found;
}

// -- what it comes to

function changed() {
  clearTimeout(due);
  due = setTimeout(plan, PLAN_MS);
}

async function content() {
  if (!form.hidden) return study();
  const answer = await fetch(`${root}/launch/read`, { method: "POST", headers: { "Content-Type": "text/plain" }, body: file.value });
  const found = await answer.json();
  if (!answer.ok) throw { detail: found.detail };
  return found.study;
}

async function plan() {
  const mine = ++asked;
  const empty = form.hidden ? !file.value.trim() : !document.getElementById("name").value.trim();
  if (empty) {
    forget();
    show(null);
    document.getElementById("cost").textContent = form.hidden ? "Paste a study file, or open one." : "Give the study a name.";
    return;
  }
  document.getElementById("cost").textContent = "Counting …";
  try {
    const answer = await send("/api/v1/studies/plan", await content());
    if (mine !== asked) return;
    forget();
    show(answer);
  } catch (problem) {
    if (mine !== asked) return;
    show(null);
    complain(problem);
  }
}

async function send(address, body) {
  let answer;
  try {
    answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  } catch {
    throw { detail: "The service does not answer; try again." };
  }
  const found = await answer.json();
  if (!answer.ok) throw found;
  return found;
}

function show(found) {
  for (const place of document.querySelectorAll("[data-plan]")) {
    place.textContent = found ? found[place.dataset.plan].toLocaleString("en") : "–";
  }
  document.getElementById("power").textContent = found ? power(found) : "";
  if (!found) { document.getElementById("cost").textContent = ""; return; }
  const { estimate } = found;
  document.getElementById("cost").textContent = estimate
    ? `About ${duration(estimate.wall_s)} (${duration(estimate.cpu_s)} of CPU), at ${estimate.seconds_per_run.toFixed(1)} s a run as in ${estimate.based_on.runs} earlier runs of ${estimate.based_on.studies.slice(0, 3).join(", ")}.`
    : "Cost unknown: no run of this backbone on these benchmarks yet.";
}

function power({ power, notes }) {
  const rate = power.rate === null
    ? `No G1 rate can be tested: ${power.reason}.`
    : `With 80% power it tells a G1 rate of ${Math.round(100 * power.rate)}% from chance.`;
  const deltas = Object.entries(power.delta_by_benchmark)
    .map(([name, delta]) => `${name} ${delta === null ? "none" : `${delta.toFixed(1)} pp`}`);
  const seeds = Object.entries(power.confirmation_seeds).map(([pp, number]) => `${number} for ${pp} pp`);
  return `${rate} Smallest delta of one run: ${deltas.join(", ")}. Seeds of a confirmation: ${seeds.join(", ")}. ${notes.map((note) => `${note}.`).join(" ")}`;
}

function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  const hours = seconds / 3600;
  return hours < 48 ? `${hours.toFixed(1)} h` : `${(hours / 24).toFixed(1)} days`;
}

// -- errors, at their fields

function forget() {
  for (const note of document.querySelectorAll(".launch .error")) note.hidden = true;
  for (const field of form.querySelectorAll(".field.wrong")) field.classList.remove("wrong");
}

function complain(problem) {
  forget();
  const named = problem.errors?.[0]?.where?.replace(/^body\./, "");
  const where = named || /^[a-z_]+(\.\w+)*/.exec(problem.detail || "")?.[0] || "";
  const field = form.hidden ? document.querySelector("#panel-file .field") : fieldOf(where);
  const note = field?.querySelector(".error") || document.getElementById("plan-error");
  note.textContent = problem.detail || "This cannot be launched.";
  note.hidden = false;
  field?.classList.add("wrong");
}

function fieldOf(where) {
  const words = where.split(".");
  for (let length = words.length; length > 0; length -= 1) {
    const found = form.querySelector(`[data-field="${CSS.escape(words.slice(0, length).join("."))}"]`);
    if (found) return found;
  }
  return null;
}

async function launch(button) {
  button.disabled = true;
  clearTimeout(due);
  asked += 1;
  try {
    const answer = await send("/api/v1/studies", await content());
    location.assign(`${root}/studies/${encodeURIComponent(answer.name)}`);
  } catch (problem) {
    complain(problem);
    document.querySelector(".launch .error:not([hidden])")?.scrollIntoView({ block: "center" });
    button.disabled = false;
  }
}

// -- hands

document.addEventListener("click", (event) => {
  const { target } = event;
  if (target.matches(".remove")) {
    const list = target.closest("[data-chips]");
    target.closest(".value").remove();
    list.querySelector(".adder input, .adder select").focus();
    changed();
  } else if (target.matches("[data-add]")) {
    add(target.closest("[data-chips]"));
  } else if (target.closest("[data-toggles] .chip")) {
    const chip = target.closest(".chip");
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
    changed();
  } else if (target.id === "launch") {
    launch(target);
  } else if (target.matches('.launch [role="tab"]')) {
    choose(target);
  }
});

document.addEventListener("keydown", (event) => {
  const { target } = event;
  if (event.key === "Enter" && target.matches("#panel-form input")) {
    event.preventDefault();
    const list = target.closest("[data-chips]");
    if (list) add(list);
  } else if (target.matches('.launch [role="tab"]') && ["ArrowRight", "ArrowLeft"].includes(event.key)) {
    const other = [...document.querySelectorAll('.launch [role="tab"]')].find((tab) => tab !== target);
    choose(other);
    other.focus();
  }
});

document.addEventListener("input", changed);
form.addEventListener("submit", (event) => event.preventDefault());

// A value that is typed and not yet added counts as soon as the hand moves on.
form.addEventListener("focusout", (event) => {
  const list = event.target.closest("[data-chips]");
  if (!list || list.contains(event.relatedTarget) || event.target.matches("[data-part]")) return;
  if (event.target.matches(".adder input") && event.target.value.trim()) {
    const { relatedTarget } = event;
    add(list);
    relatedTarget?.focus();
  }
});

function choose(tab) {
  for (const one of document.querySelectorAll('.launch [role="tab"]')) {
    const isChosen = one === tab;
    one.setAttribute("aria-selected", String(isChosen));
    one.tabIndex = isChosen ? 0 : -1;
    document.getElementById(one.getAttribute("aria-controls")).hidden = !isChosen;
  }
  plan();
}

document.getElementById("upload").addEventListener("change", async (event) => {
  const [chosen] = event.target.files;
  if (chosen) file.value = await chosen.text();
  event.target.value = "";
  plan();
});

document.documentElement.dataset.ready = "true";
