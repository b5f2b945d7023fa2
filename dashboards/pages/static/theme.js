// Which colours: the reader's choice if there is one, else the system's. Runs before the first paint.
(function () {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  function stored() {
    try { return localStorage.getItem("theme"); } catch { return null; }
  }
  function apply() {
    root.dataset.theme = stored() || (dark.matches ? "dark" : "light");
    window.dispatchEvent(new Event("themechange"));
  }
  apply();
  dark.addEventListener("change", apply);
  document.addEventListener("click", function (event) {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const next = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", next); } catch { /* not kept */ }
    root.dataset.theme = next;
    window.dispatchEvent(new Event("themechange"));
  });
})();
