// The path under which a proxy serves the pages; empty where they are at the root.
export const root = document.documentElement.dataset.root || "";
