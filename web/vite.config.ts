import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    // Browsers that know light-dark() and OKLCH, so that one table of tokens stays one table.
    target: ["chrome123", "edge123", "firefox120", "safari17.5"],
    // These browsers preload modules by themselves.
    modulePreload: { polyfill: false },
    // The page is served under a policy without data: URLs.
    assetsInlineLimit: 0,
    // The list of files and what they import is what scripts/sizes.mjs measures.
    manifest: true,
    // xterm with its addons is one file, loaded with the first terminal; scripts/sizes.mjs watches it.
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What every page needs comes as one file: many small ones compress worse than they share.
          groups: [
            {
              name: "base",
              test: /node_modules\/(?:react|react-dom|scheduler|@tanstack\/(?!react-virtual|virtual-core|.*[qQ]ueries(?:Observer)?\.js)[^/]+|openapi-fetch)\//,
            },
            {
              name: "shared",
              test: /src\/(?:api\/(?!bytes|send|onceKey)|queries\/(?!runActions|screens|account|entrance|terminals|files|watch|ports|contents|git|attention|access|vendorKeys)|ui\/(?!Menu|media|pictures|sizes|browser|Dialog|Panel|Crumbs|BoardPicture|ShellHint|focusBack|Narrow|form|Field|Secret|Lifetime|Choice|Code|Listed))/,
            },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      "/api": { target: "http://localhost:8080", changeOrigin: false },
      "/stream": { target: "ws://localhost:8080", ws: true },
    },
  },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"], environment: "node", restoreMocks: true },
});
