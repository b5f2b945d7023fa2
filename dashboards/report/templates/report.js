// Draws every figure of the report, and fits it to the page before it is printed.
const plots = [...document.querySelectorAll("[data-figure]")];
for (const plot of plots) {
  const drawn = JSON.parse(document.getElementById(plot.dataset.figure).textContent);
  Plotly.newPlot(plot, drawn.data, drawn.layout, CONFIG);
}
const PRINTED_WIDTH_PX = 680;
window.addEventListener("beforeprint", () => {
  for (const plot of plots) Plotly.relayout(plot, { autosize: false, width: PRINTED_WIDTH_PX });
});
window.addEventListener("afterprint", () => {
  for (const plot of plots) Plotly.relayout(plot, { autosize: true, width: null });
});
