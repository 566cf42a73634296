// Runs before the first paint, so that a light page never flashes dark. A file, because the page allows no inline script.
try {
  const theme = localStorage.getItem("aether.theme");
  if (theme === "light" || theme === "system") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the page is dark then.
}
