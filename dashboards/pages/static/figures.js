// Figures: fetched and drawn when they come into view, again when filters, theme or the study change.
// A click on a mark filters by what it stands for, or opens its run.
import { root } from "./root.js";
import { swap } from "./swap.js";

const CONFIG = { responsive: true, displaylogo: false, displayModeBar: false };
const figures = [...document.querySelectorAll("[data-figure]")];
const inView = new Set();
const drawn = new Map();

const library = new Promise((resolve) => {
  const script = document.getElementById("plotly");
  if (window.Plotly) resolve(window.Plotly);
  else script?.addEventListener("load", () => resolve(window.Plotly));
});

const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting) inView.add(entry.target);
    else inView.delete(entry.target);
  }
  redraw();
}, { rootMargin: "200px" });

export function redraw({ again = false } = {}) {
  if (again) drawn.clear();
  for (const figure of inView) {
    const address = addressOf(figure);
    if (drawn.get(figure) === address) continue;
    drawn.set(figure, address);
    draw(figure, address);
  }
}

function addressOf(figure) {
  const query = new URLSearchParams(location.search);
  for (const key of ["sort", "cursor", "g1", "kind", "state"]) query.delete(key);
  query.set("theme", document.documentElement.dataset.theme);
  return `${figure.dataset.base || location.pathname}/figures/${figure.dataset.figure}.json?${query}`;
}

async function draw(figure, address) {
  const plot = figure.querySelector(".plot");
  try {
    const answer = await fetch(address);
    const content = await answer.json();
    if (!answer.ok) throw new Error(content.detail);
    const Plotly = await library;
    if (drawn.get(figure) !== address) return;
    plot.querySelector(".waiting")?.remove();
    const layout = { ...content.layout, autosize: true, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };
    plot.classList.toggle("broad", Boolean(layout.meta?.min_width));
    await Plotly.react(plot, content.data, layout, CONFIG);
    if (drawn.get(figure) !== address) return; // asked for in another theme meanwhile
    plot.classList.add("drawn"); // from now on as tall as what is drawn
    figure.dataset.drawn = address;
    figure.querySelector(".notes").textContent = (content.layout.meta?.notes || []).join(" ");
    if (!plot.dataset.heard) {
      plot.dataset.heard = "true";
      plot.on("plotly_click", (event) => clicked(event.points[0]));
      plot.on("plotly_afterplot", () => scalable(plot));
      scalable(plot);
    }
  } catch (error) {
    if (drawn.get(figure) === address) drawn.delete(figure);
    const note = plot.querySelector(".waiting") || figure.querySelector(".notes");
    note.textContent = `This figure cannot be drawn: ${error.message}`;
  }
}

// With a viewBox of its own size a layer looks the same, and a narrower sheet of paper can shrink it.
function scalable(plot) {
  for (const layer of plot.querySelectorAll(".main-svg")) {
    const { width, height } = layer;
    layer.setAttribute("viewBox", `0 0 ${width.baseVal.value} ${height.baseVal.value}`);
  }
}

function clicked(point) {
  const run = [point.customdata].flat().find((value) => /^[0-9a-f]{16}$/.test(value));
  if (run) { location.assign(`${root}/runs/${run}`); return; }
  const words = wordsOf(point);
  const chip = [...document.querySelectorAll("a[data-chip]")].find((one) => words.some((word) => isOf(word, one)));
  if (chip) swap(chip.href, { push: true });
}

// What a mark is called, each word with the title of the axis that it stands at.
function wordsOf(point) {
  const texts = [[point.data.name], [point.label]];
  for (const [axis, value] of [[point.xaxis, point.x], [point.yaxis, point.y]]) {
    const at = axis?.tickvals ? [...axis.tickvals].indexOf(value) : -1;
    texts.push([at >= 0 ? axis.ticktext[at] : value, axis?.title?.text]);
  }
  return texts.filter(([text]) => text !== undefined && text !== null)
    .flatMap(([text, title]) => [String(text), ...String(text).split(/<br>|\s/)].map((word) => ({ word, title })));
}

// A number is a value of the axis that is called so: 2 may be a layer, a number of slots, or a height.
function isOf({ word, title }, chip) {
  if (chip.dataset.value !== word) return false;
  if (Number.isNaN(Number(word))) return true;
  const named = chip.closest(".chip-row").querySelector(".chip-title").textContent;
  return named.toLowerCase() === title?.toLowerCase();
}

for (const figure of figures) watcher.observe(figure);
window.addEventListener("themechange", () => redraw());
